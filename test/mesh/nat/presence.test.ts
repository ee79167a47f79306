import { expect, test } from 'vitest';
import { lookUp } from '../../../src/mesh/dht/dht.ts';
import { makeRecord, readRecord } from '../../../src/mesh/dht/record.ts';
import { presenceKey, presenceName } from '../../../src/mesh/registry/presence.ts';
import { contextOf, REALM } from '../../mesh-world.ts';
import { natWorld, pathTo } from './nat-world.ts';

test('a node that nobody can dial is found by its id alone, as long as it is attached to a station', async () => {
  const { world, behind } = await natWorld('presence');
  const alice = await behind('alice', 'sym');
  const bob = await behind('bob', 'sym');
  const said = contextOf(bob).discovery.publications;
  await world.clock.until(() => [...said.values()].some(({ state }) => state === 'published'));
  await world.settle(alice.peers.sendNatAware(bob.id, 'ping', {}));
  expect(pathTo(alice, bob)?.kind).toBe('relayed');
  // it takes that back when it leaves
  await world.settle(bob.close({ timeout: 1_000 }));
  await world.clock.until(() => pathTo(alice, bob) === undefined);
  const since = world.clock.now();
  expect((await world.failure(alice.peers.sendNatAware(bob.id, 'ping', {}))).tag).toBe('connection_error');
  expect(world.clock.now() - since).toBeLessThan(1_000);
});

test('who puts its own record under the id of another leads nobody to itself', async () => {
  const { world, behind } = await natWorld('presence-forged');
  const alice = await behind('alice', 'port');
  const identity = world.identity('mallory');
  const mallory = await behind('mallory', 'port', { identity });
  const victim = 'ab'.repeat(32);
  const key = presenceKey(victim);
  const issuedAt = world.clock.wall();
  const fields = { key, realm: REALM, endpoints: ['relay=203.0.113.1:9443'], metadata: {} };
  const made = makeRecord(identity, { ...fields, seq: issuedAt, issuedAt, ttl: 300_000, removed: false });
  if (made.tag !== 'made') return expect.fail('no record');
  const stored = await world.settle(
    lookUp(contextOf(mallory), { kind: 'store', key, value: made.payload }, 5_000),
  );
  expect(stored?.outcome.tag).toBe('stored');
  const asked = { kind: 'providers', procedure: presenceName(victim), key } as const;
  const seen = await world.settle(lookUp(contextOf(alice), asked, 5_000));
  expect(seen?.outcome).toEqual({ tag: 'providers', providers: [] });
  expect((await world.failure(alice.peers.sendNatAware(victim, 'ping', {}))).tag).toBe('connection_error');
  expect(pathTo(alice, mallory)).toBeUndefined();
});

test('a node is found though hundreds have put their records under its id before', async () => {
  const { world, station, behind } = await natWorld('presence-crowded');
  const identity = world.identity('bob');
  const id = Buffer.from(identity.nodeId).toString('hex');
  const key = presenceKey(id);
  const { records } = contextOf(station);
  for (let n = 0; n < 256; n++) {
    const issuedAt = world.clock.wall();
    const fields = { key, realm: REALM, endpoints: ['relay=203.0.113.250:9443'], metadata: {} };
    const made = makeRecord(world.identity(`sybil ${n}`), {
      ...fields,
      seq: issuedAt,
      issuedAt,
      ttl: 3_600_000,
      removed: false,
    });
    if (made.tag !== 'made') return expect.fail('no record');
    const expected = { key: Buffer.from(key).toString('hex'), realm: REALM, wall: issuedAt };
    const reading = readRecord(made.payload, expected);
    if (reading.tag !== 'read') return expect.fail(reading.fault);
    const at = { now: world.clock.now(), wall: issuedAt };
    expect(records.put(reading.record, at)).toBe('added');
  }
  const alice = await behind('alice', 'sym');
  const bob = await behind('bob', 'sym', { identity });
  const said = contextOf(bob).discovery.publications;
  await world.clock.until(() => [...said.values()].some(({ state }) => state === 'published'));
  await world.settle(alice.peers.sendNatAware(bob.id, 'ping', {}));
  expect(pathTo(alice, bob)?.kind).toBe('relayed');
  return undefined;
});
