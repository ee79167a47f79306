/** The answers are the vectors' (`test/vectors/routing-table.json`); the others must hold for any table. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/actor/random.ts';
import type { Contact } from '../../../src/mesh/dht/contact.ts';
import { Lookup } from '../../../src/mesh/dht/lookup.ts';
import { bucketIndex } from '../../../src/mesh/dht/node-id.ts';
import { RoutingTable } from '../../../src/mesh/dht/routing-table.ts';
import { vectors } from '../../codec/vectors.ts';
import { bruteForce, contactOf, ids, near, node, randomContacts } from './contacts.ts';
import { patient, runAlone } from './walking.ts';

interface Input {
  readonly op: string;
  readonly local: number;
  readonly k: number;
  readonly insert: readonly [] | readonly [number, number];
  readonly add: readonly number[];
  readonly target: number;
  readonly n: number;
  readonly current: readonly number[];
  readonly new: readonly number[];
  readonly nodes: readonly number[];
  readonly queried: readonly number[];
  readonly alpha: number;
  readonly known: number;
  readonly holder: string | null;
  readonly text: string;
}
interface Expectation {
  readonly ok: unknown;
}

const nodes = Array.from({ length: 3_000 }, (_each, i) => node(i));
const numbers = new Map(nodes.map(({ nodeId }, i) => [nodeId, i]));
const numberOf = ({ nodeId }: Contact): number => numbers.get(nodeId)!;

function tableOf({ local, k, insert: [first, last] }: Input): RoutingTable {
  const table = new RoutingTable(node(local).id, k);
  if (first !== undefined) for (let i = first; i <= last!; i++) table.add(nodes[i]!, 0);
  return table;
}

/** The id of a small number. */
const numbered = (n: number): Contact => {
  const id = new Uint8Array(32);
  id[31] = n;
  return contactOf(id);
};

const operations: Readonly<Record<string, (input: Input) => unknown>> = {
  find_closest: (input) => tableOf(input).closest(node(input.target).id, input.n).map(numberOf),

  table: (input) => {
    const table = tableOf(input);
    return {
      size: table.size,
      kept: table
        .contacts()
        .map(numberOf)
        .toSorted((a, b) => a - b),
      bucketSizes: [...table.bucketSizes()],
    };
  },

  integerTable: ({ local, k, add, target, n }) => {
    const table = new RoutingTable(numbered(local).id, k);
    for (const i of add) table.add(numbered(i), 0);
    if (target === undefined) return { size: table.size };
    const number = ({ id }: Contact): number => id[31]!;
    return {
      size: table.size,
      bucket252: table
        .contacts()
        .filter(({ id }) => bucketIndex(numbered(local).id, id) === 252)
        .map(number),
      closest: table.closest(numbered(target).id, n).map(number),
    };
  },

  // a lookup that is told the one list first and the other by an answer
  update_closest: ({ target, current, new: more, k }) => {
    const lookup = new Lookup({
      self: numbered(255).id,
      target: numbered(target).id,
      waits: patient,
      alpha: 100,
      k,
    });
    lookup.start(current.map(numbered));
    const [first, ...others] = lookup.next(0);
    if (first !== undefined) lookup.answered(first.contact.nodeId, more.map(numbered), 0);
    for (const { contact } of [...others, ...lookup.next(0)]) lookup.answered(contact.nodeId, [], 0);
    return lookup.closest(k).map(({ id }) => id[31]);
  },

  // those that were asked before are never chosen again
  select_alpha: ({ nodes: all, queried, alpha }) => {
    const isQueried = ({ id }: Contact): boolean => queried.includes(id[31]!);
    const lookup = new Lookup({
      self: node(0).id,
      target: new Uint8Array(32),
      waits: patient,
      isLost: isQueried,
      alpha,
    });
    lookup.start(all.map(numbered));
    return lookup.next(0).map(({ contact }) => contact.id[31]);
  },

  lookup: ({ known, holder }) => {
    const random = seededRandom('lookup');
    const target = random.bytes(32);
    const contacts = randomContacts(random, known);
    const fifth = bruteForce(contacts, target, 5)[4]!;
    const lookup = new Lookup({ self: random.bytes(32), target, waits: patient, enough: 3 });
    lookup.start(contacts);
    runAlone(lookup, (contact) => ({ closer: [], hasValues: holder !== null && contact === fifth }));
    if (holder !== null) return lookup.holders === 1 ? 'found' : 'not_found';
    return { queried: lookup.stats.asked };
  },
};

const statements: Readonly<Record<string, () => unknown>> = {
  '2,000 random targets per table of 5, 20, 50, 200, 1000 inserted nodes': () => {
    const random = seededRandom('targets');
    let wrong = 0;
    for (const count of [5, 20, 50, 200, 1_000]) {
      const table = new RoutingTable(node(0).id);
      for (let i = 1; i <= count; i++) table.add(nodes[i]!, 0);
      const all = table.contacts();
      for (let i = 0; i < 2_000; i++) {
        const target = random.bytes(32);
        const found = ids(table.closest(target, 20));
        if (found.join() !== ids(bruteForce(all, target, 20)).join()) wrong++;
      }
    }
    return `${wrong} wrong`;
  },
};

describe('vectors', () => {
  for (const { name, input, expect: expected } of vectors<Input, Expectation>('routing-table')) {
    // the record store's
    if (input.op === 'dht') continue;
    test(name, () => {
      const operation = input.op === 'property' ? statements[input.text] : operations[input.op];
      if (operation === undefined) throw new Error(`unknown op ${input.op}`);
      expect(operation(input)).toEqual(expected.ok);
    });
  }
});

