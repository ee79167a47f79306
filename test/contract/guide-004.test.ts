/**
 * Guide 004: one test per built row of docs/from-macula.md, in its order.
 */
import { expect, test } from 'vitest';
import { seededRandom } from '../../src/actor/random.ts';
import { TcpCarrier } from '../../src/dist/carriers/tcp/tcp.ts';
import { QuicCarrier } from '../../src/dist/carriers/quic/quic.ts';
import type { Incoming, SetupResult } from '../../src/dist/carrier.ts';
import type { NodeChange } from '../../src/dist/events.ts';
import { atom, tuple } from '../../src/distribution.ts';
import { shared } from '../../src/mesh/context.ts';
import type { NodeDistOptions, NodeOptions } from '../../src/mesh/client/options.ts';
import type { Node } from '../../src/node.ts';
import { startServer, type GenServer } from '../../src/otp/gen-server.ts';
import { reply } from '../../src/otp/result.ts';
import { closeAtEnd, contextOf, meshWorld, processesOf, runtimeOf, type MeshWorld } from '../mesh-world.ts';
import { rawNode } from '../dist/raw-node.ts';
import { nodes } from '../dist/pair.ts';

const ONE = '198.18.40.1';
const TWO = '198.18.40.2';

const echo: GenServer<undefined, unknown[]> = {
  init: () => [],
  handleRequest: (term, heard) => (term === 'heard' ? reply(heard, heard) : reply(term, [...heard, term])),
};

interface Two {
  readonly world: MeshWorld;
  readonly one: Node;
  readonly two: Node;
}

const distNode = async (
  world: MeshWorld,
  host: string,
  dist: Partial<NodeDistOptions> = {},
  options: NodeOptions = {},
): Promise<Node> => {
  const node = await world.node({
    host,
    ...options,
    dist: { cookie: 'secret', name: `9443@${host}`, ...dist },
  });
  closeAtEnd(world, node);
  await startServer(runtimeOf(node), echo, undefined, { name: 'echo', scope: node.dist.names });
  return node;
};

async function pair(dist: Partial<NodeDistOptions> = {}): Promise<Two> {
  const world = meshWorld();
  return { world, one: await distNode(world, ONE, dist), two: await distNode(world, TWO) };
}

const said = ({ world, one, two }: Two, term: unknown): Promise<unknown> =>
  world.settle(one.dist.call('echo', two.dist.name, term));

/** The carrier of a node, as its distribution has it. */
const carrierOf = (node: Node): QuicCarrier =>
  new QuicCarrier({
    endpoint: () => shared(contextOf(node), 'endpoint'),
    random: seededRandom('carrier'),
  });

const nothing = { onData: () => {}, onDrain: () => {}, onClosed: () => {} };

const setUp = (world: MeshWorld, from: Node, node: string): Promise<SetupResult> =>
  world.settle(
    carrierOf(from).setup({
      node,
      timeout: 1_000,
      expectedId: undefined,
      signal: new AbortController().signal,
      events: nothing,
    }),
  );

test('004-carrier: any term goes from node to node, over the carrier of QUIC and over others', async () => {
  const both = await pair();
  const term = tuple(atom('a'), 1.5, 10n ** 30n, [new Uint8Array([1])], new Map([[1, 'one']]));
  expect(await said(both, term)).toEqual(term);
  const all = nodes();
  const [a, b] = [await all.node('a@127.0.0.1'), await all.node('b@127.0.0.1')];
  await startServer(b.runtime, echo, undefined, { name: 'echo', scope: b.dist.names });
  expect(await all.settle(a.dist.call('echo', b.dist.name, term))).toEqual(term);
});

test('004-tls: a peer proves its key; a name that is tied to another key is not connected', async () => {
  const world = meshWorld();
  const two = await distNode(world, TWO);
  const right = await distNode(world, ONE, { keys: { [two.dist.name]: two.id } });
  expect(await world.settle(right.dist.ping(two.dist.name))).toBe(true);
  const wrong = await distNode(world, '198.18.40.3', { keys: { [two.dist.name]: right.id } });
  expect(await world.settle(wrong.dist.ping(two.dist.name))).toBe(false);
  expect(await world.settle(two.dist.ping(wrong.dist.name))).toBe(false);
  expect(two.dist.nodes()).toEqual([right.dist.name]);
});

test('004-nat-friendly: the distribution has the socket of the mesh, and a node behind a NAT dials out', async () => {
  const world = meshWorld();
  const two = await distNode(world, TWO);
  const nat = world.network.nat({ host: '203.0.113.1', type: 'port' });
  const transport = world.network.transport('10.1.0.2', { nat });
  const one = await distNode(world, '10.1.0.2', {}, { transport });
  expect(await said({ world, one, two }, 'through')).toBe('through');
  expect(carrierOf(two).address()?.port).toBe(Number(new URL(two.url.replace('quic:', 'http:')).port));
});

