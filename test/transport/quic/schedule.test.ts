/** Deadlines and turns: when links work. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { Clock } from '../../../src/actor/clock.ts';
import { virtualClock } from '../../../src/testing/virtual-clock.ts';
import { Deadlines, type Deadline } from '../../../src/transport/quic/deadlines.ts';
import { Turns, type TurnTaker } from '../../../src/transport/quic/turns.ts';

interface Named extends Deadline {
  readonly name: number;
}

const named = (name: number): Named => ({ name, due: 0, slot: -1 });

describe('Deadlines', () => {
  test('expire in order, each once, with one timer at a time', async () => {
    const clock = virtualClock();
    const log: [number, number][] = [];
    const deadlines = new Deadlines<Named>(clock, ({ name }) => log.push([name, clock.now()]));
    for (const [name, due] of [
      [1, 30],
      [2, 10],
      [3, 20],
      [4, 20],
    ] as const)
      deadlines.within(named(name), due);
    expect(clock.pending).toBe(1);
    await clock.advance(100);
    expect(log.map(([, at]) => at)).toEqual([10, 20, 20, 30]);
    expect(log.map(([name]) => name).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4]);
    expect([clock.pending, deadlines.size]).toEqual([0, 0]);
  });

  test('a deadline moves nearer, never further', async () => {
    const clock = virtualClock();
    const log: number[] = [];
    const deadlines = new Deadlines<Named>(clock, () => log.push(clock.now()));
    const item = named(1);
    deadlines.within(item, 50);
    deadlines.within(item, 80);
    deadlines.within(item, 20);
    await clock.advance(100);
    expect(log).toEqual([20]);
  });

  test('what expires may set its next deadline', async () => {
    const clock = virtualClock();
    const log: number[] = [];
    const deadlines = new Deadlines<Named>(clock, (item) => {
      log.push(clock.now());
      if (log.length < 4) deadlines.within(item, clock.now() + 10);
    });
    deadlines.within(named(1), 10);
    await clock.advance(100);
    expect(log).toEqual([10, 20, 30, 40]);
  });

  test('whatever is set and removed, what is left expires when due and no timer stays', async () => {
    const step = fc.tuple(fc.nat({ max: 9 }), fc.nat({ max: 100 }), fc.boolean());
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const clock = virtualClock();
        const items = Array.from({ length: 10 }, (_, name) => named(name));
        const expected = new Map<number, number>();
        const seen = new Map<number, number>();
        const deadlines = new Deadlines<Named>(clock, ({ name }) => {
          expect(seen.has(name)).toBe(false);
          seen.set(name, clock.now());
        });
        for (const [index, due, keep] of steps) {
          const item = items[index] as Named;
          if (keep) {
            deadlines.within(item, due);
            expected.set(index, Math.min(due, expected.get(index) ?? Infinity));
          } else {
            deadlines.remove(item);
            expected.delete(index);
          }
        }
        await clock.advance(200);
        expect(seen).toEqual(expected);
        expect(clock.pending).toBe(0);
      }),
    );
  });

  test('clear leaves nothing', () => {
    const clock = virtualClock();
    const deadlines = new Deadlines<Named>(clock, () => undefined);
    const item = named(1);
    deadlines.within(item, 10);
    deadlines.clear();
    expect([clock.pending, deadlines.size, item.slot]).toEqual([0, 0, -1]);
  });
});

/** A clock whose `soon` and `later` run when told. */
function stepped(): { clock: Clock; soon: () => void; later: () => void } {
  const queues: Record<'soon' | 'later', (() => void)[]> = { soon: [], later: [] };
  const run = (kind: 'soon' | 'later') => (): void => {
    for (const work of queues[kind].splice(0)) work();
  };
  const clock = {
    ...virtualClock(),
    soon: (work: () => void) => queues.soon.push(work),
    later: (work: () => void) => queues.later.push(work),
  };
  return { clock, soon: run('soon'), later: run('later') };
}

describe('Turns', () => {
  const taker = (): TurnTaker => ({ touched: false });

  test('the first touch of a quiet turn is served at once, later ones together at its end', () => {
    const { clock, soon, later } = stepped();
    const log: string[] = [];
    const [a, b] = [taker(), taker()];
    const turns = new Turns<TurnTaker>(clock, (item) => log.push(item === a ? 'a' : 'b'));
    turns.touch(a);
    turns.touch(a);
    turns.touch(b);
    expect(log).toEqual([]);
    soon();
    expect(log).toEqual(['a', 'b']);
    turns.touch(a);
    turns.touch(a);
    soon();
    expect(log).toEqual(['a', 'b']);
    later();
    expect(log).toEqual(['a', 'b', 'a']);
    turns.touch(b);
    soon();
    expect(log).toEqual(['a', 'b', 'a', 'b']);
  });

  test('what asks for another turn waits for the others', () => {
    const { clock, soon, later } = stepped();
    let served = 0;
    const item = taker();
    const turns = new Turns<TurnTaker>(clock, () => {
      if (++served < 3) turns.again(item);
    });
    turns.touch(item);
    soon();
    expect(served).toBe(1);
    later();
    expect(served).toBe(2);
    later();
    expect(served).toBe(3);
    later();
    expect(served).toBe(3);
  });
});
