import { expect, test } from 'vitest';
import { REFUSED_FOR, RefusedAddresses } from '../../../src/mesh/dht/refused-addresses.ts';

test('a refusal is remembered for ten minutes, from the last one on', () => {
  const refused = new RefusedAddresses();
  refused.add('198.18.0.1:9443', 0);
  expect(refused.has('198.18.0.1:9443', REFUSED_FOR - 1)).toBe(true);
  expect(refused.has('198.18.0.1:9443', REFUSED_FOR)).toBe(false);
  expect(refused.has('198.18.0.2:9443', 0)).toBe(false);
  refused.add('198.18.0.1:9443', REFUSED_FOR);
  expect(refused.has('198.18.0.1:9443', 2 * REFUSED_FOR - 1)).toBe(true);
});

test('of more than 256 the oldest is forgotten', () => {
  const refused = new RefusedAddresses();
  for (let n = 0; n < 300; n++) refused.add(`198.18.0.1:${n + 1}`, n);
  expect(refused.size).toBe(256);
  expect([refused.has('198.18.0.1:44', 300), refused.has('198.18.0.1:45', 300)]).toEqual([false, true]);
});
