import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_DELAY, type Clock } from '../../src/actor/clock.ts';
import { Timers, TimerEntry } from '../../src/actor/timers.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import { recorder, same, sameItems, spawn, world } from './world.ts';

class Probe extends TimerEntry {
  readonly #fire: () => void;
  constructor(fire: () => void) {
    super();
    this.#fire = fire;
  }
  override onTimer(): void {
    this.#fire();
  }
}

/** A clock moved by hand, without promises. `turn` ends a turn of the event loop, as every move does. */
function handClock(): Clock & {
  move(ms: number): void;
  turn(): void;
  readonly held: number;
  readonly set: number;
} {
  let now = 0;
  let ends: (() => void)[] = [];
  const turn = (): void => {
    while (ends.length > 0) {
      const ending = ends;
      ends = [];
      for (const run of ending) run();
    }
  };
  const timers = new Map<object, { at: number; run: () => void; held: boolean }>();
  return {
    now: () => now,
    wall: () => now,
    setTimer: (delay, run) => {
      const id = {};
      timers.set(id, { at: now + Math.max(0, delay), run, held: true });
      return id;
    },
    clear: (id) => void timers.delete(id),
    hold: (id, keepAlive) => {
      const timer = timers.get(id);
      if (timer !== undefined) timer.held = keepAlive;
    },
    soon: () => {},
    later: (run) => {
      ends.push(run);
    },
    turn,
    move(ms) {
      const end = now + ms;
      for (;;) {
        turn();
        const next = [...timers]
          .filter(([, timer]) => timer.at <= end)
          .toSorted((a, b) => a[1].at - b[1].at)[0];
        if (next === undefined) break;
        timers.delete(next[0]);
        now = Math.max(now, next[1].at);
        next[1].run();
      }
      now = end;
    },
    get held() {
      return [...timers.values()].filter((timer) => timer.held).length;
    },
    get set() {
      return timers.size;
    },
  };
}

type Step =
  | { readonly tag: 'set'; readonly delay: number }
  | { readonly tag: 'cancel'; readonly which: number }
  | { readonly tag: 'turn' }
  | { readonly tag: 'move'; readonly ms: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    tag: fc.constant('set' as const),
    delay: fc.oneof(fc.nat(20), fc.double({ min: -2, max: 20, noNaN: true })),
  }),
  fc.record({ tag: fc.constant('cancel' as const), which: fc.nat(30) }),
  fc.record({ tag: fc.constant('turn' as const) }),
  fc.record({
    tag: fc.constant('move' as const),
    ms: fc.oneof(fc.nat(10), fc.double({ min: 0, max: 10, noNaN: true })),
  }),
);

