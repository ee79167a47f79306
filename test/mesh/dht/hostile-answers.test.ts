/** What a contact that lies can do to a lookup: make it ask some nodes more, and nothing else. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { MAX_CONTACTS } from '../../../src/codec/field.ts';
import type { ContactPayload } from '../../../src/codec/payloads.ts';
import type { ValueMap } from '../../../src/codec/value.ts';
import { lookUpPeer } from '../../../src/mesh/dht/dht.ts';
import { bucketIndex } from '../../../src/mesh/dht/node-id.ts';
import type { Node } from '../../../src/node.ts';
import { closeAtEnd, contextOf, meshWorld, type MeshWorld } from '../../mesh-world.ts';
import { rawPeer, unchecked, type RawPeer } from '../raw-peer.ts';
import { expectNoCrash, find, idOf, joinedNodes, named, providersOf, publish, tableOf } from './dht-mesh.ts';

const PROCEDURE = 'weather.forecast';

type Lie = (peer: RawPeer, victim: Node) => readonly ContactPayload[] | undefined;

/** A contact of `node` that answers every question for nodes with `lie`, or not at all. */
async function liar(world: MeshWorld, node: Node, lie: Lie): Promise<RawPeer> {
  const peer = await rawPeer(world, node);
  const plain = peer.connectFrame.bind(peer);
  peer.connectFrame = (over) => plain({ ...over, capabilities: ['rpc', 'node', 'dht'] });
  const { dht } = peer.channels;
  const read = dht.onData.bind(dht);
  let answered = 0;
  dht.onData = (bytes) => {
    read(bytes);
    for (; answered < dht.frames.length; answered++) {
      const { type, payload } = dht.frames[answered]!;
      const nodes = lie(peer, node);
      if (nodes === undefined) continue;
      if (type === 'find_node') dht.send('find_node_reply', { request_id: payload.request_id, nodes });
      if (type === 'find_value') {
        const { request_id, key } = payload;
        dht.send('find_value_reply', { request_id, key, result: 'nodes', nodes });
      }
    }
  };
  await peer.greeted();
  await world.clock.advance(100);
  expect(tableOf(node).find(Buffer.from(peer.identity.nodeId).toString('hex'))).toBeDefined();
  return peer;
}

const someId = (number: number): Uint8Array =>
  new Uint8Array(createHash('sha256').update(`made up ${number}`).digest());
/** As `someId`, right beside the target. */
const beside = (target: Uint8Array, number: number): Uint8Array => {
  const id = target.slice();
  id.set(someId(number).subarray(0, 8), 24);
  return id;
};

const LIES: Readonly<Record<string, Lie>> = {
  itself: (peer) => [{ node_id: peer.identity.nodeId, address: '198.18.9.9:1' }],
  us: (_peer, victim) => [{ node_id: idOf(victim), address: '198.18.9.9:1' }],
  'new ids each time, as many as an answer holds, each at an address of its own': (peer) =>
    Array.from({ length: MAX_CONTACTS }, (_, i) => ({
      node_id: someId(peer.channels.dht.frames.length * MAX_CONTACTS + i),
      address: `203.0.${peer.channels.dht.frames.length % 250}.${i}:9443`,
    })),
  'many ids at the address of an honest node': (_peer, victim) =>
    Array.from({ length: MAX_CONTACTS }, (_, i) => ({
      node_id: someId(i),
      address: new URL(victim.url).host,
    })),
  'one id at many addresses': () =>
    Array.from({ length: MAX_CONTACTS }, (_, i) => ({ node_id: someId(0), address: `203.0.113.7:${i + 1}` })),
  'what is closer each time': (peer) =>
    Array.from({ length: 20 }, (_, i) => ({
      node_id: beside(someId(1), peer.channels.dht.frames.length * 20 + i),
      address: `198.51.100.${i}:${peer.channels.dht.frames.length + 1}`,
    })),
  nothing: () => undefined,
};

