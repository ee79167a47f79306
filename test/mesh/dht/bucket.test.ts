/** The rules of the order are the vectors' (`test/vectors/bucket.json`). */
import { describe, expect, test } from 'vitest';
import { Bucket } from '../../../src/mesh/dht/bucket.ts';
import type { Contact } from '../../../src/mesh/dht/contact.ts';
import { headOf } from '../../../src/mesh/dht/node-id.ts';
import { RoutingTable } from '../../../src/mesh/dht/routing-table.ts';
import type { Entry } from '../../../src/mesh/dht/row.ts';
import { seededRandom } from '../../../src/actor/random.ts';
import { vectors } from '../../codec/vectors.ts';
import { contactOf, ids, near, node } from './contacts.ts';

interface Op {
  readonly op: string;
  readonly i?: number;
  readonly target?: number;
  readonly n?: number;
}
interface Script {
  readonly capacity: number;
  readonly ops: readonly Op[];
}
type Input = Script | { readonly op: string } | { readonly scenario: string };

const entryOf = (contact: Contact, seenAt = 0): Entry => ({
  contact,
  head: headOf(contact.id),
  prefix: undefined,
  seenAt,
});

const numbers = new Map(Array.from({ length: 100 }, (_each, i) => [node(i).nodeId, i]));
const numberOf = ({ nodeId }: Contact): number => numbers.get(nodeId)!;

function run(bucket: Bucket, { op, i = 0, target = 0, n = 0 }: Op): unknown {
  const contact = node(i);
  const order = (): number[] => bucket.contacts.entries.map((entry) => numberOf(entry.contact));
  switch (op) {
    case 'add':
      if (bucket.touch(contact.id, headOf(contact.id), 0)) return { result: 'ok', order: order() };
      if (bucket.isFull) {
        bucket.spares.keep(contact, headOf(contact.id), 0);
        return { result: 'bucket_full', oldest: numberOf(bucket.oldest!), order: order() };
      }
      bucket.push(entryOf(contact));
      return { result: 'ok', order: order() };
    case 'touch':
      bucket.touch(contact.id, headOf(contact.id), 0);
      return { order: order() };
    case 'remove':
      bucket.remove(contact.id);
      return { order: order() };
    case 'closest': {
      const found: Contact[] = [];
      bucket.contacts.nearest(node(target).id, headOf(node(target).id), found, 0, n, undefined);
      return { result: found.map(numberOf) };
    }
    default:
      throw new Error(`unknown op ${op}`);
  }
}

/** A table of which one bucket is full. */
function full(capacity = 3) {
  const random = seededRandom('full bucket');
  const self = random.bytes(32);
  const some = (): Contact => contactOf(near(self, 5, random.bytes(32)));
  const table = new RoutingTable(self, capacity);
  const first = Array.from({ length: capacity }, some);
  first.forEach((contact, index) => table.add(contact, index));
  return { table, first, some };
}

const statements: Readonly<Record<string, () => void>> = {
  // time comes from whoever calls: there is always one
  timestamp: () => {
    const bucket = new Bucket(3);
    bucket.push(entryOf(node(1), 7));
    bucket.push(entryOf(node(2), 3));
    expect(bucket.contacts.entries.map(({ seenAt }) => seenAt)).toEqual([7, 3]);
    bucket.touch(node(1).id, headOf(node(1).id), 9);
    expect(bucket.contacts.entries.map(({ seenAt }) => seenAt)).toEqual([3, 9]);
  },
  'bucket full, newcomer arrives; a: oldest answers the ping; b: it fails': () => {
    const { table, first, some } = full();
    const [oldest, second, third] = first as [Contact, Contact, Contact];
    const newcomer = some();
    expect(table.add(newcomer, 10)).toEqual({ tag: 'full', oldest });
    expect(table.find(newcomer.nodeId)).toBeUndefined();
    // a
    expect(table.add(oldest, 11)).toEqual({ tag: 'updated' });
    expect(ids(table.contacts())).toEqual(ids([second, third, oldest]));
    // b
    expect(table.add(newcomer, 12)).toEqual({ tag: 'full', oldest: second });
    expect(table.evict(second.nodeId)).toEqual({ evicted: second, promoted: newcomer });
    expect(ids(table.contacts())).toEqual(ids([third, oldest, newcomer]));
  },
};

describe('vectors', () => {
  for (const { name, input, expect: expected } of vectors<Input, unknown>('bucket')) {
    test(name, () => {
      if ('ops' in input) {
        const bucket = new Bucket(input.capacity);
        expect(input.ops.map((op) => run(bucket, op))).toEqual(expected);
        return;
      }
      const statement = statements['op' in input ? input.op : input.scenario];
      if (statement === undefined) throw new Error(`unknown case ${name}`);
      statement();
    });
  }
});

describe('spares', () => {
  test('the newest takes the place of a contact that failed', () => {
    const { table, first, some } = full();
    const [older, newer] = [some(), some()];
    table.add(older, 10);
    table.add(newer, 11);
    expect(table.evict(first[0]!.nodeId)?.promoted).toBe(newer);
    expect(table.evict(first[1]!.nodeId)?.promoted).toBe(older);
    expect(table.evict(first[2]!.nodeId)?.promoted).toBeUndefined();
    expect(table.size).toBe(2);
  });

  test('one that is seen again becomes the newest', () => {
    const { table, first, some } = full();
    const [one, other] = [some(), some()];
    table.add(one, 10);
    table.add(other, 11);
    table.add(one, 12);
    expect(table.evict(first[0]!.nodeId)?.promoted).toBe(one);
  });

  test('there are as many as a bucket holds, the newest, however many come', () => {
    const bucket = new Bucket(3);
    for (let i = 0; i < 50; i++) bucket.spares.keep(node(i), headOf(node(i).id), 0);
    expect(bucket.spares.contacts().map(numberOf)).toEqual([47, 48, 49]);
  });

  test('each is there once, and one that finds a place by itself is a spare no longer', () => {
    const bucket = new Bucket(3);
    bucket.spares.keep(node(1), headOf(node(1).id), 0);
    bucket.spares.keep(node(1), headOf(node(1).id), 0);
    expect(bucket.spares.length).toBe(1);
    bucket.push(entryOf(node(1)));
    expect(bucket.spares.length).toBe(0);
  });

  test('one that was promoted is a spare no longer', () => {
    const { table, first, some } = full();
    const newcomer = some();
    table.add(newcomer, 10);
    expect(table.evict(first[0]!.nodeId)?.promoted).toBe(newcomer);
    expect(table.add(newcomer, 11)).toEqual({ tag: 'updated' });
    expect(table.evict(first[1]!.nodeId)?.promoted).toBeUndefined();
    expect(table.size).toBe(2);
  });

  test('one that failed leaves, so that it is not promoted', () => {
    const { table, first, some } = full();
    const newcomer = some();
    table.add(newcomer, 10);
    expect(table.evict(newcomer.nodeId)).toBeUndefined();
    expect(table.evict(first[0]!.nodeId)?.promoted).toBeUndefined();
  });
});
