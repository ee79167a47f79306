import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { DURATIONS, Histogram } from '../../src/actor/histogram.ts';

describe('Histogram', () => {
  test('a value on an edge is below it, one above all edges is in the last bucket', () => {
    const histogram = new Histogram([1, 2, 5]);
    for (const value of [0, 1, 1.5, 2, 5, 6, Infinity]) histogram.observe(value);
    expect(histogram.counts).toEqual([2, 2, 1, 2]);
    expect(histogram.count).toBe(7);
  });

  test('a quantile lies in the bucket of the value of that rank', () => {
    const values = fc.array(fc.double({ min: 0, max: 20_000, noNaN: true }), {
      minLength: 1,
      maxLength: 200,
    });
    fc.assert(
      fc.property(values, fc.constantFrom(0.5, 0.9, 0.99, 1), (all, q) => {
        const histogram = new Histogram(DURATIONS);
        for (const value of all) histogram.observe(value);
        const ranked = all.toSorted((one, other) => one - other)[Math.ceil(q * all.length) - 1] ?? 0;
        const place = histogram.place(ranked);
        const found = histogram.quantile(q) ?? -1;
        expect(found).toBeGreaterThanOrEqual(DURATIONS[Math.min(place, DURATIONS.length) - 1] ?? 0);
        expect(found).toBeLessThanOrEqual(DURATIONS[place] ?? 10_000);
      }),
    );
  });

  test('is on a line through its bucket; there is none without values', () => {
    const histogram = new Histogram([10, 20]);
    expect(histogram.quantile(0.5)).toBe(undefined);
    for (let n = 0; n < 4; n++) histogram.observe(15);
    expect(histogram.quantile(0.5)).toBe(15);
    expect(histogram.quantile(1)).toBe(20);
  });
});
