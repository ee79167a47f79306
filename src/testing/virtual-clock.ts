/**
 * A clock that stands still until it is told to move.
 *
 * `advance` runs due timers in order (ties: in the order they were set) and lets every promise and every
 * deferred turn settle between two of them, so that a whole mesh runs in one process, by seed, in no time.
 * Source: the idea of a test clock (xstate, effect); rules of RELIABILITY §12.3.
 */
import { MAX_DELAY, systemClock, type Clock, type TimerId } from '../actor/clock.ts';
import { before, pop, push, type Due } from '../actor/due-heap.ts';
import { between, callback, refuse } from '../transport/memory/judge.ts';

/** As far as a date goes from 1970, ms (ECMAScript, time values). */
const MAX_WALL = 8_640_000_000_000_000;

const span = between(0, Number.MAX_SAFE_INTEGER, ' ms');

/** Cancelled timers that are always tolerated in the heap: fewer are not worth a walk through it. */
const DEAD_TOLERATED = 1_024;

interface Timer extends Due {
  /** Undefined when it has fired or was cancelled. */
  run: (() => void) | undefined;
  /** Alone it would keep a program alive. */
  held: boolean;
}

/** What makes no sense throws `RangeError`, or rejects with it, and moves nothing. */
export interface VirtualClock extends Clock {
  /** Timers that are set and have not fired. A runtime sets one for all of its own, at the end of the turn. */
  readonly pending: number;
  /** Those of them that a program would go on for: a runtime lets go of its timer when nothing is set in it. */
  readonly held: number;
  /** Lets everything that is ready now run, without moving time. */
  settle(): Promise<void>;
  /** Moves time forward by `ms`, 0 at least, running what falls due on the way. */
  advance(ms: number): Promise<void>;
  /** Moves time until `condition` holds. Throws when it does not within `limit` virtual ms (default 60,000). */
  until(condition: () => boolean, limit?: number): Promise<void>;
  /** Makes the wall clock jump, leaving monotonic time alone. */
  jump(ms: number): void;
}

/** @param wall what `wall()` says at the start, ms since 1970; default 2026-01-01T00:00:00Z. Throws `RangeError`. */
export function virtualClock(wall: number = 1_767_225_600_000): VirtualClock {
  between(0, MAX_WALL, ' ms')('wall', wall);
  let now = 0;
  let offset = wall;
  let order = 0;
  let turns = 0;
  let pending = 0;
  let held = 0;
  let timers: Timer[] = [];

  /** The next one due, without those that were cancelled. */
  const first = (): Timer | undefined => {
    for (let top = timers[0]; top !== undefined; top = timers[0]) {
      if (top.run !== undefined) return top;
      pop(timers);
    }
    return undefined;
  };
  const settle = async (): Promise<void> => {
    do {
      await new Promise<void>((done) => {
        systemClock.later(done);
      });
    } while (turns > 0);
  };
  /** It fires, or is cancelled. */
  const drop = (timer: Timer): void => {
    timer.run = undefined;
    pending--;
    if (timer.held) held--;
  };
  const step = async (limit: number): Promise<boolean> => {
    const timer = first();
    if (timer?.run === undefined || timer.at > limit) return false;
    pop(timers);
    const { run } = timer;
    drop(timer);
    now = Math.max(now, timer.at);
    run();
    await settle();
    return true;
  };

  return {
    get pending() {
      return pending;
    },
    get held() {
      return held;
    },
    now: () => now,
    wall: () => now + offset,
    setTimer: (delay, run): TimerId => {
      // the clock's contract clamps what is too small or too large; what is no number is a mistake of its caller
      if (typeof delay !== 'number' || Number.isNaN(delay)) refuse('delay', 'a number of ms', delay);
      callback('run', run);
      const wait = Math.min(MAX_DELAY, Math.max(0, delay));
      const timer: Timer = { at: now + wait, order: order++, run, held: true };
      pending++;
      held++;
      push(timers, timer);
      return timer;
    },
    clear: (id) => {
      const timer = id as Timer;
      if (timer.run === undefined) return;
      drop(timer);
      if (timers.length > DEAD_TOLERATED + 2 * pending) {
        // in ascending order an array is a heap
        timers = timers.filter(({ run }) => run !== undefined).toSorted((a, b) => (before(a, b) ? -1 : 1));
      }
    },
    hold: (id, keepAlive) => {
      const timer = id as Timer;
      if (timer.run === undefined || timer.held === keepAlive) return;
      timer.held = keepAlive;
      held += keepAlive ? 1 : -1;
    },
    soon: (run) => {
      systemClock.soon(run);
    },
    later: (run) => {
      turns++;
      systemClock.later(() => {
        turns--;
        run();
      });
    },
    settle,
    advance: async (ms) => {
      span('ms', ms);
      const end = now + ms;
      await settle();
      while (await step(end));
      now = end;
      await settle();
    },
    until: async (condition, limit = 60_000) => {
      callback('condition', condition);
      span('limit', limit);
      const end = now + limit;
      await settle();
      while (!condition()) {
        if (!(await step(end)))
          throw new Error(`the condition did not become true within ${limit} virtual ms`);
      }
    },
    jump: (ms) => {
      between(-MAX_WALL, MAX_WALL, ' ms')('ms', ms);
      offset += ms;
    },
  };
}