/** An id, and how many bits it shares with an id drawn before: most tables are random, hostile ones are not. */
const place = fc.tuple(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.option(fc.nat(256), { freq: 2 }));

describe('closest', () => {
  test('B1: equals brute force over the whole table, in its order, however skewed the ids are', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.array(place, { minLength: 1, maxLength: 80 }),
        place,
        fc.integer({ min: 1, max: 5 }),
        fc.nat(40),
        fc.boolean(),
        (self, others, [random, shared], k, count, exclude) => {
          const table = new RoutingTable(self, k);
          for (const [rest, bits] of others) {
            table.add(contactOf(bits === null ? rest : near(self, bits, rest)), 0);
          }
          const target = shared === null ? random : near(self, shared, random);
          const all = table.contacts();
          const without = exclude ? table.closest(target, 1)[0]?.nodeId : undefined;
          const rest = all.filter(({ nodeId }) => nodeId !== without);
          const expected = ids(bruteForce(rest, target, count));
          expect(ids(table.closest(target, count, without))).toEqual(expected);
          expect(new Set(ids(table.closestUnsorted(target, count, without)))).toEqual(new Set(expected));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('ids alike in their first 32 bits are told apart', () => {
    const random = seededRandom('alike');
    const target = random.bytes(32);
    const table = new RoutingTable(near(target, 0, random.bytes(32)), 20);
    const alike = Array.from({ length: 20 }, (_each, i) => contactOf(near(target, 40 + i, random.bytes(32))));
    for (const contact of alike) table.add(contact, 0);
    expect(table.size).toBe(20);
    expect(ids(table.closest(target, 20))).toEqual(ids(bruteForce(alike, target, 20)));
  });
});

describe('a table', () => {
  test('holds no more than k per bucket, each once, never ourselves, and counts them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(12), fc.nat(8), fc.boolean()), { maxLength: 120 }),
        fc.integer({ min: 1, max: 4 }),
        (steps, k) => {
          const self = new Uint8Array(32);
          const table = new RoutingTable(self, k);
          const live = new Set<string>();
          for (const [bits, which, leaves] of steps) {
            const id = bits === 12 ? self : near(self, bits, new Uint8Array(32).fill(which));
            const contact = contactOf(id);
            if (leaves) {
              const gone = table.evict(contact.nodeId);
              expect(gone !== undefined).toBe(live.delete(contact.nodeId));
              if (gone?.promoted !== undefined) live.add(gone.promoted.nodeId);
            } else if (table.add(contact, 0).tag === 'added') live.add(contact.nodeId);
          }
          const all = ids(table.contacts());
          expect(new Set(all)).toEqual(live);
          expect(table.size).toBe(all.length);
          for (const size of table.bucketSizes().values()) expect(size).toBeLessThanOrEqual(k);
        },
      ),
    );
  });

  test('knows a contact at its newest address', () => {
    const table = new RoutingTable(node(0).id);
    const moved = { ...node(1), address: '10.0.0.1:9443' };
    table.add(node(1), 0);
    expect(table.add(moved, 1)).toEqual({ tag: 'updated' });
    expect(table.find(moved.nodeId)).toBe(moved);
    expect(table.size).toBe(1);
  });

  test('a contact that answered is the last to be asked again', () => {
    const self = node(0).id;
    const table = new RoutingTable(self, 2);
    const random = seededRandom('far');
    const [first, second, third] = [1, 2, 3].map(() => contactOf(near(self, 0, random.bytes(32))));
    table.add(first!, 0);
    table.add(second!, 1);
    expect(table.alive(first!.id, 2)).toBe(true);
    expect(table.alive(third!.id, 2)).toBe(false);
    expect(table.add(third!, 3)).toEqual({ tag: 'full', oldest: second });
  });
});

describe('refresh', () => {
  const random = seededRandom('refresh');

  test('an id is looked up in each bucket that nobody looked at for the period, up to the nearest contact', () => {
    const self = random.bytes(32);
    const table = new RoutingTable(self);
    expect(table.stale(1_000, 100, random)).toEqual([]);
    table.add(contactOf(near(self, 4, random.bytes(32))), 0);
    const buckets = (): number[] => table.stale(1_000, 100, random).map((id) => bucketIndex(self, id));
    expect(buckets()).toEqual([0, 1, 2, 3, 4]);
    table.lookedUp(near(self, 1, random.bytes(32)), 901);
    table.lookedUp(near(self, 3, random.bytes(32)), 900);
    expect(buckets()).toEqual([0, 2, 3, 4]);
  });

  test('a node that joins looks into each bucket beyond its nearest contact', () => {
    const self = random.bytes(32);
    const table = new RoutingTable(self);
    expect(table.beyondNeighbors(random)).toEqual([]);
    table.add(contactOf(near(self, 1, random.bytes(32))), 0);
    table.add(contactOf(near(self, 9, random.bytes(32))), 0);
    const buckets = table.beyondNeighbors(random).map((id) => bucketIndex(self, id));
    expect(buckets).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(table.beyondNeighbors(random, 1).map((id) => bucketIndex(self, id))).toEqual([
      0, 2, 3, 4, 5, 6, 7, 8,
    ]);
  });

  test('the id lies in its bucket, anywhere in it', () => {
    const self = random.bytes(32);
    const table = new RoutingTable(self);
    table.add(contactOf(near(self, 255, random.bytes(32))), 0);
    const seen = new Set<number>();
    for (let round = 0; round < 25; round++) {
      const drawn = table.stale(Infinity, 1, random);
      drawn.forEach((id, index) => expect(bucketIndex(self, id)).toBe(index));
      seen.add(drawn[2]![0]! & 0x1f);
    }
    expect(seen.size).toBeGreaterThan(12);
  });
});
