/**
 * Nodes that know each other from the start have the tables that joining would give them.
 */
import { expect, test } from 'vitest';
import { seededRandom } from '../../../src/actor/random.ts';
import { K, type Contact } from '../../../src/mesh/dht/contact.ts';
import { bucketIndex } from '../../../src/mesh/dht/node-id.ts';
import { known } from '../../../src/testing/simulation/acquaint.ts';
import { simulate } from '../../../src/testing/simulation/simulate.ts';

/** Real milliseconds, on a machine that has other things to do. */
const LIMIT = 60_000;

const random = seededRandom('acquaintances');

/** In order of their ids. */
function contacts(count: number): Contact[] {
  return Array.from({ length: count }, () => {
    const id = random.bytes(32);
    return { id, nodeId: Buffer.from(id).toString('hex'), address: '' };
  }).toSorted((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
}

const perBucket = (self: Contact, others: Iterable<Contact>): Map<number, number> => {
  const sizes = new Map<number, number>();
  for (const { id } of others) {
    const index = bucketIndex(self.id, id);
    sizes.set(index, (sizes.get(index) ?? 0) + 1);
  }
  return sizes;
};

test.each([1, 2, 3, 21, 500])('of %i each knows k in each bucket, or all there are, each once', (count) => {
  const all = contacts(count);
  for (const [at, self] of all.entries()) {
    const some = [...known(all, at, random)];
    expect(new Set(some).size).toBe(some.length);
    expect(some).not.toContain(self);
    const there = perBucket(
      self,
      all.filter((contact) => contact !== self),
    );
    const expected = new Map(Array.from(there, ([index, size]) => [index, Math.min(K, size)]));
    expect(perBucket(self, some)).toEqual(expected);
  }
});

test(
  'a mesh that knows itself violates no invariant, and nobody has to join it',
  async () => {
    const options = { seed: 'known', nodes: 8, clients: 1, duration: 1_000, faults: 0 } as const;
    const report = await simulate({ ...options, known: true, workload: { services: 2, calls: 10 } });
    expect(report.violations).toEqual([]);
    expect(report.counts.calls['ok']).toBeGreaterThan(0);
  },
  LIMIT,
);
