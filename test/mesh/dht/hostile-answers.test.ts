/** What a contact that lies can do to a lookup: make it ask some nodes more, and nothing else. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { MAX_CONTACTS } from '../../../src/codec/field.ts';
import type { ContactPayload } from '../../../src/codec/payloads.ts';
import { bucketIndex } from '../../../src/mesh/dht/node-id.ts';
import type { Node } from '../../../src/node.ts';
import { closeAtEnd, contextOf, meshWorld } from '../../mesh-world.ts';
import { unchecked, type RawPeer } from '../raw-peer.ts';
import {
  expectNoCrash,
  find,
  idOf,
  joinedNodes,
  named,
  providersOf,
  publish,
  tableOf,
  whereIs,
} from './dht-mesh.ts';
import { lyingContact } from './lying-contact.ts';

const PROCEDURE = 'weather.forecast';

/** The nodes it names; undefined for none at all. */
type Named = (peer: RawPeer, victim: Node) => readonly ContactPayload[] | undefined;

const someId = (number: number): Uint8Array =>
  new Uint8Array(createHash('sha256').update(`made up ${number}`).digest());
/** As `someId`, right beside the target. */
const beside = (target: Uint8Array, number: number): Uint8Array => {
  const id = target.slice();
  id.set(someId(number).subarray(0, 8), 24);
  return id;
};

const LIES: Readonly<Record<string, Named>> = {
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
  test.each(Object.entries(LIES))('%s keeps nobody from what honest nodes have', async (_name, nodesOf) => {
    const world = meshWorld({ poison: false });
    const nodes = await joinedNodes(world, 4);
    closeAtEnd(world, ...nodes);
    await publish(world, nodes[1]!, PROCEDURE);
    const victim = nodes[3]!;
    const peer = await lyingContact(world, victim, (liar) => ({ nodes: nodesOf(liar, victim) }));
    const opened = contextOf(victim).counters.connectionsOpened;
    for (let round = 0; round < 3; round++) {
      const done = await find(world, victim, PROCEDURE);
      expect(providersOf(done)).toBe(named(nodes[1]!));
      expect(done?.stats.asked).toBeLessThanOrEqual(60);
      expect(await whereIs(world, victim, nodes[2]!.id)).toBeDefined();
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
    const peer = await lyingContact(world, victim, ({ channels: { dht } }, { type, payload }) => {
      const { request_id } = payload;
      dht.stream.write(
        type === 'find_node'
          ? unchecked('find_node_reply', { request_id, nodes: all })
          : unchecked('find_value_reply', { request_id, key: payload.key, result: 'nodes', nodes: all }),
      );
      return {};
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
    const lies = addresses.map((address, i) => ({ node_id: someId(i), address }));
    await lyingContact(world, nodes[3]!, () => ({ nodes: lies }));
    const done = await find(world, nodes[3]!, PROCEDURE);
    expect(done?.stats).toMatchObject({ asked: 4, answered: 4 });
  });

  test('nothing leaves the table at once, and is back when it answers a ping', async () => {
    const world = meshWorld({ poison: false });
    const nodes = await joinedNodes(world, 3);
    closeAtEnd(world, ...nodes);
    const victim = nodes[2]!;
    const peer = await lyingContact(world, victim, () => ({}));
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
