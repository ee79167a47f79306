import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandom } from '../../../src/actor/random.ts';
import { readvertiseAfter } from '../../../src/mesh/registry/readvertise.ts';

test('a record is said again after ttl/3 give or take 10 %, never sooner than 10 s, and spreads out', () => {
  fc.assert(
    fc.property(fc.integer({ min: 30, max: 86_400 }), fc.nat(), (ttl, seed) => {
      const random = seededRandom(seed);
      const all = Array.from({ length: 20 }, () => readvertiseAfter(ttl, random));
      for (const after of all) {
        expect(after).toBeGreaterThanOrEqual(Math.max(10_000, ttl * 300));
        expect(after).toBeLessThanOrEqual(Math.max(10_000, (ttl * 1_100) / 3));
      }
      if (ttl > 40) expect(new Set(all).size).toBeGreaterThan(10);
    }),
  );
});
