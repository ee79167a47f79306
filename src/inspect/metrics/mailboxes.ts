/**
 * How many messages wait for the actors of a tree: looked at when somebody scrapes, never in between.
 */
import { Histogram } from '../../actor/histogram.ts';
import type { Process } from '../../actor/process.ts';

/** Actors looked at: a few milliseconds. */
const ACTORS = 100_000;

const LENGTHS: readonly number[] = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000, 16_384];

export interface MailboxSample {
  readonly actors: number;
  /** Messages waiting for the one that has most. */
  readonly longest: number;
}

export class Mailboxes {
  /** Grows by one per actor and scrape, so that differences between scrapes are what they should be. */
  readonly lengths: Histogram = new Histogram(LENGTHS);

  /** Looks at all actors below `root` and at itself. */
  sample(root: Process | undefined): MailboxSample {
    let actors = 0;
    let longest = 0;
    let at = root?.alive === true ? root : null;
    while (at !== null && actors < ACTORS) {
      const { queued } = at;
      actors++;
      this.lengths.observe(queued);
      if (queued > longest) longest = queued;
      at = next(at, root!);
    }
    return { actors, longest };
  }
}

/** Depth first, along the lists of the tree: nothing is allocated. */
function next(from: Process, root: Process): Process | null {
  if (from.firstChild !== null) return from.firstChild;
  for (let at: Process | null = from; at !== null && at !== root; at = at.parentProcess)
    if (at.nextSibling !== null) return at.nextSibling;
  return null;
}
