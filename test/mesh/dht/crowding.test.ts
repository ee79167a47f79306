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

/** Our own neighbors are as far as usual. */
const HERE = { self: idAt(0.5), neighbor: idAt(0.6) };

/** Five targets whose k-th closest is at a tenth of the space. */
function usual(): Crowding {
  const crowding = new Crowding();
  for (let n = 1; n <= 5; n++) {
    const target = idAt(n / 8);
    const there = Buffer.from(target.map((byte, index) => byte ^ idAt(0.1)[index]!));
    expect(crowding.judge(target, there, HERE, 0)).toBeUndefined();
  }
  return crowding;
}

const KEY = idAt(0);

describe('a key with more nodes around it than chance puts there', () => {
  test('is told, with how many times closer they are', () => {
    expect(usual().judge(KEY, idAt(0.1 / 50), HERE, 1)).toBe(50);
  });

  test('is told once an hour, however often it is looked up', () => {
    const crowding = usual();
    expect(crowding.judge(KEY, idAt(0.001), HERE, 1)).toBe(100);
    expect(crowding.judge(KEY, idAt(0.001), HERE, 2)).toBeUndefined();
    expect(crowding.judge(KEY, idAt(0.001), HERE, 599_000)).toBeUndefined();
  });

  test('is told again after an hour', () => {
    const crowding = usual();
    crowding.judge(KEY, idAt(0.001), HERE, 1);
    for (let n = 1; n <= 5; n++) crowding.judge(idAt(n / 8), idAt(n / 8 + 0.1), HERE, HOUR);
    expect(crowding.judge(KEY, idAt(0.001), HERE, HOUR + 1)).toBeGreaterThan(8);
  });

  test('does not become usual by names nearby that are asked for, however many', () => {
    const crowding = usual();
    for (let n = 1; n <= 100; n++) crowding.judge(idAt(n / 10_000), idAt(n / 10_000 + 0.001), HERE, n);
    expect(crowding.judge(KEY, idAt(0.001), HERE, 101)).toBe(100);
  });
});

describe('nothing is told', () => {
  test('when our own neighbors are as close: the mesh has grown', () => {
    const grown = { self: idAt(0.5), neighbor: idAt(0.502) };
    expect(usual().judge(KEY, idAt(0.002), grown, 1)).toBeUndefined();
  });

  test('by a table of too few nodes', () => {
    expect(usual().judge(KEY, idAt(0.001), { self: idAt(0.5), neighbor: undefined }, 1)).toBeUndefined();
  });

  test('of what is less than eight times closer', () => {
    expect(usual().judge(KEY, idAt(0.1 / 7.9), HERE, 1)).toBeUndefined();
  });

  test('before three other targets were looked up', () => {
    const crowding = new Crowding();
    for (let n = 1; n <= 2; n++) crowding.judge(idAt(n / 8), idAt(n / 8 + 0.1), HERE, 0);
    expect(crowding.judge(KEY, idAt(0.0001), HERE, 1)).toBeUndefined();
  });

  test('by comparison with what was longer than ten minutes ago: the mesh may have grown', () => {
    expect(usual().judge(KEY, idAt(0.0001), HERE, 600_001)).toBeUndefined();
  });

  test('of nodes whose ids are hashes, whatever their number and the target', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: K, max: 300 }), (seed, count) => {
        const random = seededRandom(seed);
        const ids = Array.from({ length: count }, () => new Uint8Array(random.bytes(32)));
        const crowding = new Crowding();
        const [self = KEY, ...others] = ids;
        const here = { self, neighbor: others.length < K ? undefined : farthestOf(others, self) };
        for (let n = 0; n < 40; n++) {
          const target = new Uint8Array(random.bytes(32));
          expect(crowding.judge(target, farthestOf(ids, target), here, n)).toBeUndefined();
        }
      }),
      { numRuns: 30 },
    );
  });
});
