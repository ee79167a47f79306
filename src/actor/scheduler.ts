/**
 * Runs ready processes, fairly: to each others, and to the timers and sockets of the event loop.
 *
 * One microtask drains the run queue. A process gives way after a slice of messages; the drain gives way
 * after a budget per event-loop turn and goes on in the next one (OTP §6). Under a virtual clock the budget
 * counts messages only, so that runs repeat.
 */
import type { Clock } from './clock.ts';
import { hasWork, type Work } from './delivery.ts';
import { Kind } from './mailbox.ts';
import { Status, type Process } from './process.ts';
import { runQueue, type RunQueue, type RunQueuePolicy } from './run-queue.ts';
import { EVERY, type Tally } from './tally.ts';
import type { Turn } from './turn.ts';

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
const CLOCK_EVERY = 32;

/** Messages after which a turn that is waited for has not come: its actor was suspended. */
const NOT_COME = 10_000;

/** First callbacks within each other at most: they use the caller's stack. */
const NESTING = 8;

/** What the scheduler tells the kernel. */
interface Outcomes {
  /** A callback threw or rejected while it handled `message`, if any. */
  crashed(process: Process, error: unknown, kind?: Kind, message?: unknown): void;
}

/** Stands between the scheduler and the behaviors while somebody looks on (`sys`). */
export interface Tracer {
  /** Has the process's behavior handle the message, and looks on. */
  dispatch(kind: Kind, message: unknown, process: Process): void | PromiseLike<void>;
}

/** Whoever wants to know whose turn it is. Called at every change: it must be short and must not throw. */
export interface TurnWatch {
  /** @param process null: nobody's. */
  turn(process: Process | null): void;
}

