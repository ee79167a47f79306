/**
 * What a runtime counts: always on, as additions (INSPECTOR §6).
 *
 * How long actors wait for their turn and what they do with it is known of one turn for `EVERY` messages: to look at the
 * clock for each would cost more than to handle them.
 */
import { types } from 'node:util';
import type { ExitReason } from './exit-reason.ts';
import { DURATIONS, Histogram } from './histogram.ts';
import { Status, type Process } from './process.ts';

/** Messages for each turn that is timed. */
export const EVERY = 256;
/** Milliseconds after which a turn that is not over counts as it is, and another one is timed. */
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
  /** Milliseconds from when an actor was ready to its turn, of turns that were timed. */
  readonly waits: Histogram = new Histogram(DURATIONS);
  /** Milliseconds that a message took in such a turn, what its callback awaited included. */
  readonly turns: Histogram = new Histogram(DURATIONS);
  /** Whose turn is timed. */
  timed: Process | null = null;
  /** When it was ready, and since when it waits for what its callback awaits. */
  #since = 0;
  #began: number | undefined;

  crashed(reason: ExitReason): void {
    if (reason === 'killed') this.crashes.killed++;
    else if (reason === OUT_OF_MEMORY) this.crashes.oom++;
    else if (types.isNativeError(reason)) this.crashes.error++;
    else this.crashes.exit++;
  }

  /** The turn of an actor that has just become ready is timed. False while another one's is not over. */
  time(process: Process, now: number): boolean {
    if (this.timed?.alive === true && this.#began !== undefined) {
      if (now - this.#began < LONGEST) return false;
      this.turns.observe(now - this.#began);
    }
    this.timed = process;
    this.#since = now;
    this.#began = undefined;
    return true;
  }

  /** It had its turn, from `began` until now, in which it handled `count` messages. */
  ran(process: Process, count: number, began: number, now: number): void {
    this.waits.observe(Math.max(0, began - this.#since));
    if (process.status === Status.waiting) this.#began = began;
    else {
      // what it was to do may have been taken back
      if (count > 0) this.turns.observe((now - began) / count);
      this.timed = null;
    }
  }

  /** What it awaited has come. */
  settled(now: number): void {
    if (this.#began !== undefined) this.turns.observe(now - this.#began);
    this.timed = null;
  }
}
