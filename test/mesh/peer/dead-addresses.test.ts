import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/actor/random.ts';
import { DeadAddresses } from '../../../src/mesh/peer/dead-addresses.ts';

const random = seededRandom('dead');
/** Milliseconds for which an address stays dead from `from` on. */
const deadFor = (dead: DeadAddresses, address: string, from: number): number => {
  for (let ms = 0; ms <= 10_000; ms++) if (!dead.has(address, from + ms)) return ms;
  return Infinity;
};

describe('dead addresses', () => {
  test('one is remembered for half a second at least and five at most, however often it fails', () => {
    const dead = new DeadAddresses();
    let now = 0;
    for (let n = 0; n < 40; n++) {
      dead.failed('a', now, random);
      const memory = deadFor(dead, 'a', now);
      expect(memory).toBeGreaterThanOrEqual(500);
      expect(memory).toBeLessThanOrEqual(5_000);
      now += memory;
    }
  });

  test('the count begins anew after half a minute without a failure', () => {
    const dead = new DeadAddresses();
    const high = { ...random, float: () => 0.999 };
    for (let n = 0; n < 10; n++) dead.failed('a', n, high);
    expect(deadFor(dead, 'a', 9)).toBe(5_000);
    dead.failed('a', 30_010, high);
    expect(deadFor(dead, 'a', 30_010)).toBeLessThan(800);
  });

  test('one that answers is alive at once', () => {
    const dead = new DeadAddresses();
    dead.failed('a', 0, random);
    dead.answered('a');
    expect([dead.has('a', 1), dead.size]).toEqual([false, 0]);
  });

  test('1,024 are remembered, the oldest is forgotten', () => {
    const dead = new DeadAddresses();
    for (let n = 0; n < 1_100; n++) dead.failed(`a${n}`, 0, random);
    expect([dead.size, dead.has('a0', 1), dead.has('a1099', 1)]).toEqual([1_024, false, true]);
  });
});
