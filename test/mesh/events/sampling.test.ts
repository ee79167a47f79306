import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Sampler } from '../../../src/mesh/events/sampling.ts';

describe('Sampler', () => {
  test('passes so many per second, counts the rest, and tells the count with the next one that passes', () => {
    const sampler = new Sampler(2);
    expect([0, 1, 2, 3, 999].map((now) => sampler.take(now))).toEqual([
      0,
      0,
      undefined,
      undefined,
      undefined,
    ]);
    expect([1_000, 1_001, 1_002].map((now) => sampler.take(now))).toEqual([3, 0, undefined]);
  });

  test('a second begins with the first occurrence after the last one is over', () => {
    const sampler = new Sampler(1);
    expect([500, 1_499, 1_500, 9_000].map((now) => sampler.take(now))).toEqual([0, undefined, 1, 0]);
  });

  test('what was left out last is told by flush, once', () => {
    const sampler = new Sampler(1);
    for (const now of [0, 1, 2]) sampler.take(now);
    expect([sampler.flush(), sampler.flush()]).toEqual([2, 0]);
    expect([sampler.take(3), sampler.flush()]).toEqual([undefined, 1]);
  });

  test('whenever things happen: passed + told = happened, and no second has more than its share', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.integer({ min: 0, max: 400 })),
        (perSecond, gaps) => {
          const sampler = new Sampler(perSecond);
          const passed: number[] = [];
          let [now, told] = [0, 0];
          for (const gap of gaps) {
            now += gap;
            const skipped = sampler.take(now);
            if (skipped === undefined) continue;
            passed.push(now);
            told += skipped;
          }
          expect(passed.length + told + sampler.flush()).toBe(gaps.length);
          // two neighboring seconds may meet in any window of that length
          for (const from of passed)
            expect(passed.filter((at) => at >= from && at < from + 1_000).length).toBeLessThanOrEqual(
              2 * perSecond,
            );
        },
      ),
    );
  });
});
