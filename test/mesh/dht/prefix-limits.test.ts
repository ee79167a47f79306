import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/actor/random.ts';
import { PER_BUCKET, PER_TABLE, PrefixCounts, prefixOf } from '../../../src/mesh/dht/prefix-limits.ts';
import { RoutingTable } from '../../../src/mesh/dht/routing-table.ts';
import { addressClass } from '../../../src/transport/address.ts';
import { contactOf, near } from './contacts.ts';

describe('the network of an address', () => {
  test('is its /24 in IPv4 and its /48 in IPv6, however it is written', () => {
    const same = (a: string, b: string): void => {
      expect(prefixOf(a)).toBeDefined();
      expect(prefixOf(a)).toBe(prefixOf(b));
    };
    same('198.51.100.1:1', '198.51.100.255:9443');
    same('[2001:db8:1::1]:1', '[2001:db8:1:ffff:ffff::2]:9443');
    same('[2001:0db8:0001::1]:1', '[2001:db8:1::9]:1');
    same('198.51.100.1:1', '[::ffff:198.51.100.2]:1');
    expect(prefixOf('198.51.100.1:1')).not.toBe(prefixOf('198.51.101.1:1'));
    expect(prefixOf('[2001:db8:1::1]:1')).not.toBe(prefixOf('[2001:db8:2::1]:1'));
  });

  test('is not counted on loopback and in private ranges', () => {
    for (const host of ['127.0.0.1', '10.1.2.3', '172.31.0.1', '192.168.1.1', '100.127.0.1', '169.254.0.1']) {
      expect(prefixOf(`${host}:9443`)).toBeUndefined();
      expect(prefixOf(`[::ffff:${host}]:9443`)).toBeUndefined();
    }
    for (const host of ['::1', 'fd00::1', 'fe80::1']) expect(prefixOf(`[${host}]:9443`)).toBeUndefined();
    expect(prefixOf('172.32.0.1:9443')).toBeDefined();
    expect(prefixOf('100.128.0.1:9443')).toBeDefined();
  });

  test('is counted exactly when the address is public', () => {
    fc.assert(
      fc.property(fc.ipV4(), (host) => {
        expect(prefixOf(`${host}:1`) !== undefined).toBe(addressClass(host) === 'public');
      }),
    );
  });
});

test('counts go down to nothing again', () => {
  const counts = new PrefixCounts();
  for (let i = 0; i < PER_TABLE; i++) counts.add(7);
  expect(counts.hasRoom(7)).toBe(false);
  counts.remove(7);
  expect(counts.hasRoom(7)).toBe(true);
  for (let i = 1; i < PER_TABLE; i++) counts.remove(7);
  expect(counts.size).toBe(0);
  expect(counts.hasRoom(undefined)).toBe(true);
});

describe('a table', () => {
  const random = seededRandom('networks');
  const self = random.bytes(32);
  const some = (bits: number, address: string) => contactOf(near(self, bits, random.bytes(32)), address);

  test('takes two of one public network per bucket, and ten in all', () => {
    const table = new RoutingTable(self);
    const tags: string[] = [];
    for (let bits = 0; bits < 8; bits++) {
      for (let i = 0; i < 3; i++) tags.push(table.add(some(bits, `198.51.100.${bits * 3 + i}:1`), 0).tag);
    }
    expect(PER_BUCKET).toBe(2);
    const two = ['added', 'added', 'limited'];
    expect(tags).toEqual([two, two, two, two, two, ...Array.from({ length: 9 }, () => 'limited')].flat());
    expect(table.size).toBe(PER_TABLE);
    expect(table.add(some(3, '198.51.101.1:1'), 0).tag).toBe('added');
  });

  test('takes any number of loopback and private addresses', () => {
    const table = new RoutingTable(self);
    for (let i = 0; i < 10; i++) {
      expect(table.add(some(0, `127.0.0.1:${i + 1}`), 0).tag).toBe('added');
      expect(table.add(some(0, `10.0.0.${i + 1}:1`), 0).tag).toBe('added');
    }
  });

  test('has room again when one has gone', () => {
    const table = new RoutingTable(self);
    const [a, b, c] = [1, 2, 3].map((i) => some(0, `198.51.100.${i}:1`));
    table.add(a!, 0);
    table.add(b!, 0);
    expect(table.add(c!, 0).tag).toBe('limited');
    table.evict(a!.nodeId);
    expect(table.add(c!, 0).tag).toBe('added');
  });

  test('counts those that leave and those that are promoted', () => {
    const table = new RoutingTable(self, 2);
    const contacts = Array.from({ length: PER_TABLE }, (_each, i) => some(i >> 1, `198.51.100.${i + 1}:1`));
    for (const contact of contacts) expect(table.add(contact, 0).tag).toBe('added');
    const spare = some(0, '198.51.100.99:1');
    expect(table.add(spare, 0).tag).toBe('full');
    expect(table.add(some(9, '198.51.100.98:1'), 0).tag).toBe('limited');
    expect(table.evict(contacts[0]!.nodeId)?.promoted).toBe(spare);
    expect(table.add(some(9, '198.51.100.97:1'), 0).tag).toBe('limited');
    table.evict(spare.nodeId);
    expect(table.add(some(9, '198.51.100.96:1'), 0).tag).toBe('added');
  });

  test('does not let a contact move into a network that has its share', () => {
    const table = new RoutingTable(self);
    const moving = some(0, '203.0.113.1:1');
    for (const contact of [some(0, '198.51.100.1:1'), some(0, '198.51.100.2:1'), moving])
      table.add(contact, 0);
    expect(table.add({ ...moving, address: '198.51.100.3:1' }, 1).tag).toBe('limited');
    expect(table.find(moving.nodeId)).toBe(moving);
    expect(table.add({ ...moving, address: '203.0.113.9:1' }, 1).tag).toBe('updated');
    table.evict(moving.nodeId);
    expect(table.add(some(0, '203.0.113.1:1'), 2).tag).toBe('added');
    expect(table.add(some(0, '203.0.113.2:1'), 2).tag).toBe('added');
  });

  test('promotes a spare only into a network that has room', () => {
    const table = new RoutingTable(self, 3);
    const [a, b, c] = [some(0, '198.51.100.1:1'), some(0, '198.51.100.2:1'), some(0, '203.0.113.1:1')];
    for (const contact of [a, b, c]) table.add(contact, 0);
    const fits = some(0, '203.0.113.2:1');
    const newest = some(0, '198.51.100.3:1');
    for (const contact of [fits, newest]) expect(table.add(contact, 1).tag).toBe('full');
    expect(table.evict(c.nodeId)?.promoted).toBe(fits);
    expect(table.evict(a.nodeId)?.promoted).toBe(newest);
  });
});
