/**
 * What a runtime counts: always on, as additions (INSPECTOR §6).
 *
 * How long messages wait and take is known of one message in `EVERY`: to look at the clock for each would cost more
 * than to handle it.
 */
import { types } from 'node:util';
import type { ExitReason } from './exit-reason.ts';
import { DURATIONS, Histogram } from './histogram.ts';
import type { Process } from './process.ts';

/** Messages for each of them that is timed. */
const EVERY = 128;
/** Milliseconds after which nobody waits for the turn of a timed message: it counts as what it has waited. */
const LONGEST = 10_000;

/** How an actor crashed: by an error, by another reason, by a kill in the middle of a call, or its thread had no memory. */
export type CrashKind = 'error' | 'exit' | 'killed' | 'oom';

/** The reason of a thread that had no memory left (`isolation/thread.ts`). */
const OUT_OF_MEMORY = 'worker_oom';

export class Tally {
  /** Crash reports made, or not made because nobody hears them. */
  readonly crashes: Record<CrashKind, number> = { error: 0, exit: 0, killed: 0, oom: 0 };
  /** Restarts that supervisors have begun, by strategy. */
  readonly restarts: Record<'oneForOne' | 'oneForAll' | 'restForOne', number> = {
    oneForOne: 0,
    oneForAll: 0,
    restForOne: 0,
  };
  /** Messages sent to actors that were gone, and those that waited when their actor ended. Calls are none. */
  deadLetters = 0;
  /** Milliseconds from the mailbox to the turn of the actor, of messages that were timed. */
  readonly waits: Histogram = new Histogram(DURATIONS);
  /** Milliseconds an actor had for such a message, until its callback returned. */
  readonly turns: Histogram = new Histogram(DURATIONS);
  /** Messages until the next one is timed. Only the kernel writes it. */
  untimed = 1;
  /** Whose message is timed. */
  timed: Process | null = null;
  /** How many it will have handled before, and when it was queued. */
  #place = 0;
  #since = 0;

  crashed(reason: ExitReason): void {
    if (reason === 'killed') this.crashes.killed++;
    else if (reason === OUT_OF_MEMORY) this.crashes.oom++;
    else if (types.isNativeError(reason)) this.crashes.error++;
    else this.crashes.exit++;
  }

  /** The message that is about to be queued may be timed. */
  time(process: Process, now: number): void {
    this.untimed = EVERY;
    if (this.timed?.alive === true) {
      if (now - this.#since < LONGEST) return;
      this.waits.observe(now - this.#since);
    }
    this.timed = process;
    this.#place = process.received;
    this.#since = now;
  }

  /** The actor whose message is timed had a turn, in which it handled `count` messages. */
  ran(process: Process, count: number, began: number, now: number): void {
    if (process.handled > this.#place) {
      this.waits.observe(Math.max(0, began - this.#since));
      this.turns.observe((now - began) / count);
      this.timed = null;
    } else if (process.queued === 0) this.timed = null; // it was taken back
  }
}
