import { beforeEach, describe, expect, test } from 'vitest';
import { Answering } from '../../../src/mesh/connection/answering.ts';
import type { Channel } from '../../../src/mesh/connection/channel.ts';
import { K } from '../../../src/mesh/dht/contact.ts';
import { RoutingTable } from '../../../src/mesh/dht/routing-table.ts';
import type { Node } from '../../../src/node.ts';
import { actor } from '../../../src/mesh/context.ts';
import { closeAtEnd, contextOf, meshWorld, type MeshWorld } from '../../mesh-world.ts';
import { rawPeer, unchecked, type RawPeer } from '../raw-peer.ts';
import { ids } from '../dht/contacts.ts';
import { KEY, payload } from '../dht/signed.ts';

const bytes = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill);

describe('questions of a peer', () => {
  let world: MeshWorld;
  let node: Node;
  let peer: RawPeer;

  beforeEach(async () => {
    world = meshWorld();
    node = await world.node();
    closeAtEnd(world, node);
    peer = await (await rawPeer(world, node)).greeted();
    await world.clock.advance(10);
  });

  /** A record that is valid by the world's clock. */
  const record = (name: string, metadata: Record<string, string> = {}) => {
    const issuedAt = Math.round(world.clock.wall());
    return payload(name, { issuedAt, seq: issuedAt, metadata });
  };

  const store = (value: ReturnType<typeof record>): Uint8Array => {
    const id = peer.id();
    peer.channels.dht.send('store', { type: 'store', request_id: id, key: KEY, value });
    return id;
  };

  const stored = async (count: number) => {
    await world.clock.until(() => peer.channels.dht.of('store_reply').length >= count, 10_000);
    return peer.channels.dht.of('store_reply');
  };

  test('B8: a ping is answered by a pong with its id, its time and ours, which the schema asks for', async () => {
    const id = peer.id();
    peer.channels.dht.send('ping', { request_id: id, timestamp: 42 });
    await world.clock.advance(10);
    const pong = peer.channels.dht.of('pong').at(-1);
    expect(pong).toMatchObject({ request_id: id, timestamp: 42 });
    expect(Math.abs((pong?.server_time ?? 0) - world.clock.wall())).toBeLessThan(20);
    expect(peer.isOpen).toBe(true);
  });

  test('find_node is answered with the 20 closest contacts, never with the one who asks', async () => {
    const { dht } = contextOf(node);
    const table = (dht.table = new RoutingTable(Buffer.from(node.id, 'hex')));
    for (let n = 1; n <= 60; n++) {
      const id = bytes(32, n);
      table.add({ id, nodeId: Buffer.from(id).toString('hex'), address: `198.19.${n}.1:9443` }, 0);
    }
    const own = peer.identity.nodeId;
    table.add({ id: own, nodeId: Buffer.from(own).toString('hex'), address: '198.18.9.9:9443' }, 0);
    const id = peer.id();
    peer.channels.dht.send('find_node', { type: 'find_node', request_id: id, target: own });
    await world.clock.advance(10);
    const [reply] = peer.channels.dht.of('find_node_reply');
    const peerId = Buffer.from(own).toString('hex');
    expect(reply?.request_id).toEqual(id);
    const told = reply?.nodes.map(({ node_id }) => Buffer.from(node_id).toString('hex'));
    expect(told?.toSorted()).toEqual(ids(table.closest(own, K, peerId)).toSorted());
    expect(told).toHaveLength(K);
  });

  test('a peer of the public network is told no private addresses', async () => {
    const { dht } = contextOf(node);
    const table = (dht.table = new RoutingTable(Buffer.from(node.id, 'hex')));
    for (const [n, address] of ['10.0.0.3:9443', '127.0.0.1:9443', '198.19.3.1:9443'].entries()) {
      const id = bytes(32, n + 1);
      table.add({ id, nodeId: Buffer.from(id).toString('hex'), address }, 0);
    }
    peer.channels.dht.send('find_node', { type: 'find_node', request_id: peer.id(), target: bytes(32, 1) });
    await world.clock.advance(10);
    const [reply] = peer.channels.dht.of('find_node_reply');
    expect(reply?.nodes.map(({ address }) => address)).toEqual(['198.19.3.1:9443']);
  });

  test('private ones that are nearer do not hide it from the public ones behind them', async () => {
    const { dht } = contextOf(node);
    const self = Buffer.from(node.id, 'hex');
    const table = (dht.table = new RoutingTable(self));
    const add = (id: Uint8Array, address: string): void =>
      void table.add({ id, nodeId: Buffer.from(id).toString('hex'), address }, 0);
    const target = Uint8Array.from(self, (byte, at) => (at === 0 ? byte ^ 0x80 : byte));
    for (let n = 1; n <= K; n++)
      add(
        Uint8Array.from(target, (byte, at) => (at === 31 ? byte ^ n : byte)),
        `10.0.0.${n}:9443`,
      );
    add(
      Uint8Array.from(self, (byte, at) => (at === 0 ? byte ^ 0x40 : byte)),
      '198.19.3.1:9443',
    );
    peer.channels.dht.send('find_node', { type: 'find_node', request_id: peer.id(), target });
    await world.clock.advance(10);
    const [reply] = peer.channels.dht.of('find_node_reply');
    expect([table.size, reply?.nodes.map(({ address }) => address)]).toEqual([K + 1, ['198.19.3.1:9443']]);
  });

  test('a record is verified, kept, and given to whoever looks for its key, the contacts beside it', async () => {
    const value = record('weather');
    const id = store(value);
    const [kept] = await stored(1);
    expect(kept).toEqual({ request_id: id });
    const asked = peer.id();
    peer.channels.dht.send('find_value', { type: 'find_value', request_id: asked, key: KEY });
    await world.clock.advance(10);
    expect(peer.channels.dht.of('find_value_reply')[0]).toEqual({
      request_id: asked,
      key: KEY,
      result: 'value',
      value: [value],
      nodes: [],
    });
    peer.channels.dht.send('find_value', { type: 'find_value', request_id: peer.id(), key: bytes(32, 9) });
    await world.clock.advance(10);
    expect(peer.channels.dht.of('find_value_reply')[1]).toMatchObject({ result: 'nodes', nodes: [] });
  });

  test('a forged record is refused with a reason, a malformed store by its id', async () => {
    const { record: bytesOf } = record('weather');
    store({ record: bytesOf, sig: bytes(64, 3) });
    const id = peer.id();
    peer.channels.dht.stream.write(
      unchecked('store', { type: 'store', request_id: id, key: KEY, value: { record: bytesOf } }),
    );
    const replies = await stored(2);
    expect(replies.map(({ error }) => error?.code)).toEqual(['invalid_args', 'invalid_args']);
    expect(replies.some(({ request_id }) => Buffer.compare(request_id, id) === 0)).toBe(true);
    expect(contextOf(node).records.records).toBe(0);
  });

  test('an answer with more records than fit into a frame has as many as fit', async () => {
    for (let n = 0; n < 40; n++) store(record(`provider-${n}`, { pad: 'x'.repeat(3_000) }));
    await stored(40);
    peer.channels.dht.send('find_value', { type: 'find_value', request_id: peer.id(), key: KEY });
    await world.clock.advance(10);
    const [reply] = peer.channels.dht.of('find_value_reply');
    expect(reply?.value?.length).toBeGreaterThan(10);
    expect(reply?.value?.length).toBeLessThan(20);
  });

  test('64 records of one peer are under way, the rest is overloaded; a lost store answers that it is being restarted', async () => {
    const { runtime } = contextOf(node);
    const recordStore = actor(contextOf(node), 'recordStore')!;
    recordStore.suspended = true;
    for (let n = 0; n < 70; n++) store(record('weather'));
    await world.clock.advance(10);
    const replies = peer.channels.dht.of('store_reply');
    expect(replies.map(({ error }) => error?.code)).toEqual(Array.from({ length: 6 }, () => 'overloaded'));
    runtime.exit(recordStore, 'kill');
    const all = await stored(70);
    expect(all.filter(({ error }) => error?.code === 'connection_error').length).toBe(64);
  });

  test('of questions without end the first few thousand are answered, the others dropped and counted; other peers notice nothing', async () => {
    const target = bytes(32, 5);
    for (let n = 0; n < 6_000; n++) {
      peer.channels.dht.send('find_node', { type: 'find_node', request_id: peer.id(), target });
    }
    await world.clock.advance(20);
    const answered = peer.channels.dht.of('find_node_reply').length;
    expect(answered).toBeGreaterThan(4_000);
    expect(answered).toBeLessThan(4_300);
    expect(contextOf(node).counters.droppedQuestions).toBe(6_000 - answered);
    const other = await (await rawPeer(world, node, 'other')).greeted();
    other.channels.dht.send('find_node', { type: 'find_node', request_id: other.id(), target });
    await world.clock.advance(20);
    expect(other.channels.dht.of('find_node_reply').length).toBe(1);
    // later there is room again
    await world.clock.advance(1_000);
    peer.channels.dht.send('ping', { request_id: peer.id(), timestamp: 1 });
    await world.clock.advance(20);
    expect(contextOf(node).counters.droppedQuestions).toBe(6_000 - answered);
  });

  test('one that is dropped is no use of the connection: it keeps nobody in the pool', () => {
    const dht = { queued: Infinity, send: () => {} };
    let used = 0;
    const answering = new Answering({
      context: contextOf(node),
      peerId: '',
      address: '198.18.0.1:9443',
      dht: dht as unknown as Channel,
      used: () => used++,
      onAnsweringSettled: () => {},
    });
    const ping = { type: 'ping', payload: { request_id: bytes(16, 1), timestamp: 1 } } as const;
    answering.onFrame(ping);
    expect([used, contextOf(node).counters.droppedQuestions]).toEqual([0, 1]);
    dht.queued = 0;
    answering.onFrame(ping);
    expect([used, contextOf(node).counters.droppedQuestions]).toEqual([1, 1]);
  });

  test('a node that takes part in no DHT knows nobody and keeps nothing', async () => {
    const alone = await world.node({ dht: false });
    closeAtEnd(world, alone);
    peer = await (await rawPeer(world, alone, 'visitor')).greeted();
    store(record('weather'));
    const [reply] = await stored(1);
    expect(reply?.error?.code).toBe('unauthorized');
    peer.channels.dht.send('find_value', { type: 'find_value', request_id: peer.id(), key: KEY });
    await world.clock.advance(10);
    expect(peer.channels.dht.of('find_value_reply')[0]).toMatchObject({ result: 'nodes', nodes: [] });
  });
});
