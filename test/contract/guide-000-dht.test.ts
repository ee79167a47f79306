/**
 * Guide 000, the hash table: one test per built row of docs/from-macula.md, in its order.
 */
import { beforeAll, expect, test } from 'vitest';
import { decodeCbor } from '../../src/codec/cbor.ts';
import { FRAME_TYPE_IDS } from '../../src/codec/frame-type.ts';
import type { ValueMap } from '../../src/codec/value.ts';
import { nodeIdOf } from '../../src/identity/identity.ts';
import { hex } from '../../src/mesh/context.ts';
import { ALPHA, K } from '../../src/mesh/dht/contact.ts';
import { Lookup } from '../../src/mesh/dht/lookup.ts';
import { ID_BITS } from '../../src/mesh/dht/node-id.ts';
import { procedureKey } from '../../src/mesh/dht/record.ts';
import { RecordStore } from '../../src/mesh/dht/record-store.ts';
import { RoutingTable } from '../../src/mesh/dht/routing-table.ts';
import type { Node } from '../../src/node.ts';
import { meshWorld, REALM, type MeshWorld } from '../mesh-world.ts';
import { contact } from '../mesh/dht/numbered-contacts.ts';
import {
  closestNodes,
  find,
  holders,
  hostOf,
  ids,
  joinedNodes,
  named,
  providersOf,
  publish,
} from '../mesh/dht/dht-mesh.ts';
import { judgeRecord } from '../mesh/dht/judge.ts';
import { expected, payload, record, WALL } from '../mesh/dht/signed.ts';
import { patient, runAlone } from '../mesh/dht/walking.ts';
import { published, recordsAt, threeNodes } from './discovery-mesh.ts';

const NAME = 'myapp.user.get';
const contacts = (count: number) => Array.from({ length: count }, (_, number) => contact(number));

/** A few nodes more than keep a record; no test takes one away before the last ones. */
const NODES = 22;
let world: MeshWorld;
let nodes: readonly Node[];
let provider: Node;

beforeAll(async () => {
  world = meshWorld({ poison: false });
  nodes = await joinedNodes(world, NODES);
  provider = nodes[3]!;
  await provider.advertise(NAME, () => 'served');
  await world.clock.advance(1_000);
}, 60_000);

test('000-dht-pure: table, lookup, store and record rules need no actor, no clock and no network', () => {
  const [self, ...others] = contacts(41) as [ReturnType<typeof contact>, ...ReturnType<typeof contact>[]];
  const table = new RoutingTable(self.id);
  for (const [now, other] of others.entries()) table.add(other, now);
  const lookup = new Lookup({ self: self.id, target: others[7]!.id, waits: patient });
  lookup.start(table.closest(others[7]!.id, K));
  expect(runAlone(lookup, () => ({ closer: others }))[0]).toEqual(others[7]);
  const store = new RecordStore();
  const at = { now: 0, wall: WALL };
  expect([store.put(record('a'), at), store.put(record('a'), at)]).toEqual(['added', 'same']);
  expect(judgeRecord(payload('a'), expected()).tag).toBe('verified');
});

test('000-dht-buckets: 256 bits, k = 20, alpha = 3; a full bucket has its oldest asked before a newcomer enters', () => {
  expect([ID_BITS, K, ALPHA]).toEqual([256, 20, 3]);
  const table = new RoutingTable(contact(0).id);
  // those in the other half of all ids: one bucket
  const far = contacts(100).filter(({ id }) => (id[0]! ^ table.self[0]!) >= 128);
  const verdicts = far.slice(0, K + 1).map((each, now) => table.add(each, now));
  expect(verdicts.slice(0, K)).toEqual(Array.from({ length: K }, () => ({ tag: 'added' })));
  expect(verdicts[K]).toEqual({ tag: 'full', oldest: far[0] });
  expect([table.size, table.find(far[0]!.nodeId), table.find(far[K]!.nodeId)]).toEqual([
    K,
    far[0],
    undefined,
  ]);
  // it did not answer
  expect(table.evict(far[0]!.nodeId)).toEqual({ evicted: far[0], promoted: far[K] });
});

