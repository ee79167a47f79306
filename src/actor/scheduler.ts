/**
 * Runs ready processes, fairly: to each others, and to the timers and sockets of the event loop.
 *
 * One microtask drains the run queue. A process gives way after a slice of messages; the drain gives way
 * after a budget per event-loop turn and goes on in the next one (OTP §6). Under a virtual clock the budget
 * counts messages only, so that runs repeat.
 */
import type { Clock } from './clock.ts';
import { Status, type Process } from './process.ts';
import { runQueue, type RunQueue, type RunQueuePolicy } from './run-queue.ts';

export interface Budget {
  /** Messages one process handles before the next one runs. Default 256. */
  readonly slice: number;
  /** Messages handled before the event loop gets a turn. Default 20,000. */
  readonly messages: number;
  /** Milliseconds before the event loop gets a turn; Infinity in simulation. Default 4. */
  readonly milliseconds: number;
}

export const DEFAULT_BUDGET: Budget = { slice: 256, messages: 20_000, milliseconds: 4 };

/** Messages between two looks at the clock. */
const CLOCK_EVERY = 512;

/** What the scheduler tells the kernel. */
export interface Outcomes {
  /** A callback threw or rejected. */
  crashed(process: Process, error: unknown): void;
}

export class Scheduler {
  /** The process whose callback runs synchronously right now. */
  current: Process | null = null;
  /** Times the drain gave way to the event loop. */
  yields = 0;
  readonly #clock: Clock;
  readonly #budget: Budget;
  readonly #outcomes: Outcomes;
  readonly #queue: RunQueue<Process>;
  readonly #drain = (): void => {
    this.#run();
  };
  readonly #resume = (): void => {
    this.#spent = 0;
    this.#turnStart = this.#clock.now();
    this.#run();
  };
  readonly #newTurn = (): void => {
    this.#turnKnown = false;
  };
  #draining = false;
  #turnKnown = false;
  #turnStart = 0;
  #spent = 0;
  #nextLook = CLOCK_EVERY;

  constructor(clock: Clock, policy: RunQueuePolicy, budget: Budget, outcomes: Outcomes) {
    this.#clock = clock;
    this.#budget = budget;
    this.#outcomes = outcomes;
    this.#queue = runQueue(policy);
  }

  /** An idle process has something to do. */
  ready(process: Process): void {
    process.status = Status.queued;
    this.#queue.push(process);
    if (this.#draining) return;
    this.#draining = true;
    this.#clock.soon(this.#drain);
  }

  /** After a callback's promise settled, or a start completed. */
  release(process: Process): void {
    if (hasWork(process)) this.ready(process);
    else process.status = Status.idle;
  }

  #run(): void {
    if (!this.#turnKnown) {
      this.#turnKnown = true;
      this.#spent = 0;
      this.#nextLook = CLOCK_EVERY;
      this.#turnStart = this.#clock.now();
      this.#clock.later(this.#newTurn);
    }
    const queue = this.#queue;
    while (queue.size > 0) {
      if (this.#overBudget()) {
        this.yields++;
        this.#clock.later(this.#resume);
        return;
      }
      const process = queue.take();
      if (process.status === Status.queued) this.#slice(process);
    }
    this.#draining = false;
  }

  #overBudget(): boolean {
    if (this.#spent >= this.#budget.messages) {
      this.#nextLook = CLOCK_EVERY;
      return true;
    }
    if (this.#spent < this.#nextLook || this.#budget.milliseconds === Infinity) return false;
    this.#nextLook = this.#spent + CLOCK_EVERY;
    if (this.#clock.now() - this.#turnStart <= this.#budget.milliseconds) return false;
    this.#nextLook = CLOCK_EVERY;
    return true;
  }

  #slice(process: Process): void {
    process.status = Status.running;
    const behavior = process.behavior;
    let left = this.#budget.slice;
    this.current = process;
    while (left > 0) {
      const box =
        process.urgent !== null && process.urgent.length > 0
          ? process.urgent
          : process.suspended
            ? null
            : process.mailbox;
      if (box === null || box.length === 0) break;
      left--;
      const kind = box.peek();
      const message = box.take();
      process.handled++;
      let result: void | PromiseLike<void>;
      try {
        result = behavior.receive(kind, message, process);
      } catch (error) {
        this.current = null;
        this.#spent += this.#budget.slice - left;
        this.#outcomes.crashed(process, error);
        return;
      }
      if (result !== undefined) {
        this.#park(process, result);
        break;
      }
      // it died or began to stop inside its own callback
      if ((process.status as Status) !== Status.running) break;
    }
    this.current = null;
    this.#spent += this.#budget.slice - left;
    if ((process.status as Status) === Status.running) this.release(process);
  }

  #park(process: Process, result: PromiseLike<void>): void {
    if (process.status === Status.running) process.status = Status.waiting;
    Promise.resolve(result).then(
      () => {
        if (process.status === Status.waiting) this.release(process);
      },
      (error: unknown) => {
        if (process.status === Status.waiting) this.#outcomes.crashed(process, error);
      },
    );
  }
}

export function hasWork(process: Process): boolean {
  if (process.urgent !== null && process.urgent.length > 0) return true;
  return !process.suspended && process.mailbox !== null && process.mailbox.length > 0;
}
