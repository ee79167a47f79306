import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventQueue } from '../../../src/otp/gen-statem/event-queue.ts';

const drain = <T>(queue: EventQueue<T>): T[] => {
  const all: T[] = [];
  while (queue.length > 0) all.push(queue.take());
  return all;
};

describe('EventQueue', () => {
  test('inserted events come first, in their order, before those inserted earlier', () => {
    const queue = new EventQueue<number>();
    queue.insert([5, 6]);
    queue.insert([3, 4]);
    queue.insert([]);
    expect([queue.length, queue.ready]).toEqual([4, [3, 4, 5, 6]]);
    expect(drain(queue)).toEqual([3, 4, 5, 6]);
  });

  test('postponed events wait until retry, then come oldest first, before what is queued', () => {
    const queue = new EventQueue<string>();
    queue.insert(['queued']);
    queue.postpone('old');
    queue.postpone('new');
    expect([queue.length, queue.postponed]).toEqual([1, ['old', 'new']]);
    queue.retry();
    expect(queue.postponed).toEqual([]);
    queue.insert(['inserted']);
    expect(drain(queue)).toEqual(['inserted', 'old', 'new', 'queued']);
  });

  test('shed takes the oldest postponed event that matches', () => {
    const queue = new EventQueue<number>();
    for (const event of [1, 2, 3, 4]) queue.postpone(event);
    expect([queue.shed((n) => n % 2 === 0), queue.shed((n) => n > 9)]).toEqual([2, undefined]);
    expect(queue.postponed).toEqual([1, 3, 4]);
  });

  test('equals two plain lists, whatever is done', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('insert' as const), events: fc.array(fc.nat(), { maxLength: 4 }) }),
      fc.record({ do: fc.constant('postpone' as const), event: fc.nat() }),
      fc.record({ do: fc.constant('retry' as const) }),
      fc.record({ do: fc.constant('take' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const queue = new EventQueue<number>();
        let ready: number[] = [];
        let postponed: number[] = [];
        for (const each of steps) {
          if (each.do === 'insert') {
            queue.insert(each.events);
            ready = [...each.events, ...ready];
          } else if (each.do === 'postpone') {
            queue.postpone(each.event);
            postponed.push(each.event);
          } else if (each.do === 'retry') {
            queue.retry();
            ready = [...postponed, ...ready];
            postponed = [];
          } else if (ready.length > 0) expect(queue.take()).toBe(ready.shift());
          expect([queue.ready, queue.postponed]).toEqual([ready, postponed]);
        }
      }),
      { verbose: 1 },
    );
  });
});
