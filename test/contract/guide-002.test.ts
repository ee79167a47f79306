/**
 * Guide 002: one test per built row of docs/from-macula.md, in its order.
 */
import { expect, test } from 'vitest';
import type { Node, PeerMessage, RpcFailure } from '../../src/index.ts';
import { procedureKey } from '../../src/mesh/dht/record.ts';
import { closeAtEnd, contextOf, meshWorld, REALM, type MeshWorld } from '../mesh-world.ts';
import { signedBy } from '../mesh/dht/signed.ts';
import { addressOf, connectionsOf } from '../mesh/peer/peer-world.ts';
import { rawNode } from '../mesh/raw-peer.ts';

/** An address at which nobody is. */
const NOBODY = '198.18.250.9:9443';

/** Nodes that take part in one DHT. */
async function mesh(count: number, world: MeshWorld = meshWorld()): Promise<Mesh> {
  const nodes: Node[] = [];
  for (let n = 0; n < count; n++) {
    const [first] = nodes;
    nodes.push(await world.node(first === undefined ? {} : { bootstrap: [first.url] }));
  }
  closeAtEnd(world, ...nodes);
  for (const node of nodes) await world.settle(node.ready());
  return { world, nodes };
}

interface Mesh {
  readonly world: MeshWorld;
  readonly nodes: readonly Node[];
}

/** Nodes that know nothing of each other. */
async function strangers(count: number): Promise<Mesh> {
  const world = meshWorld();
  const nodes: Node[] = [];
  for (let n = 0; n < count; n++) nodes.push(await world.node({ dht: false }));
  closeAtEnd(world, ...nodes);
  return { world, nodes };
}

function signed(
  world: MeshWorld,
  publisher: string,
  procedure: string,
): Required<Omit<PeerMessage, 'target'>> {
  const issuedAt = Math.round(world.clock.wall());
  const key = procedureKey(procedure);
  return { key: procedure, value: signedBy(world.identity(publisher), { key, issuedAt }) };
}

const failed = (world: MeshWorld, sending: Promise<unknown>): Promise<RpcFailure> => world.failure(sending);

test('002-direct-connections: any node is reached by its address, over one connection for all purposes', async () => {
  const { world, nodes } = await strangers(2);
  const [a, b] = nodes as [Node, Node];
  await world.settle(a.peers.sendMessageAndWait(addressOf(b), 'ping'));
  await world.settle(b.peers.sendMessageAndWait(addressOf(a), 'find_node', { target: a.id }));
  expect([connectionsOf(a).length, connectionsOf(b).length]).toEqual([1, 1]);
  expect(a.peers.list()).toMatchObject([{ nodeId: b.id, direction: 'out', kind: 'node' }]);
});

test('002-used-by-dht: the DHT asks and stores over the pooled connections', async () => {
  const { world, nodes } = await mesh(4);
  const [a, b] = nodes as [Node, Node];
  await b.advertise('used.by.dht', () => 'found');
  await world.clock.advance(2_000);
  const opened = contextOf(a).counters.connectionsOpened;
  expect(await world.settle(a.call('used.by.dht'))).toBe('found');
  const { hits } = a.peers.stats();
  expect(hits).toBeGreaterThan(0);
  expect(contextOf(a).counters.connectionsOpened - opened).toBeLessThanOrEqual(1);
});

test('002-used-by-rpc: a call to a provider on another node goes over the connection that is there', async () => {
  const { world, nodes } = await mesh(3);
  const [a, , c] = nodes as [Node, Node, Node];
  await c.advertise('used.by.rpc', () => 'direct');
  await world.clock.advance(2_000);
  await world.settle(a.peers.sendMessage(addressOf(c), 'ping'));
  const opened = contextOf(a).counters.connectionsOpened;
  expect(await world.settle(a.call('used.by.rpc'))).toBe('direct');
  expect(contextOf(a).counters.connectionsOpened).toBe(opened);
});