test('000-dht-store-find: STORE is acknowledged, FIND_VALUE answers with what was stored', async () => {
  const { store, store_reply, find_value, find_value_reply } = FRAME_TYPE_IDS;
  expect([store, store_reply, find_value, find_value_reply]).toEqual([0x42, 0x45, 0x43, 0x44]);
  const mesh = await threeNodes();
  await published(mesh.world, mesh.a, NAME);
  const [kept] = recordsAt(mesh.c, NAME);
  const { host } = new URL(mesh.c.url);
  const { peers } = mesh.b;
  const again = { key: NAME, value: kept!.payload };
  const stored = await mesh.world.settle(peers.sendMessageAndWait(host, 'store', again));
  expect([stored.type, stored.message['error']]).toEqual(['store_reply', undefined]);
  const found = await mesh.world.settle(peers.sendMessageAndWait(host, 'find_value', { key: NAME }));
  expect([found.type, found.message['result']]).toEqual(['find_value_reply', 'value']);
  expect(found.message['value']).toEqual([{ record: kept?.payload.record, sig: kept?.payload.sig }]);
});

test('000-dht-replication: a lookup finds the 20 closest nodes, and the record is on these and no others', () => {
  const closest = closestNodes(nodes, procedureKey(NAME));
  expect(closest).toHaveLength(20);
  expect(ids(holders(world, nodes, NAME))).toEqual(ids(closest));
});

test('000-record-node-id: it is the SHA-256 of the key in the record, which has signed it', async () => {
  const mesh = await threeNodes();
  await published(mesh.world, mesh.a, NAME);
  const { nodeId, payload: signed } = recordsAt(mesh.c, NAME)[0]!;
  const decoded = decodeCbor(signed.record);
  const said = (decoded.ok ? decoded.value : expect.fail('it is not CBOR')) as ValueMap;
  expect(nodeId).toBe(mesh.a.id);
  expect([nodeId, said['node_id']]).toEqual([
    hex(nodeIdOf(said['public_key'] as Uint8Array)),
    nodeIdOf(said['public_key'] as Uint8Array),
  ]);
  const where = { key: hex(procedureKey(NAME)), realm: REALM, wall: mesh.world.clock.wall() };
  expect(judgeRecord(signed, where).tag).toBe('verified');
  const other = { ...signed, sig: new Uint8Array(64) };
  expect(judgeRecord(other, where)).toEqual({ tag: 'refused', fault: 'forged' });
});

test('000-discovery-k: it ends when all of the 20 closest have answered or failed, three at a time on each path', async () => {
  const done = await find(world, nodes[0]!, 'no.body');
  expect(done?.stats.answered).toBeGreaterThanOrEqual(K);
  const lookup = new Lookup({ self: contact(999).id, target: contact(500).id, waits: patient });
  lookup.start(contacts(40));
  const first = lookup.next(0);
  expect(first).toHaveLength(ALPHA * lookup.paths);
  for (const { contact: asked } of first) lookup.failed(asked.nodeId);
  const rest = runAlone(lookup, () => ({ closer: [] }));
  // whoever failed does not count: the next closest are asked instead
  expect(rest.length).toBeGreaterThanOrEqual(K);
  expect(lookup.closest()).toHaveLength(K);
});

test('000-perf-k20: an entry is on 20 nodes', () => {
  expect(holders(world, nodes, NAME)).toHaveLength(20);
});

test('000-perf-availability: with half of its holders dead it is found at once by every other node', async () => {
  const spared = new Set([nodes[0], provider]);
  const mortal = holders(world, nodes, NAME).filter((node) => !spared.has(node));
  const dead = new Set(mortal.slice(0, 10));
  for (const node of dead) world.network.faults.kill(hostOf(node));
  nodes = nodes.filter((node) => !dead.has(node));
  for (const node of nodes) expect(providersOf(await find(world, node, NAME))).toBe(named(provider));
  // what is said now is on those that are left
  await publish(world, nodes[0]!, 'said.again');
  expect(holders(world, nodes, 'said.again')).toHaveLength(nodes.length);
});

test('000-perf-log-n: a lookup is at most log2 N + 2 referrals long, and a call tells how many there were', async () => {
  for (const node of nodes.filter((each) => each !== provider)) {
    const result = await world.settle(node.tryCall(NAME, {}, { explain: true, forceRefresh: true }));
    expect(result).toMatchObject({ ok: true, value: 'served', route: 'dht' });
    expect(result.explanation?.hops).toBeGreaterThanOrEqual(1);
    expect(result.explanation?.hops).toBeLessThanOrEqual(Math.log2(NODES) + 2);
  }
});
