import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Crowding } from '../../../src/mesh/dht/crowding.ts';
import { K } from '../../../src/mesh/dht/contact.ts';
import { seededRandom } from '../../../src/actor/random.ts';
import { compareDistance } from '../../../src/mesh/dht/node-id.ts';

const HOUR = 3_600_000;

/** An id at a share of the whole space from zero. */
function idAt(share: number): Uint8Array {
  const id = new Uint8Array(32);
  new DataView(id.buffer).setUint32(0, Math.floor(share * 2 ** 32));
  return id;
}

/** The k-th closest of these to a target. */
const farthestOf = (ids: readonly Uint8Array[], target: Uint8Array): Uint8Array =>
  ids.toSorted((a, b) => compareDistance(a, b, target))[K - 1]!;

/** Five targets whose k-th closest is at a tenth of the space. */
function usual(): Crowding {
  const crowding = new Crowding();
  for (let n = 1; n <= 5; n++) {
    const target = idAt(n / 8);
    const there = Buffer.from(target.map((byte, index) => byte ^ idAt(0.1)[index]!));
    expect(crowding.judge(target, there, 0)).toBeUndefined();
  }
  return crowding;
}

const KEY = idAt(0);

describe('a key with more nodes around it than chance puts there', () => {
  test('is told, with how many times closer they are', () => {
    expect(usual().judge(KEY, idAt(0.1 / 50), 1)).toBe(50);
  });

  test('is told once an hour, however often it is looked up', () => {
    const crowding = usual();
    expect(crowding.judge(KEY, idAt(0.001), 1)).toBe(100);
    expect(crowding.judge(KEY, idAt(0.001), 2)).toBeUndefined();
    expect(crowding.judge(KEY, idAt(0.001), 599_000)).toBeUndefined();
  });

  test('is told again after an hour', () => {
    const crowding = usual();
    crowding.judge(KEY, idAt(0.001), 1);
    for (let n = 1; n <= 5; n++) crowding.judge(idAt(n / 8), idAt(n / 8 + 0.1), HOUR);
    expect(crowding.judge(KEY, idAt(0.001), HOUR + 1)).toBeGreaterThan(8);
  });

  test('does not become usual by being asked about often', () => {
    const crowding = usual();
    for (let n = 0; n < 100; n++) crowding.judge(KEY, idAt(0.001), n);
    expect(crowding.judge(idAt(1 / 3), idAt(1 / 3 + 0.0001), 100)).toBeGreaterThan(8);
  });
});

describe('nothing is told', () => {
  test('of what is less than eight times closer', () => {
    expect(usual().judge(KEY, idAt(0.1 / 7.9), 1)).toBeUndefined();
  });

  test('before three other targets were looked up', () => {
    const crowding = new Crowding();
    for (let n = 1; n <= 2; n++) crowding.judge(idAt(n / 8), idAt(n / 8 + 0.1), 0);
    expect(crowding.judge(KEY, idAt(0.0001), 1)).toBeUndefined();
  });

  test('by comparison with what was longer than ten minutes ago: the mesh may have grown', () => {
    expect(usual().judge(KEY, idAt(0.0001), 600_001)).toBeUndefined();
  });

  test('of nodes whose ids are hashes, whatever their number and the target', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: K, max: 300 }), (seed, count) => {
        const random = seededRandom(seed);
        const ids = Array.from({ length: count }, () => new Uint8Array(random.bytes(32)));
        const crowding = new Crowding();
        for (let n = 0; n < 40; n++) {
          const target = new Uint8Array(random.bytes(32));
          expect(crowding.judge(target, farthestOf(ids, target), n)).toBeUndefined();
        }
      }),
      { numRuns: 30 },
    );
  });
});