test('002-store-k20: a record is put on the 20 nodes closest to its key, which acknowledge it', async () => {
  const { world, nodes } = await mesh(24);
  await world.clock.advance(5_000);
  await nodes[7]!.advertise('store.here', () => 'kept');
  await world.clock.advance(5_000);
  const key = Buffer.from(procedureKey('store.here'));
  const distance = ({ id }: Node): string =>
    Buffer.from(Buffer.from(id, 'hex').map((byte, at) => byte ^ key[at]!)).toString('hex');
  const closest = nodes.toSorted((a, b) => (distance(a) < distance(b) ? -1 : 1)).slice(0, 20);
  const keepers = nodes.filter((node) => contextOf(node).records.records > 0);
  expect(new Set(keepers.map(({ id }) => id))).toEqual(new Set(closest.map(({ id }) => id)));
});

test('002-pool-reuse: connections are kept for the next message, 100 of them, each for 60 s without use', async () => {
  const { world, nodes } = await strangers(2);
  const [a, b] = nodes as [Node, Node];
  for (let n = 0; n < 10; n++) await world.settle(a.peers.sendMessageAndWait(addressOf(b), 'ping'));
  expect(contextOf(a).counters.connectionsOpened).toBe(1);
  expect(contextOf(a).settings.pool).toEqual({ size: 100, idleTimeout: 60_000 });
  await world.clock.advance(75_000);
  expect(a.peers.list()).toEqual([]);
  expect(a.peers.stats()).toMatchObject({ evictions: 1, size: 0 });
});

test('002-fire-and-forget: sending resolves when the frame has left, though nobody ever answers', async () => {
  const world = meshWorld();
  const a = await world.node({ dht: false });
  closeAtEnd(world, a);
  const raw = await rawNode(world, 'silent');
  const sending = a.peers.sendMessage(new URL(raw.url).host, 'find_node', { target: a.id });
  await world.clock.until(() => (raw.peers[0]?.channels.control.frames.length ?? 0) > 0);
  const [peer] = raw.peers;
  peer!.channels.control.send('connected', {
    node_id: peer!.identity.nodeId,
    realm: REALM,
    version: '1.0',
    seed: new Uint8Array(32),
  });
  await world.settle(sending, 1_000);
  await world.clock.advance(10);
  expect(peer!.channels.dht.of('find_node').length).toBe(1);
});

test('002-strategy-pooled: a connection that is there is used', async () => {
  const { world, nodes } = await strangers(2);
  const [a, b] = nodes as [Node, Node];
  await world.settle(a.peers.sendMessage(addressOf(b), 'ping'));
  await world.settle(a.peers.sendNatAware(b.id, 'ping'));
  expect(a.peers.stats()).toMatchObject({ hits: 1 });
  expect(contextOf(a).counters.connectionsOpened).toBe(1);
});

test('002-strategy-direct: else a new one is made, which takes 3 s at most', async () => {
  const { world, nodes } = await strangers(2);
  const [a, b] = nodes as [Node, Node];
  await world.settle(a.peers.sendNatAware(b.id, 'ping', {}, { endpoint: addressOf(b) }));
  expect(contextOf(a).counters.connectionsOpened).toBe(1);
  const before = world.clock.now();
  const failure = await failed(world, a.peers.sendMessage(NOBODY, 'ping', {}, { timeout: 20_000 }));
  expect(failure).toMatchObject({ tag: 'connection_error', sent: false });
  expect(world.clock.now() - before).toBeLessThanOrEqual(3_010);
});

test('002-send-example: a store goes to an endpoint by the name of its type; the record must be signed', async () => {
  const { world, nodes } = await mesh(2);
  const [a, b] = nodes as [Node, Node];
  const message = signed(world, 'calculator', 'service.calculator.add');
  await world.settle(a.peers.sendMessage(addressOf(b), 'dht_store', message));
  await world.clock.advance(100);
  expect(contextOf(b).records.records).toBe(1);
  const unsigned = { ...message, value: '192.168.1.50:9443' as never };
  expect(await failed(world, a.peers.sendMessage(addressOf(b), 'dht_store', unsigned))).toMatchObject({
    tag: 'invalid_args',
    field: 'message.value',
  });
});

test('002-endpoint-form: an endpoint is host:port, perhaps with a scheme before it, else invalid_args names it', async () => {
  const { world, nodes } = await strangers(2);
  const [a, b] = nodes as [Node, Node];
  for (const scheme of ['', 'http://', 'https://']) {
    await world.settle(a.peers.sendMessage(`${scheme}${addressOf(b)}`, 'ping'));
  }
  for (const endpoint of ['', 'host', 'host:0', 'host:65536', '::1:9443', 7 as never]) {
    expect(await failed(world, a.peers.sendMessage(endpoint, 'ping')), endpoint).toMatchObject({
      tag: 'invalid_args',
      field: 'endpoint',
    });
  }
});

