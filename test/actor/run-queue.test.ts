import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/actor/random.ts';
import { runQueue } from '../../src/actor/run-queue.ts';
import { same } from './world.ts';

const steps = fc.array(fc.boolean(), { maxLength: 200, size: 'max' });

describe('runQueue', () => {
  test('fifo gives out in the order of arrival', () => {
    fc.assert(
      fc.property(steps, (pushes) => {
        const queue = runQueue<number>({ tag: 'fifo' });
        const model: number[] = [];
        pushes.forEach((push, at) => {
          if (push) {
            queue.push(at);
            model.push(at);
          } else if (model.length > 0) same(queue.take(), model.shift());
          same(queue.size, model.length);
        });
      }),
      { numRuns: 1_000 },
    );
  });

  test('fifo keeps the order while it grows past its first size and wraps', () => {
    const queue = runQueue<number>({ tag: 'fifo' });
    for (let i = 0; i < 1_000; i++) queue.push(i);
    for (let i = 0; i < 900; i++) expect(queue.take()).toBe(i);
    for (let i = 1_000; i < 5_000; i++) queue.push(i);
    for (let i = 900; i < 5_000; i++) expect(queue.take()).toBe(i);
  });

  test('seeded gives out each item once, whatever the order', () => {
    fc.assert(
      fc.property(steps, fc.nat(), (pushes, seed) => {
        const queue = runQueue<number>({ tag: 'seeded', random: seededRandom(seed) });
        const waiting = new Set<number>();
        pushes.forEach((push, at) => {
          if (push) {
            queue.push(at);
            waiting.add(at);
          } else if (waiting.size > 0) same(waiting.delete(queue.take()), true);
          same(queue.size, waiting.size);
        });
      }),
      { numRuns: 1_000 },
    );
  });

  const order = (seed: number): readonly number[] => {
    const queue = runQueue<number>({ tag: 'seeded', random: seededRandom(seed) });
    for (let i = 0; i < 20; i++) queue.push(i);
    return Array.from({ length: 20 }, () => queue.take());
  };

  test('the same seed gives the same order, other seeds give others', () => {
    expect(order(1)).toEqual(order(1));
    expect(new Set(Array.from({ length: 20 }, (_, seed) => order(seed).join())).size).toBe(20);
  });
});