test('004-migration: a NAT that forgets costs no message and no connection', async () => {
  const world = meshWorld();
  const two = await distNode(world, TWO);
  const nat = world.network.nat({ host: '203.0.113.1', type: 'port' });
  const transport = world.network.transport('10.1.0.2', { nat });
  const one = await distNode(world, '10.1.0.2', {}, { transport });
  const changes: NodeChange[] = [];
  one.dist.monitorNodes((change) => changes.push(change));
  for (let round = 0; round < 10; round++) {
    expect(await said({ world, one, two }, round)).toBe(round);
    world.network.faults.rebind(nat);
  }
  expect(changes.map(({ tag }) => tag)).toEqual(['nodeup']);
});

test('004-multiplexing: one connection for each pair of nodes, and one order in it, large or small', async () => {
  const both = await pair();
  const { world, one, two } = both;
  const sent = Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? at : new Uint8Array(100_000).fill(at)));
  for (const term of sent) one.dist.call('echo', two.dist.name, term).catch(() => {});
  expect(await said(both, 'heard')).toEqual(sent);
  await world.settle(two.dist.call('echo', one.dist.name, 'back'));
  expect([one.dist.nodes(), two.dist.nodes()]).toEqual([[two.dist.name], [one.dist.name]]);
  expect(processesOf(one).filter(({ label }) => label.startsWith('peer 9443@'))).toHaveLength(1);
});

test('004-no-epmd: a node is found by its name alone', async () => {
  const { world, one } = await pair();
  expect(await world.settle(one.dist.ping(`9443@${TWO}`))).toBe(true);
  expect(await world.settle(one.dist.ping(`9444@${TWO}`))).toBe(false);
});

test('004-start-flags: the option `dist` of a node is all it takes', async () => {
  const world = meshWorld();
  const node = await world.node({ host: ONE, listen: `${ONE}:0`, dist: { cookie: 'secret' } });
  const without = await world.node();
  closeAtEnd(world, node, without);
  expect(node.dist.nodes()).toEqual([]);
  expect(() => without.dist).toThrow();
});

test('004-start-vm-args: what a VM is told in a file are options, and those that make no sense are refused', async () => {
  const world = meshWorld();
  for (const dist of [{ cookie: '' }, { cookie: 'secret', tickTime: 1 }, { cookie: 'secret', name: 'a@b@c' }])
    await expect(world.node({ dist })).rejects.toThrow();
});

test('004-port: the port of the name is the port of the node', async () => {
  const world = meshWorld();
  const node = await world.node({ host: ONE, listen: `${ONE}:4433`, dist: { cookie: 'secret' } });
  const usual = await world.node({ host: TWO, listen: TWO, dist: { cookie: 'secret' } });
  closeAtEnd(world, node, usual);
  expect([node.dist.name, carrierOf(node).address()?.port]).toEqual([`4433@${ONE}`, 4433]);
  expect(usual.dist.name).toBe(`9443@${TWO}`);
});

test('004-layers: net kernel, carrier and endpoint are actors of their own', async () => {
  const both = await pair();
  await said(both, 1);
  const labels = processesOf(both.one).map(({ label }) => label);
  for (const label of ['netKernel', 'quicListener', 'endpoint', `peer ${both.two.dist.name}`])
    expect(labels).toContain(label);
});

test('004-node-name: one `@`, a plain port, a host; nothing else', () => {
  const carrier = new QuicCarrier({ endpoint: () => undefined, random: seededRandom('names') });
  for (const name of ['1@h', '65535@host.example', '4433@127.0.0.1', '4433@[::1]'])
    expect([name, carrier.splitName(name).ok]).toEqual([name, true]);
  for (const name of ['0@h', '65536@h', '04433@h', '+80@h', ' 1@h', '1@', '@h', '1@h@h', 'a@h', '4433@::1'])
    expect([name, carrier.splitName(name).ok]).toEqual([name, false]);
});

test('004-node-name-example: 4433@192.168.1.100', () => {
  const carrier = new QuicCarrier({ endpoint: () => undefined, random: seededRandom('names') });
  expect(carrier.splitName('4433@192.168.1.100')).toEqual({
    ok: true,
    name: { port: 4433, host: '192.168.1.100' },
  });
});

test('004-fn-accept: who connects and says nothing holds up nobody, and is dropped when its time is over', async () => {
  const { world, one, two } = await pair({ setupTime: 1_000 });
  const silent = await world.node();
  closeAtEnd(world, silent);
  const closed: string[] = [];
  const setup = await world.settle(
    carrierOf(silent).setup({
      node: one.dist.name,
      timeout: 1_000,
      expectedId: undefined,
      signal: new AbortController().signal,
      events: { ...nothing, onClosed: (reason) => closed.push(reason) },
    }),
  );
  expect(setup.ok).toBe(true);
  if (setup.ok) setup.stream.write(new Uint8Array([0]));
  expect(await world.settle(two.dist.ping(one.dist.name))).toBe(true);
  await world.clock.advance(2_000);
  expect(closed).toHaveLength(1);
  expect(two.dist.nodes()).toEqual([one.dist.name]);
});