export class Scheduler {
  /** Installed by a watchdog; null costs one comparison per turn. */
  watch: TurnWatch | null = null;
  /** As `current`, as a plain field: for the way of every message. Written here alone. */
  running: Process | null = null;
  /** Null while nobody looks on; one comparison per message. */
  tracer: Tracer | null = null;
  /** Times the drain gave way to the event loop. */
  yields = 0;
  readonly #clock: Clock;
  readonly #turn: Turn;
  readonly #budget: Budget;
  readonly #outcomes: Outcomes;
  readonly #queue: RunQueue<Process>;
  readonly #tally: Tally;
  /** Whose next turn is timed, when it began, and how many it had handled before. */
  #timed: Process | null = null;
  #began = 0;
  #handled = 0;
  /** What `#spent` is when the next one is chosen. */
  #timedFrom = 0;
  readonly #drain = (): void => {
    this.#enterTurn();
    const queue = this.#queue;
    let finished = false;
    // one function, not three: every throw of a callback collects the frames below it
    try {
      while (queue.size > 0 && !this.#overBudget()) {
        const process = queue.take();
        if (process.status !== Status.queued) continue;
        const timed = process === this.#timed;
        if (timed) this.#begins(process);
        this.#slice(process);
        if (timed) this.#ended(process);
      }
      finished = queue.size === 0;
    } finally {
      // also when something threw that must not: the others go on
      this.current = null;
      if (finished) this.#draining = false;
      else {
        this.yields++;
        this.#clock.later(this.#resume);
      }
    }
  };
  readonly #resume = (): void => {
    this.#turn.renew();
    this.#drain();
  };
  #nesting = 0;
  #draining = false;
  /** The turn the budget is spent in. */
  #turnNumber = 0;
  #turnStart = 0;
  #spent = 0;
  /** What `#spent` is when the budget is looked at. */
  #nextLook = 0;

  constructor(
    clock: Clock,
    turn: Turn,
    policy: RunQueuePolicy,
    budget: Budget,
    outcomes: Outcomes,
    tally: Tally,
  ) {
    this.#clock = clock;
    this.#turn = turn;
    this.#budget = budget;
    this.#outcomes = outcomes;
    this.#queue = runQueue(policy);
    this.#tally = tally;
  }

  /** The process whose callback runs synchronously right now. */
  get current(): Process | null {
    return this.running;
  }
  set current(process: Process | null) {
    this.running = process;
    if (this.watch !== null) this.watch.turn(process);
  }

  /** Whether one more first callback may run at once (`runNow`): not too deep, and within the budget of the turn. */
  get mayRunNow(): boolean {
    if (this.#nesting >= NESTING) return false;
    this.#enterTurn();
    return !this.#overBudget();
  }

  /** An idle process has something to do. */
  ready(process: Process): void {
    process.status = Status.queued;
    this.#queue.push(process);
    if (this.#draining) return;
    this.#draining = true;
    this.#clock.soon(this.#drain);
  }

  /**
   * Every 256 messages, whose turn is timed: that of who became ready last, for it was ready since a moment ago and waits
   * for all who are before it. Chosen where the budget is looked at, which is not the path of every message.
   */
  #chooseTimed(): void {
    if (this.#spent < this.#timedFrom) return;
    if (this.#timed?.alive === true && this.#spent < this.#timedFrom + NOT_COME) return;
    const { last } = this.#queue;
    if (last === undefined) return;
    this.#timed = this.#tally.time(last, this.#clock.now()) ? last : null;
    this.#timedFrom = this.#spent + EVERY;
  }

  #begins(process: Process): void {
    this.#timed = null;
    this.#began = this.#clock.now();
    this.#handled = process.handled;
  }

  #ended(process: Process): void {
    this.#tally.ran(process, process.handled - this.#handled, this.#began, this.#clock.now());
  }

  /**
   * Runs the first callback of a process that has just been spawned, in the caller's turn: everything up to its
   * first `await` costs no trip through the queue. A throw is a crash of that process alone.
   */
  runNow(process: Process, body: (self: Process) => void | PromiseLike<void>): void {
    if (process.status !== Status.starting) return;
    const caller = this.current;
    process.status = Status.running;
    this.current = process;
    this.#nesting++;
    this.#spent++;
    let result: void | PromiseLike<void>;
    try {
      result = body(process);
    } catch (error) {
      this.#outcomes.crashed(process, error);
      return;
    } finally {
      this.#nesting--;
      this.current = caller;
    }
    if (result !== undefined) this.#park(process, result);
    else if ((process.status as Status) === Status.running) this.release(process);
  }

  /** After a callback's promise settled, or a start completed. */
  release(process: Process): void {
    if (hasWork(process)) this.ready(process);
    else process.status = Status.idle;
  }

  /** A new turn has a budget of its own. */
  #enterTurn(): void {
    const turn = this.#turn;
    // asked first: it may begin a turn
    this.#turnStart = turn.began;
    if (turn.number === this.#turnNumber) return;
    this.#turnNumber = turn.number;
    this.#timedFrom -= this.#spent;
    this.#spent = 0;
    this.#lookIn(0);
    this.#chooseTimed();
  }

  #overBudget(): boolean {
    return this.#spent >= this.#nextLook && this.#looksUp();
  }

  /** Not in the way of every message: whether the drain has to give way. */
  #looksUp(): boolean {
    this.#chooseTimed();
    const over = this.#spent >= this.#budget.messages || this.#late();
    this.#lookIn(over ? 0 : this.#spent);
    return over;
  }

  #lookIn(spent: number): void {
    this.#nextLook = Math.min(spent + CLOCK_EVERY, this.#budget.messages);
  }

  #late(): boolean {
    const { milliseconds } = this.#budget;
    return milliseconds !== Infinity && this.#clock.now() - this.#turnStart > milliseconds;
  }

  #slice(process: Process): void {
    process.status = Status.running;
    let { behavior } = process;
    let left = this.#budget.slice;
    this.current = process;
    while (left > 0) {
      if (left % CLOCK_EVERY === 0 && left < this.#budget.slice && this.#late()) break;
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
      if (box === process.urgent && box.length === 0) process.urgent = null;
      process.handled++;
      let result: void | PromiseLike<void>;
      try {
        if (kind === Kind.work) {
          result = (message as Work).run(process);
          behavior = process.behavior;
        } else if (this.tracer === null) result = behavior.receive(kind, message, process);
        else result = this.tracer.dispatch(kind, message, process);
        if (result !== undefined) {
          this.#park(process, result, kind, message);
          break;
        }
      } catch (error) {
        this.running = null;
        this.#spent += this.#budget.slice - left;
        this.#outcomes.crashed(process, error, kind, message);
        return;
      }
      // it died or began to stop inside its own callback
      if ((process.status as Status) !== Status.running) break;
    }
    // the watch is told by the next turn, or by the end of the drain
    this.running = null;
    this.#spent += this.#budget.slice - left;
    if ((process.status as Status) === Status.running) this.release(process);
  }

  #park(process: Process, result: PromiseLike<void>, kind?: Kind, message?: unknown): void {
    if (process.status === Status.running) {
      process.status = Status.waiting;
      // the time is that of the turn, which is known: no look at the clock
      if (kind !== undefined)
        process.awaits(kind, message, Math.round(this.#turnStart - process.runtime.startedAt));
    }
    Promise.resolve(result).then(
      () => {
        if (process.status !== Status.waiting) return;
        process.awaitsNothing();
        if (this.#tally.timed === process) this.#tally.settled(this.#clock.now());
        this.release(process);
      },
      (error: unknown) => {
        if (process.status === Status.waiting) this.#outcomes.crashed(process, error, kind, message);
      },
    );
  }
}