describe('Timers', () => {
  test('fires what a sorted list would, in its order, never early, whatever is set and cancelled', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const clock = handClock();
        const timers = new Timers(clock);
        const fired: number[] = [];
        const entries: Probe[] = [];
        let model: { id: number; due: number }[] = [];
        for (const each of steps) {
          if (each.tag === 'set') {
            const id = entries.length;
            const exact = clock.now() + Math.max(0, each.delay);
            const entry = new Probe(() => {
              same(clock.now() >= exact, true);
              fired.push(id);
            });
            entries.push(entry);
            timers.set(entry, each.delay);
            model.push({ id, due: Math.ceil(clock.now() + Math.ceil(Math.max(0, each.delay))) });
          } else if (each.tag === 'cancel') {
            const known = model.some(({ id }) => id === each.which);
            same(entries[each.which]?.unset() ?? false, known);
            model = model.filter(({ id }) => id !== each.which);
          } else if (each.tag === 'turn') clock.turn();
          else {
            const end = clock.now() + each.ms;
            const before = fired.length;
            clock.move(each.ms);
            const due = model
              .filter((entry) => entry.due <= end)
              .toSorted((a, b) => a.due - b.due || a.id - b.id);
            sameItems(
              fired.slice(before),
              due.map(({ id }) => id),
            );
            model = model.filter((entry) => entry.due > end);
          }
          same(timers.size, model.length);
          // one native timer at most; from the end of a turn on it keeps the program alive while something is set
          same(clock.set <= 1, true);
          if (each.tag === 'turn') same(clock.held, model.length > 0 ? 1 : 0);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('a delay beyond 2^31 - 1 ms is clamped, never fired at once', () => {
    const clock = handClock();
    const timers = new Timers(clock);
    let fired = 0;
    timers.after(Infinity, () => fired++);
    timers.after(2 * MAX_DELAY, () => fired++);
    clock.move(MAX_DELAY - 1);
    expect(fired).toBe(0);
    clock.move(1);
    expect(fired).toBe(2);
  });

  test('a deadline of Infinity sets nothing', () => {
    const clock = handClock();
    const timers = new Timers(clock);
    const fired: string[] = [];
    expect(timers.within(Infinity, () => fired.push('never'))).toBeUndefined();
    expect(timers.size).toBe(0);
    const entry = timers.within(5, () => fired.push('five'));
    expect([timers.size, entry?.wait]).toEqual([1, 5]);
    clock.move(10);
    expect([fired, clock.set]).toEqual([['five'], 0]);
  });

  test('an entry that sets another one for now does not keep the clock busy for ever', () => {
    const clock = handClock();
    const timers = new Timers(clock);
    let fired = 0;
    const again = (): void => {
      if (++fired < 10) timers.after(1, again);
    };
    timers.after(1, again);
    clock.move(5);
    expect(fired).toBe(5);
  });

  test('one that throws does not lose the others', () => {
    const clock = handClock();
    const timers = new Timers(clock);
    const fired: string[] = [];
    timers.after(1, () => {
      throw new Error('faulty');
    });
    timers.after(1, () => fired.push('same time'));
    timers.after(2, () => fired.push('later'));
    expect(() => clock.move(3)).toThrow('faulty');
    clock.move(3);
    expect(fired).toEqual(['same time', 'later']);
  });

  test('setting an entry again replaces its time', () => {
    const clock = handClock();
    const timers = new Timers(clock);
    const fired: number[] = [];
    const entry = new Probe(() => fired.push(clock.now()));
    timers.set(entry, 5);
    timers.set(entry, 9);
    expect(timers.size).toBe(1);
    clock.move(20);
    expect(fired).toEqual([9]);
  });

  test('lists whose entries were all cancelled are given back, not kept until they fall due', () => {
    const clock = handClock();
    const timers = new Timers(clock);
    const kept = timers.after(MAX_DELAY, () => {});
    for (let i = 1; i <= 100_000; i++) {
      const doomed = timers.after(i * 1_000, () => {});
      clock.turn();
      doomed.unset();
    }
    expect(timers.size).toBe(1);
    expect(timers.buckets).toBeLessThanOrEqual(1 + 1_024);
    expect(kept.unset()).toBe(true);
  });

  test('however many are set, at most half of all lists, or 1,024, are empty', () => {
    const clock = handClock();
    const timers = new Timers(clock);
    const entries = Array.from({ length: 20_000 }, (_, i) => timers.after(1 + i, () => {}));
    clock.turn();
    expect(timers.buckets).toBe(entries.length);
    for (const [at, entry] of entries.entries()) {
      entry.unset();
      const living = entries.length - at - 1;
      if (timers.buckets - living > Math.max(1_024, timers.buckets / 2)) expect(timers.buckets).toBe(living);
    }
  });

  test('lists are given back in the middle of a list that fires; the others still fire, in order', () => {
    const clock = handClock();
    const timers = new Timers(clock);
    const fired: string[] = [];
    const doomed = Array.from({ length: 5_000 }, (_, i) => timers.after(100 + i, () => expect.fail()));
    timers.after(10, () => {
      fired.push('first');
      for (const entry of doomed) entry.unset();
    });
    timers.after(10, () => fired.push('second'));
    timers.after(9_000, () => fired.push('late'));
    timers.after(20, () => fired.push('third'));
    clock.move(10_000);
    expect(fired).toEqual(['first', 'second', 'third', 'late']);
    expect([timers.size, timers.buckets]).toEqual([0, 0]);
  });

  test('what is cancelled in the turn it was set in looks at no clock and sets no timer', () => {
    let looks = 0;
    const clock = handClock();
    const timers = new Timers({
      ...clock,
      now: () => {
        looks++;
        return clock.now();
      },
    });
    const kept = timers.after(50, () => {});
    clock.turn();
    const [before, lists] = [looks, timers.buckets];
    for (let i = 0; i < 1_000; i++) timers.after(i, () => expect.fail()).unset();
    // the turn itself asks once
    expect([looks - before, timers.buckets]).toEqual([1, lists]);
    clock.turn();
    expect([timers.size, clock.set, clock.held]).toEqual([1, 1, 1]);
    expect(kept.unset()).toBe(true);
  });

  test('clear cancels everything and lets go of the clock', () => {
    const clock = handClock();
    const timers = new Timers(clock);
    timers.after(1, () => expect.fail());
    timers.clear();
    expect([timers.size, timers.buckets]).toEqual([0, 0]);
    expect(clock.set).toBe(0);
    clock.move(10);
  });
});

describe('sendAfter', () => {
  test('delivers at its time, not before, and can be cancelled', async () => {
    const { runtime, clock } = world();
    const { pid, inbox } = recorder(runtime);
    runtime.sendAfter(10, pid, 'ten');
    const timer = runtime.sendAfter(5, pid, 'five');
    expect(timer.unset()).toBe(true);
    expect(timer.unset()).toBe(false);
    await clock.advance(9);
    expect(inbox).toEqual([]);
    await clock.advance(1);
    expect(inbox.map(({ message }) => message)).toEqual(['ten']);
  });

  test('is forgotten when the process dies, and refused when it is dead', async () => {
    const { runtime, clock } = world();
    const pid = spawn(runtime);
    for (let i = 0; i < 10; i++) runtime.sendAfter(i, pid, i);
    runtime.workAfter(3, pid, () => expect.fail());
    expect(runtime.timers.size).toBe(11);
    runtime.exit(pid, 'kill');
    expect(runtime.timers.size).toBe(0);
    runtime.sendAfter(1, pid, 'late');
    expect(runtime.timers.size).toBe(0);
    await clock.advance(20);
  });

  test('is lost when the mailbox is full; work is not', async () => {
    const { runtime, clock } = world();
    const seen: unknown[] = [];
    let open = (): void => {};
    const pid = spawn(runtime, (_, message) => {
      seen.push(message);
      return message === 'park' ? new Promise<void>((resolve) => (open = resolve)) : undefined;
    });
    pid.bound = 1;
    runtime.send(pid, 'park');
    await clock.settle();
    runtime.send(pid, 'full');
    runtime.sendAfter(1, pid, 'lost');
    runtime.workAfter(1, pid, () => void seen.push('work'));
    await clock.advance(1);
    open();
    await clock.settle();
    expect(seen).toEqual(['park', 'full', 'work']);
    expect(pid.dropped).toBe(1);
  });
});

describe('virtualClock', () => {
  test('fires due timers in order of time, then of setting', async () => {
    const clock = virtualClock();
    const fired: string[] = [];
    clock.setTimer(5, () => fired.push('b'));
    clock.setTimer(3, () => fired.push('a'));
    clock.setTimer(5, () => fired.push('c'));
    await clock.advance(5);
    expect(fired).toEqual(['a', 'b', 'c']);
    expect(clock.now()).toBe(5);
  });
});
