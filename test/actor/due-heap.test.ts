import fc from 'fast-check';
import { expect, test } from 'vitest';
import { before, pop, push, type Due } from '../../src/actor/due-heap.ts';
import { same } from './world.ts';

test('the first is the earliest, of those due at once the one asked for first, under any mix of push and pop', () => {
  fc.assert(
    fc.property(
      fc.array(fc.option(fc.integer({ min: 0, max: 9 }), { freq: 3 }), { maxLength: 100, size: 'max' }),
      (steps) => {
        const heap: Due[] = [];
        const model: Due[] = [];
        for (const [order, at] of steps.entries()) {
          if (at === null) {
            pop(heap);
            model.shift();
          } else {
            const due = { at, order };
            push(heap, due);
            model.push(due);
            model.sort((a, b) => a.at - b.at || a.order - b.order);
          }
          same(heap[0], model[0]);
        }
        expect(heap.toSorted((a, b) => (before(a, b) ? -1 : 1))).toEqual(model);
        for (const due of model) {
          same(heap[0], due);
          pop(heap);
        }
        expect(heap).toEqual([]);
      },
    ),
  );
});
