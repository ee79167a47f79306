/**
 * How many messages wait for the actors of a tree: looked at when somebody scrapes, never in between.
 */
import { Histogram } from '../../actor/histogram.ts';
import type { Process } from '../../actor/process.ts';
import { childrenOf } from '../../actor/tree.ts';

/** Actors looked at: that many take a scrape some tens of milliseconds, in slices. */
const ACTORS = 100_000;
/** Actors in one step. */
const STEP = 64;

const LENGTHS: readonly number[] = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000, 16_384];

export interface MailboxSample {
  readonly actors: number;
  /** Messages waiting for the one that has most. */
  readonly longest: number;
}

export class Mailboxes {
  /** Grows by one per actor and scrape, so that differences between scrapes are what they should be. */
  readonly lengths: Histogram = new Histogram(LENGTHS);

  /** Looks at all actors below `root` and at itself, in steps: who dies between two of them may be missing. */
  *look(root: Process | undefined): Generator<undefined, MailboxSample> {
    let actors = 0;
    let longest = 0;
    const open: Process[] = root === undefined ? [] : [root];
    for (let at = open.pop(); at !== undefined && actors < ACTORS; at = open.pop()) {
      if (!at.alive) continue;
      const { queued } = at;
      actors++;
      this.lengths.observe(queued);
      if (queued > longest) longest = queued;
      // all at once: the list of siblings does not survive a death
      for (const child of childrenOf(at)) {
        if (actors + open.length >= ACTORS) break;
        open.push(child);
      }
      if (actors % STEP === 0) yield;
    }
    return { actors, longest };
  }
}
