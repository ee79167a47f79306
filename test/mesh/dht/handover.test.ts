import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/actor/random.ts';
import { hex } from '../../../src/mesh/context.ts';
import { K, type Contact } from '../../../src/mesh/dht/contact.ts';
import { handover } from '../../../src/mesh/dht/handover.ts';
import { compareDistance } from '../../../src/mesh/dht/node-id.ts';
import { RecordStore } from '../../../src/mesh/dht/record-store.ts';
import { record, TTL, WALL } from './signed.ts';

const START = { now: 0, wall: WALL };
const template = record('a');

const contact = (id: Uint8Array): Contact => ({ id, nodeId: hex(id), address: '192.0.2.1:9443' });

/** So many nodes, each of which knows all others, and so many keys. */
function mesh(seed: number, nodes: number, keys: number) {
  const random = seededRandom(seed);
  const contacts = Array.from({ length: nodes }, () => contact(random.bytes(32)));
  const targets = Array.from({ length: keys }, () => random.bytes(32));
  const closest = (all: readonly Contact[], target: Uint8Array): readonly Contact[] =>
    all.toSorted((a, b) => compareDistance(a.id, b.id, target)).slice(0, K);
  return { contacts, targets, closest };
}

describe('handover', () => {
  test('a newcomer gets each record it should keep from exactly one of those who keep it', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 2, max: 60 }), (seed, count) => {
        const { contacts, targets, closest } = mesh(seed, count, 20);
        const [newcomer, ...rest] = contacts;
        const given: string[] = [];
        for (const self of rest) {
          const store = new RecordStore();
          for (const target of targets) {
            if (closest(rest, target).includes(self)) store.put({ ...template, key: hex(target) }, START);
          }
          const known = contacts.filter((other) => other !== self);
          for (const { key } of handover(store, newcomer!, self.id, (to) => closest(known, to), START)) {
            given.push(hex(key));
          }
        }
        const wanted = targets.filter((target) => closest(contacts, target).includes(newcomer!)).map(hex);
        expect(given.toSorted()).toEqual(wanted.toSorted());
      }),
      { numRuns: 20 },
    );
  });

  test('gives tombstones too, and nothing that has expired', () => {
    const [self, newcomer] = [contact(new Uint8Array(32).fill(1)), contact(new Uint8Array(32).fill(2))];
    const store = new RecordStore();
    store.put(template, START);
    const gone = record('b', { removed: true });
    store.put(gone, START);
    const give = (ms: number) =>
      handover(store, newcomer, self.id, () => [newcomer], { now: ms, wall: WALL + ms });
    expect(give(0).map(({ value }) => value)).toEqual([template.payload, gone.payload]);
    expect(give(TTL)).toEqual([]);
  });

  test('is bounded', () => {
    const [self, newcomer] = [contact(new Uint8Array(32).fill(1)), contact(new Uint8Array(32).fill(2))];
    const store = new RecordStore();
    const random = seededRandom('many');
    for (let count = 0; count < 2_000; count++) {
      store.put({ ...template, key: hex(random.bytes(32)) }, START);
    }
    expect(handover(store, newcomer, self.id, () => [newcomer], START)).toHaveLength(1_024);
  });
});
