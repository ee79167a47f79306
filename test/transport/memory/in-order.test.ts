/** What comes twice, late or early comes out once and in order. */
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { InOrder } from '../../../src/transport/memory/in-order.ts';

test('any order with any repetitions gives each item once, in order, as soon as it is due', () => {
  const arrivals = fc.integer({ min: 1, max: 30 }).chain((count) =>
    fc.tuple(
      fc.shuffledSubarray(
        Array.from({ length: count }, (_, index) => index),
        { minLength: count },
      ),
      fc.array(fc.nat(count - 1)),
    ),
  );
  fc.assert(
    fc.property(arrivals, ([once, again]) => {
      const order = new InOrder<number>();
      const out: number[] = [];
      const seen = new Set<number>();
      const all = once.flatMap((number, index) => [number, ...again.slice(index, index + 1)]);
      for (const number of all) {
        expect(order.isNew(number)).toBe(!seen.has(number));
        seen.add(number);
        out.push(...order.take(number, number));
        let due = 0;
        while (seen.has(due)) due++;
        expect(out).toEqual(Array.from({ length: due }, (_, index) => index));
        expect([...order.early].toSorted((a, b) => a - b)).toEqual(
          [...seen].filter((one) => one >= due).toSorted((a, b) => a - b),
        );
      }
    }),
  );
});
