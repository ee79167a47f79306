/**
 * The simulated network's events, in one order: by due time, then by the order in which they were asked for.
 *
 * All of them share one timer of the clock, so that a quiet network leaves nothing behind. What is due now
 * runs after the current synchronous work (`clock.soon`), never inside the caller. Units: ms. Throws: nothing.
 */
import type { Clock, TimerId } from '../../actor/clock.ts';
import { pop, push, type Due } from '../../actor/due-heap.ts';

/**
 * Events that run in a row before the event loop gets a turn: without it, two actors that answer each
 * other with no delay would starve every timer and socket of the process.
 */
const BURST = 1_024;

/** A future event; meaningful only to the queue that made it. */
export interface Scheduled extends Due {
  run: (() => void) | undefined;
}

export class EventQueue {
  readonly clock: Clock;
  #heap: Scheduled[] = [];
  #live = 0;
  #order = 0;
  #timer: TimerId | undefined;
  #timerAt = 0;
  #ready: (() => void)[] = [];
  #draining = false;
  #burst = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  now(): number {
    return this.clock.now();
  }

  /** Runs `run` after the current synchronous work. */
  soon(run: () => void): void {
    this.#ready.push(run);
    this.#wake();
  }

  /** Runs `run` when the clock shows `at`. */
  at(at: number, run: () => void): Scheduled {
    const event: Scheduled = { at, order: this.#order++, run };
    this.#live++;
    push(this.#heap, event);
    this.#arm();
    return event;
  }

  /** Runs `run` at `at`, or soon when that is now. Cannot be canceled. */
  when(at: number, run: () => void): void {
    if (at <= this.now()) this.soon(run);
    else this.at(at, run);
  }

  cancel(event: Scheduled): void {
    if (event.run === undefined) return;
    event.run = undefined;
    this.#live--;
    if (this.#live === 0) this.#stop();
  }

  /** Forgets every future event. */
  clear(): void {
    for (const event of this.#heap) event.run = undefined;
    this.#live = 0;
    this.#stop();
  }

  #stop(): void {
    this.#heap = [];
    if (this.#timer !== undefined) this.clock.clear(this.#timer);
    this.#timer = undefined;
  }

  #arm(): void {
    const first = this.#heap[0];
    if (first === undefined || (this.#timer !== undefined && this.#timerAt <= first.at)) return;
    if (this.#timer !== undefined) this.clock.clear(this.#timer);
    this.#timerAt = first.at;
    this.#timer = this.clock.setTimer(first.at - this.now(), () => {
      this.#timer = undefined;
      this.#fire();
    });
  }

  #fire(): void {
    const now = this.now();
    for (let first = this.#heap[0]; first !== undefined && first.at <= now; first = this.#heap[0]) {
      pop(this.#heap);
      const run = first.run;
      if (run === undefined) continue;
      first.run = undefined;
      this.#live--;
      run();
    }
    while (this.#heap[0] !== undefined && this.#heap[0].run === undefined) pop(this.#heap);
    this.#arm();
  }

  #wake(): void {
    if (this.#draining) return;
    this.#draining = true;
    if (this.#burst < BURST) {
      this.clock.soon(() => {
        this.#drain();
      });
      return;
    }
    this.#burst = 0;
    this.clock.later(() => {
      this.#drain();
    });
  }

  #drain(): void {
    const batch = this.#ready;
    this.#ready = [];
    this.#burst += batch.length;
    for (const run of batch) run();
    this.#draining = false;
    if (this.#ready.length > 0) this.#wake();
  }
}
