import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/actor/random.ts';
import { powerOfTwo } from '../../../src/mesh/router/select.ts';

const loads = (list: readonly number[]) => list.map((inFlight, at) => ({ at, inFlight }));

describe('powerOfTwo', () => {
  test('of nobody is nobody, of one is that one', () => {
    expect(powerOfTwo([], seededRandom(1))).toBe(undefined);
    expect(powerOfTwo(loads([9]), seededRandom(1))?.at).toBe(0);
  });

  test('never takes the busiest of all, unless all are as busy', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(100), { minLength: 2, maxLength: 20 }), fc.nat(), (list, seed) => {
        const chosen = powerOfTwo(loads(list), seededRandom(seed));
        const most = Math.max(...list);
        const alone = list.filter((load) => load === most).length === 1;
        expect(chosen).toBeDefined();
        if (alone) expect(chosen?.inFlight).toBeLessThan(most);
      }),
    );
  });

  test('draws two different candidates, each pair as likely as another', () => {
    const random = seededRandom('pairs');
    const counts = new Map<number, number>();
    // with loads 0, 1, 2 the third is never chosen, the first in 2 of 3 pairs
    for (let n = 0; n < 30_000; n++) {
      const at = powerOfTwo(loads([0, 1, 2]), random)?.at ?? -1;
      counts.set(at, (counts.get(at) ?? 0) + 1);
    }
    expect(counts.get(2)).toBe(undefined);
    expect((counts.get(0) ?? 0) / 30_000).toBeCloseTo(2 / 3, 1);
  });
});
