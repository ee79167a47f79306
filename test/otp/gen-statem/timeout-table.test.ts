import { describe, expect, test } from 'vitest';
import { MAX_DELAY } from '../../../src/actor/clock.ts';
import {
  eventTimeout,
  genericTimeout,
  stateTimeout,
  type TimeoutAction,
} from '../../../src/otp/gen-statem/action.ts';
import {
  EVENT,
  STATE,
  TimeoutTable,
  type TimeoutKey,
  type TimerPort,
} from '../../../src/otp/gen-statem/timeout-table.ts';

/** A table whose timers are a list: started at `now`, alive until they are unset. */
function table(): {
  readonly timeouts: TimeoutTable;
  readonly started: { key: TimeoutKey; delay: number; alive: boolean }[];
  readonly apply: (...actions: TimeoutAction[]) => void;
  readonly at: (now: number) => void;
} {
  const started: { key: TimeoutKey; delay: number; alive: boolean }[] = [];
  let now = 1_000;
  const port: TimerPort = {
    now: () => now,
    start: (key, delay) => {
      const timer = { key, delay, alive: true };
      started.push(timer);
      return {
        unset: () => {
          const was = timer.alive;
          timer.alive = false;
          return was;
        },
      };
    },
  };
  const timeouts = new TimeoutTable(port);
  return { timeouts, started, apply: (...actions) => timeouts.apply(actions), at: (next) => (now = next) };
}

describe('TimeoutTable', () => {
  test('keeps one timeout of each type: setting it again restarts it with a new content', () => {
    const { timeouts, started, apply, at } = table();
    apply(stateTimeout(100, 'a'), eventTimeout(50, 'b'), genericTimeout('n', 70, 'c'));
    expect(started.map(({ key, delay }) => [key, delay])).toEqual([
      [STATE, 100],
      [EVENT, 50],
      ['n', 70],
    ]);
    apply(stateTimeout(200, 'd'));
    expect(started.map(({ alive }) => alive)).toEqual([false, true, true, true]);
    expect(timeouts.size).toBe(3);
    at(1_200);
    expect(timeouts.expire(STATE)).toEqual({ type: 'stateTimeout', content: 'd' });
    expect(timeouts.expire(STATE)).toBeUndefined();
  });

  test('of one list the last action of each type counts, in the order of these last ones', () => {
    const { timeouts, started, apply } = table();
    apply(genericTimeout('a', 0, 1), genericTimeout('b', 0, 2), genericTimeout('a', 0, 3), eventTimeout(9));
    apply(eventTimeout(5), eventTimeout('cancel'));
    expect(timeouts.takeZero()).toEqual({ type: 'genericTimeout', name: 'b', content: 2 });
    expect(timeouts.takeZero()).toEqual({ type: 'genericTimeout', name: 'a', content: 3 });
    expect([timeouts.takeZero(), timeouts.size, started.length]).toEqual([undefined, 0, 1]);
  });

  test('Infinity and cancel stop a running and a zero timeout', () => {
    for (const time of [Infinity, 'cancel'] as const) {
      const { timeouts, started, apply } = table();
      apply(stateTimeout(100), genericTimeout('zero', 0));
      apply(stateTimeout(time), genericTimeout('zero', time), genericTimeout('never set', time));
      expect([timeouts.size, timeouts.hasZero, started[0]?.alive]).toEqual([0, false, false]);
    }
  });

  test('update changes the content alone; of what does not run it makes a zero timeout', () => {
    const { timeouts, started, apply } = table();
    apply(stateTimeout(100, 'old'), genericTimeout('zero', 0, 'old'));
    apply(
      stateTimeout('update', 'new'),
      genericTimeout('zero', 'update', 'new'),
      eventTimeout('update', 'now'),
    );
    expect(started.length).toBe(1);
    expect(timeouts.list).toEqual([
      { type: 'stateTimeout', content: 'new' },
      { type: 'genericTimeout', name: 'zero', content: 'new' },
      { type: 'timeout', content: 'now' },
    ]);
    expect(timeouts.takeZero()).toMatchObject({ content: 'new' });
    expect(timeouts.takeZero()).toEqual({ type: 'timeout', content: 'now' });
  });

  test('an absolute time is one of the clock; one that has passed is due at once, by a timer', () => {
    const { timeouts, started, apply, at } = table();
    apply(stateTimeout(1_250, 's', { abs: true }), genericTimeout('past', 400, 'p', { abs: true }));
    expect(started.map(({ delay }) => delay)).toEqual([250, 0]);
    expect(timeouts.hasZero).toBe(false);
    expect(timeouts.expire('past')).toMatchObject({ content: 'p' });
    at(1_250);
    expect(timeouts.expire(STATE)).toMatchObject({ content: 's' });
  });

  test('one that is longer than any timer is never early', () => {
    const { timeouts, started, apply, at } = table();
    apply(stateTimeout(MAX_DELAY + 500, 'late'));
    expect(started[0]?.delay).toBe(MAX_DELAY);
    at(1_000 + MAX_DELAY);
    expect(timeouts.expire(STATE)).toBeUndefined();
    expect([started[1]?.delay, timeouts.size]).toEqual([500, 1]);
    at(1_500 + MAX_DELAY);
    expect(timeouts.expire(STATE)).toMatchObject({ content: 'late' });
  });

  test('names and the two types without one never meet', () => {
    const { timeouts, apply } = table();
    apply(eventTimeout(1), stateTimeout(1), genericTimeout('timeout', 1), genericTimeout('stateTimeout', 1));
    expect(timeouts.size).toBe(4);
    expect([timeouts.cancel(EVENT), timeouts.cancel(EVENT), timeouts.size]).toEqual([true, false, 3]);
  });
});
