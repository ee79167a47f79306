/** SECURITY §14 "Record forgery": what `npm test` does with 10,000 forgeries. */
import { expect, test } from 'vitest';
import { mutated } from '../mesh/dht/mutated.ts';

test('none of 100,000 mutated records is accepted', () => {
  expect(mutated(100_000, 20_260_301)).toEqual({ tried: 100_000, accepted: 0 });
});