test('004-fn-accept-connection: the handshake of an acceptor lets in who knows the cookie and is allowed', async () => {
  const { world, one } = await pair({ allowed: ['1@allowed'] });
  const stranger = await world.node();
  closeAtEnd(world, stranger);
  await world.settle(rawNode(stranger, one.dist.name, 'secret', '1@allowed'));
  await world.clock.until(() => one.dist.nodes().length === 1, 1_000);
  expect(one.dist.nodes()).toEqual(['1@allowed']);
  let open = false;
  const refused = (cookie: string, name: string): void =>
    void rawNode(stranger, one.dist.name, cookie, name).then(
      () => {
        open = true;
      },
      () => {},
    );
  refused('secret', '1@other');
  refused('wrong', '1@allowed');
  await world.clock.advance(10_000);
  expect([open, one.dist.nodes()]).toEqual([false, ['1@allowed']]);
});

test('004-fn-address: host, port, protocol and family', async () => {
  const { one } = await pair();
  expect(carrierOf(one).address()).toEqual({
    host: ONE,
    port: 9443,
    protocol: 'macula_dist',
    family: 'inet',
  });
});

test('004-fn-childspecs: what a carrier starts is supervised', async () => {
  const { world, one, two } = await pair();
  await world.settle(one.dist.ping(two.dist.name));
  const listener = processesOf(one).find(({ label }) => label === 'quicListener');
  expect(listener?.parentProcess?.label).toBe('carriers');
  runtimeOf(one).exit(listener as never, 'kill');
  await world.clock.settle();
  expect(await world.settle(two.dist.ping(one.dist.name))).toBe(true);
});

test('004-fn-close: ends a connection, as often as it is asked, and is no error without one', async () => {
  const { world, one, two } = await pair();
  const setup = await setUp(world, one, two.dist.name);
  expect(setup.ok).toBe(true);
  if (setup.ok) for (let times = 0; times < 3; times++) setup.stream.close();
  expect(await world.settle(one.dist.disconnect('1@nobody'))).toBe(false);
  expect(await world.settle(one.dist.disconnect('what is this'))).toBe(false);
});

test('004-fn-is-node-name: true exactly when the name parses', () => {
  const carrier = new QuicCarrier({ endpoint: () => undefined, random: seededRandom('names') });
  for (const name of ['4433@h', '4433', '4433@', 'alice@h', '4433@[::1]', '4433@a@b'])
    expect([name, carrier.isNodeName(name)]).toEqual([name, carrier.splitName(name).ok]);
});

test('004-fn-listen: on the endpoint of the node, beside the mesh', async () => {
  const both = await pair();
  const client = await both.world.client(both.one);
  closeAtEnd(both.world, client);
  await both.one.advertise('beside.mesh', () => 'mesh');
  expect(await both.world.settle(client.call('beside.mesh'))).toBe('mesh');
  const came: Incoming[] = [];
  const listening = {
    name: 'x',
    cookie: () => undefined,
    keyOf: () => undefined,
    accept: (one: Incoming) => came.push(one),
  };
  expect(carrierOf(both.two).childSpecs(listening)).toHaveLength(1);
  expect(await said(both, 'dist')).toBe('dist');
});

test('004-creation: 32 bits, never 0 to 3, another one in each life', async () => {
  const all = nodes();
  const creations = new Set<number>();
  for (let life = 0; life < 20; life++) {
    const { dist } = await all.node('a@127.0.0.1');
    creations.add(dist.creation);
    await all.settle(dist.close());
  }
  expect(creations.size).toBe(20);
  for (const creation of creations) {
    expect(creation).toBeGreaterThan(3);
    expect(creation).toBeLessThan(2 ** 32);
  }
});

test('004-fn-select: a carrier takes the names that are its own', () => {
  const quic = new QuicCarrier({ endpoint: () => undefined, random: seededRandom('names') });
  const tcp = new TcpCarrier();
  expect([quic.select('4433@h'), quic.select('alice@h')]).toEqual([true, false]);
  expect(tcp.select('alice@h')).toBe(true);
});

test('004-fn-setup: failures have a name', async () => {
  const { world, one } = await pair();
  expect(await setUp(world, one, 'alice@host')).toMatchObject({ ok: false, reason: 'invalid_node_name' });
  expect(await setUp(world, one, '9443@198.18.250.9')).toMatchObject({ ok: false, reason: 'connect_failed' });
});

test('004-fn-splitname: port and host, or nothing', () => {
  const carrier = new QuicCarrier({ endpoint: () => undefined, random: seededRandom('names') });
  expect(carrier.splitName('80@[::1]')).toEqual({ ok: true, name: { port: 80, host: '[::1]' } });
  expect(carrier.splitName('x@h')).toEqual({ ok: false, error: { tag: 'invalid_node_name' } });
});
