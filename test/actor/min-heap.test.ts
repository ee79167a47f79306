import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MinHeap } from '../../src/actor/min-heap.ts';
import { same } from './world.ts';

describe('MinHeap', () => {
  test('pops what was pushed, smallest first, under any mix of both', () => {
    fc.assert(
      fc.property(
        fc.array(fc.option(fc.integer(), { freq: 3 }), { maxLength: 100, size: 'max' }),
        (steps) => {
          const heap = new MinHeap();
          let model: number[] = [];
          for (const value of steps) {
            if (value === null) {
              same(heap.pop(), model.shift());
            } else {
              heap.push(value);
              model = [...model, value].toSorted((a, b) => a - b);
            }
            same(heap.min, model[0]);
          }
          for (const value of model) same(heap.pop(), value);
          expect(heap.pop()).toBeUndefined();
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test('holds what it is filled with, in place of what it held', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { size: 'max', maxLength: 200 }), (values) => {
        const heap = new MinHeap();
        heap.push(3);
        heap.fill([...values]);
        for (const value of values.toSorted((a, b) => a - b)) same(heap.pop(), value);
        expect(heap.min).toBeUndefined();
      }),
    );
  });
});
