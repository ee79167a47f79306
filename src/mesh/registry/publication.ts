/**
 * What a node has said, or is about to say, to the DHT about one procedure that it serves.
 *
 * Data, written by the advertiser; it outlives that actor, so that its successor neither says everything again nor
 * forgets what has to be taken back.
 */
import type { Process } from '../../actor/process.ts';
import type { TimerEntry } from '../../actor/timers.ts';

/** How far a record of ours is. */
export type PublicationState =
  /** On its way, or waiting for its turn. */
  | 'publishing'
  /** At least one node keeps it. */
  | 'published'
  /** The last try found nobody who would; another one comes. */
  | 'failed';

export class Publication {
  readonly procedure: string;
  state: PublicationState;
  /** Wall ms until which somebody may keep a record of ours; 0: nobody does. */
  until: number;
  /** Monotonic ms at which it is to be said again. */
  due: number;
  /** Digest of what was said last. */
  said: string;
  /** What is being said is not true any more. */
  outdated: boolean;
  /** Tries in a row that failed. */
  attempt: number;
  /** What stores it now. */
  lookup: Process | undefined;
  /** Has it said again. */
  again: TimerEntry | undefined;

  constructor(procedure: string) {
    this.procedure = procedure;
    this.state = 'publishing';
    this.until = 0;
    this.due = 0;
    this.said = '';
    this.outdated = false;
    this.attempt = 0;
    this.lookup = undefined;
    this.again = undefined;
  }
}
