import { describe, expect, test } from 'vitest';
import { DialQueue, DIALS } from '../../../src/mesh/peer/dial-queue.ts';

const queue = (...waiting: readonly [string, boolean][]): DialQueue<string> => {
  const made = new DialQueue<string>();
  for (const [wish, isFirst] of waiting) made.add(wish, isFirst);
  return made;
};

describe('peers that wait to be dialed', () => {
  test('are taken in order, each once, those to which no way is tried before the others', () => {
    const waiting = queue(['a', false], ['b', true], ['c', true], ['d', false], ['b', true], ['a', false]);
    expect(waiting.size).toBe(4);
    expect([0, 0, 0, 0, 0].map((dialed) => waiting.take(dialed))).toEqual(['b', 'c', 'a', 'd', undefined]);
  });

  test('one that has lost all its ways is among the first, and stays there', () => {
    const waiting = queue(['a', false], ['b', false], ['b', true], ['b', false]);
    expect(waiting.size).toBe(2);
    expect([waiting.take(0), waiting.take(0), waiting.take(0)]).toEqual(['b', 'a', undefined]);
  });

  test('a second way leaves half of the dials to peers to which none is tried', () => {
    const waiting = queue(['a', false]);
    expect(waiting.take(DIALS / 2)).toBe(undefined);
    waiting.add('b', true);
    expect([waiting.take(DIALS), waiting.take(DIALS - 1)]).toEqual([undefined, 'b']);
    expect(waiting.take(DIALS / 2 - 1)).toBe('a');
  });

  test('one that is given up is taken by nobody', () => {
    const waiting = queue(['a', false], ['b', true]);
    waiting.delete('a');
    waiting.delete('b');
    expect([waiting.size, waiting.take(0)]).toEqual([0, undefined]);
  });
});