describe('a contact that answers with', () => {
  test.each(Object.entries(LIES))('%s keeps nobody from what honest nodes have', async (_name, lie) => {
    const world = meshWorld({ poison: false });
    const nodes = await joinedNodes(world, 4);
    closeAtEnd(world, ...nodes);
    await publish(world, nodes[1]!, PROCEDURE);
    const victim = nodes[3]!;
    const peer = await liar(world, victim, lie);
    const opened = contextOf(victim).counters.connectionsOpened;
    for (let round = 0; round < 3; round++) {
      const done = await find(world, victim, PROCEDURE);
      expect(providersOf(done)).toBe(named(nodes[1]!));
      expect(done?.stats.asked).toBeLessThanOrEqual(60);
      expect(await world.settle(lookUpPeer(contextOf(victim), nodes[2]!.id, 10_000))).toBeDefined();
    }
    await world.clock.advance(20_000);
    const table = tableOf(victim);
    for (const { id, nodeId } of table.contacts()) {
      expect(bucketIndex(table.self, id)).toBeLessThan(256);
      const isReal = nodeId === Buffer.from(peer.identity.nodeId).toString('hex');
      expect(isReal || nodes.some((node) => node.id === nodeId)).toBe(true);
    }
    expect(contextOf(victim).counters.connectionsOpened - opened).toBeLessThanOrEqual(1);
    expect(peer.closes).toEqual([]);
    expectNoCrash(world);
  });

  test.each([
    { count: 200, of: 'more ids than an answer holds: it is no answer, and none of them is asked' },
    {
      count: 3_000,
      of: 'thousands of ids, in a frame that is too long: the connection ends, and the others go on',
    },
  ])('$of', async ({ count }) => {
    const world = meshWorld({ poison: false });
    const nodes = await joinedNodes(world, 4);
    closeAtEnd(world, ...nodes);
    await publish(world, nodes[1]!, PROCEDURE);
    const victim = nodes[3]!;
    const all = Array.from({ length: count }, (_, i) => ({
      node_id: someId(i),
      address: `203.0.${i % 250}.${i >> 8}:9443`,
    }));
    const peer = await liar(world, victim, ({ channels: { dht } }) => {
      const { type, payload } = dht.frames.at(-1) as unknown as { type: string; payload: ValueMap };
      const { request_id = null, key = null } = payload;
      if (type === 'find_node') dht.stream.write(unchecked('find_node_reply', { request_id, nodes: all }));
      if (type === 'find_value')
        dht.stream.write(unchecked('find_value_reply', { request_id, key, result: 'nodes', nodes: all }));
      return undefined;
    });
    for (let round = 0; round < 3; round++) {
      const done = await find(world, victim, PROCEDURE);
      expect(providersOf(done)).toBe(named(nodes[1]!));
      expect(done?.stats.asked).toBeLessThanOrEqual(4);
    }
    expect(tableOf(victim).size).toBeLessThanOrEqual(4);
    await world.clock.advance(1_000);
    expect(peer.closes.length).toBe(count > 1_000 ? 1 : 0);
    expectNoCrash(world);
  });

  test('machines of our own network makes us ask none of them', async () => {
    const world = meshWorld({ poison: false });
    const nodes = await joinedNodes(world, 4);
    closeAtEnd(world, ...nodes);
    const addresses = [
      '127.0.0.1:9443',
      '10.0.0.1:53',
      '192.168.1.1:1900',
      '169.254.169.254:80',
      '[::1]:9443',
    ];
    await liar(world, nodes[3]!, () => addresses.map((address, i) => ({ node_id: someId(i), address })));
    const done = await find(world, nodes[3]!, PROCEDURE);
    expect(done?.stats).toMatchObject({ asked: 4, answered: 4 });
  });

  test('nothing leaves the table at once, and is back when it answers a ping', async () => {
    const world = meshWorld({ poison: false });
    const nodes = await joinedNodes(world, 3);
    closeAtEnd(world, ...nodes);
    const victim = nodes[2]!;
    const peer = await liar(world, victim, () => undefined);
    const id = Buffer.from(peer.identity.nodeId).toString('hex');
    await find(world, victim, PROCEDURE);
    expect(tableOf(victim).find(id)).toBeUndefined();
    await world.clock.until(
      () => peer.channels.control.of('ping').length + peer.channels.dht.of('ping').length > 0,
    );
    for (const channel of [peer.channels.control, peer.channels.dht])
      for (const { request_id } of channel.of('ping'))
        channel.send('pong', { request_id, timestamp: 1, server_time: 1 });
    await world.clock.advance(10);
    expect(tableOf(victim).find(id)).toBeDefined();
  });
});