test('002-fn-send-message-3: endpoint, type and message are enough', async () => {
  const { world, nodes } = await strangers(2);
  const [a, b] = nodes as [Node, Node];
  expect(await world.settle(a.peers.sendMessage(addressOf(b), 'find_node', { target: b.id }))).toBe(
    undefined,
  );
  expect(await failed(world, a.peers.sendMessage(addressOf(b), 'publish' as never))).toMatchObject({
    tag: 'invalid_args',
    field: 'type',
  });
});

test('002-fn-send-message-4: a timeout is honored', async () => {
  const { world, nodes } = await strangers(1);
  const before = world.clock.now();
  const failure = await failed(world, nodes[0]!.peers.sendMessage(NOBODY, 'ping', {}, { timeout: 500 }));
  expect(failure).toMatchObject({ tag: expect.stringMatching(/^(timeout|connection_error)$/), sent: false });
  expect(world.clock.now() - before).toBeLessThanOrEqual(510);
});

test('002-fn-send-and-wait: the answer comes over the pooled connection, whole', async () => {
  const { world, nodes } = await mesh(2);
  const [a, b] = nodes as [Node, Node];
  const opened = contextOf(a).counters.connectionsOpened;
  for (let n = 0; n < 12; n++) {
    await world.settle(
      a.peers.sendMessageAndWait(addressOf(b), 'store', signed(world, `provider-${n}`, 'much.to.say')),
    );
  }
  const reply = await world.settle(
    a.peers.sendMessageAndWait(addressOf(b), 'find_value', { key: 'much.to.say' }),
  );
  expect(reply.type).toBe('find_value_reply');
  expect(reply.message['value']).toHaveLength(12);
  expect(contextOf(a).counters.connectionsOpened).toBe(opened);
});

test('002-send-and-wait-use: for messages that expect an answer', async () => {
  const { world, nodes } = await mesh(2);
  const [a, b] = nodes as [Node, Node];
  const types: string[] = [];
  for (const [type, message] of [
    ['ping', {}],
    ['find_node', { target: a.id }],
    ['find_value', { key: 'no.such' }],
    ['store', signed(world, 'p', 'some.thing')],
  ] as const) {
    types.push((await world.settle(a.peers.sendMessageAndWait(addressOf(b), type, message))).type);
  }
  expect(types).toEqual(['pong', 'find_node_reply', 'find_value_reply', 'store_reply']);
});

test('002-send-and-wait-reply: success is the type and the content of the answer', async () => {
  const { world, nodes } = await strangers(2);
  const [a, b] = nodes as [Node, Node];
  const reply = await world.settle(a.peers.sendMessageAndWait(addressOf(b), 'ping'));
  expect(reply).toEqual({
    type: 'pong',
    message: { timestamp: expect.any(Number), server_time: expect.any(Number) },
  });
});

test('002-send-and-wait-timeout: no answer in time is `timeout`, one deadline for all of it', async () => {
  const { world, nodes } = await strangers(2);
  const [a, b] = nodes as [Node, Node];
  await world.settle(a.peers.sendMessage(addressOf(b), 'ping'));
  world.network.faults.partition([new URL(a.url).hostname], [new URL(b.url).hostname]);
  const before = world.clock.now();
  const failure = await failed(world, a.peers.sendMessageAndWait(addressOf(b), 'ping', {}, { timeout: 800 }));
  expect(failure).toEqual({ tag: 'timeout', timeout: 800, sent: true });
  expect(world.clock.now() - before).toBeLessThanOrEqual(810);
});

test('002-fn-send-nat-aware: a node is reached by its id alone: the DHT says where it is', async () => {
  const { world, nodes } = await mesh(6);
  const [a] = nodes as [Node];
  // one that it is not connected to
  await world.clock.advance(90_000);
  const connected = new Set(a.peers.list().map(({ nodeId }) => nodeId));
  const far = nodes.slice(1).find(({ id }) => !connected.has(id)) ?? nodes[5]!;
  await world.settle(a.peers.sendNatAware(far.id, 'ping'));
  expect(a.peers.list().some(({ nodeId }) => nodeId === far.id)).toBe(true);
  expect(await failed(world, a.peers.sendNatAware('ab'.repeat(32), 'ping'))).toMatchObject({
    tag: 'connection_error',
    sent: false,
  });
});

