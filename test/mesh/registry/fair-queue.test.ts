/** Who is next of those that wait for room. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FairQueue } from '../../../src/mesh/registry/fair-queue.ts';

/** Takes what is next of those who may. */
function next(queue: FairQueue<string>, may: (asker: string) => boolean = () => true): string | undefined {
  const asker = queue.turn(may);
  return asker === undefined ? undefined : queue.take(asker);
}

const drained = (queue: FairQueue<string>): string[] => {
  const all: string[] = [];
  for (let item = next(queue); item !== undefined; item = next(queue)) all.push(item);
  return all;
};

const queueOf = (items: readonly string[]): FairQueue<string> => {
  const queue = new FairQueue<string>();
  for (const item of items) queue.put(item.slice(0, 1), item);
  return queue;
};

describe('a fair queue', () => {
  test('gives each asker one at a time, in the order in which each asked', () => {
    expect(drained(queueOf(['a1', 'a2', 'a3', 'b1', 'c1', 'c2']))).toEqual([
      'a1',
      'b1',
      'c1',
      'a2',
      'c2',
      'a3',
    ]);
  });

  test('keeps the turn: whoever asks again does not come first again', () => {
    const queue = queueOf(['a1', 'b1', 'c1']);
    expect(next(queue)).toBe('a1');
    queue.put('a', 'a2');
    expect(drained(queue)).toEqual(['b1', 'c1', 'a2']);
  });

  test('passes over who may have none now, and keeps his turn', () => {
    const queue = queueOf(['a1', 'b1', 'b2', 'c1']);
    const isB = (asker: string): boolean => asker === 'b';
    expect([next(queue, isB), next(queue, isB), next(queue, isB)]).toEqual(['b1', 'b2', undefined]);
    expect(drained(queue)).toEqual(['a1', 'c1']);
  });

  test('gives one asker his next, whosever turn it is', () => {
    const queue = queueOf(['a1', 'b1', 'b2']);
    expect([queue.take('b'), queue.take('b'), queue.take('b')]).toEqual(['b1', 'b2', undefined]);
    expect(drained(queue)).toEqual(['a1']);
  });

  test('forgets what waits no more, and says whether it did', () => {
    const queue = queueOf(['a1', 'a2', 'b1']);
    expect([queue.delete('a', 'a1'), queue.delete('a', 'a1'), queue.delete('b', 'b1')]).toEqual([
      true,
      false,
      true,
    ]);
    expect(drained(queue)).toEqual(['a2']);
  });

  test('loses nothing, gives nothing twice, and lets nobody wait for more than one of each other asker', () => {
    const items = fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.nat(50)), {
      selector: ([asker, n]) => `${asker}${n}`,
    });
    fc.assert(
      fc.property(items, (list) => {
        const all = list.map(([asker, n]) => `${asker}${n}`);
        const order = drained(queueOf(all));
        expect(order.toSorted()).toEqual(all.toSorted());
        const askers = new Set(all.map((item) => item.charAt(0))).size;
        for (const asker of ['a', 'b', 'c', 'd']) {
          const first = order.findIndex((item) => item.startsWith(asker));
          expect(first).toBeLessThan(askers);
        }
      }),
    );
  });
});
