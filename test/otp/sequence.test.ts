import { expect, test } from 'vitest';
import { chainLike } from '../../src/otp/sequence.ts';

test('chainLike goes on at once with a value, later with anything that has a then, and passes failures on', async () => {
  const next = (value: number): string => `got ${value}`;
  expect(chainLike(1, next)).toBe('got 1');
  const thenable: PromiseLike<number> = {
    then: (onValue) => Promise.resolve(2).then(onValue),
  };
  for (const later of [Promise.resolve(2), thenable]) {
    const chained = chainLike(later, next);
    expect(chained).toBeInstanceOf(Promise);
    expect(await chained).toBe('got 2');
  }
  await expect(chainLike(Promise.reject(new Error('no')), next)).rejects.toThrow('no');
});