test('002-fn-send-nat-aware-options: options are looked at', async () => {
  const { world, nodes } = await strangers(2);
  const [a, b] = nodes as [Node, Node];
  const endpoint = addressOf(b);
  await world.settle(
    a.peers.sendNatAware(
      b.id,
      'ping',
      {},
      { endpoint, skipHolePunch: true, relayEndpoint: '198.18.99.99:4434' },
    ),
  );
  for (const wrong of [{ endpoint: 'x' }, { relayEndpoint: 'x' }, { skipHolePunch: 1 }, { timeout: 0 }]) {
    expect(await failed(world, a.peers.sendNatAware(b.id, 'ping', {}, wrong as never))).toMatchObject({
      tag: 'invalid_args',
      field: Object.keys(wrong)[0],
    });
  }
  expect(await failed(world, a.peers.sendNatAware('somebody', 'ping'))).toMatchObject({ field: 'nodeId' });
});

test('002-option-endpoint: a known endpoint is tried first, without a lookup, and must be that node', async () => {
  const { world, nodes } = await mesh(3);
  const [a, b, c] = nodes as [Node, Node, Node];
  const { lookups } = contextOf(a).counters;
  await world.settle(a.peers.sendNatAware(b.id, 'ping', {}, { endpoint: addressOf(b) }));
  expect(contextOf(a).counters.lookups).toBe(lookups);
  const stranger = 'cd'.repeat(32);
  expect(
    await failed(world, a.peers.sendNatAware(stranger, 'ping', {}, { endpoint: addressOf(c) })),
  ).toMatchObject({
    tag: 'connection_error',
    sent: false,
  });
});

test('002-send-error: what fails says whether it was sent; over a connection that died unsent it goes once more', async () => {
  const { world, nodes } = await strangers(2);
  const [a, b] = nodes as [Node, Node];
  await world.settle(a.peers.sendMessage(addressOf(b), 'ping'));
  const [connection] = connectionsOf(a);
  // it dies before it has looked at the message
  connection!.suspended = true;
  const sending = a.peers.sendMessageAndWait(addressOf(b), 'ping');
  await world.clock.settle();
  contextOf(a).runtime.exit(connection!, 'kill');
  expect((await world.settle(sending)).type).toBe('pong');
  const lost = a.peers.sendMessageAndWait(addressOf(b), 'ping');
  await world.clock.settle();
  contextOf(a).runtime.exit(connectionsOf(a)[0]!, 'kill');
  expect(await failed(world, lost)).toMatchObject({ tag: 'connection_error', sent: true });
});

test('002-history-per-message: a hundred messages make no more than one connection', async () => {
  const { world, nodes } = await strangers(2);
  const [a, b] = nodes as [Node, Node];
  const all = Array.from({ length: 100 }, () => a.peers.sendMessage(addressOf(b), 'ping'));
  await world.settle(Promise.all(all));
  expect(contextOf(b).counters.connectionsOpened).toBe(1);
});

test('002-history-pool-gain: a message over the pooled connection takes one round trip, one that has to connect four', async () => {
  const world = meshWorld({ delay: 10 });
  const a = await world.node({ dht: false });
  const b = await world.node({ dht: false });
  closeAtEnd(world, a, b);
  const message = async (): Promise<number> => {
    const begun = world.clock.now();
    await world.settle(a.peers.sendMessageAndWait(addressOf(b), 'ping'));
    return world.clock.now() - begun;
  };
  const fresh: number[] = [];
  for (let n = 0; n < 5; n++) {
    fresh.push(await message());
    contextOf(a).runtime.exit(connectionsOf(a)[0]!, 'kill');
    await world.clock.advance(1_000);
  }
  await message();
  const pooled: number[] = [];
  for (let n = 0; n < 5; n++) pooled.push(await message());
  expect([Math.max(...pooled), Math.min(...fresh), Math.max(...fresh)]).toEqual([20, 80, 80]);
});
