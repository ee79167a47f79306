/**
 * The project's card: what it promised to be made of, checked on a running node and on the sources.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentLogger } from '../src/actor/logger.ts';
import type { Process } from '../src/actor/process.ts';
import { Runtime } from '../src/actor/runtime.ts';
import { seededRandom } from '../src/actor/random.ts';
import { childrenOf } from '../src/actor/tree.ts';
import { startDistRelay } from '../src/distribution.ts';
import type { ActorNode } from '../src/inspect/snapshot.ts';
import type { NodeOptions } from '../src/mesh/client/options.ts';
import { connect, startNode, type Node, type RemoteClient } from '../src/node.ts';
import { virtualClock, type VirtualClock } from '../src/testing/virtual-clock.ts';
import { memoryNetwork } from '../src/transport/memory/network.ts';
import type { Transport } from '../src/transport/transport.ts';
import { settled } from './relays.ts';

/** Component → the supervisor that `supervisors/` draws above it. */
const NODE_PARTS: Readonly<Record<string, string>> = {
  identity: 'node',
  intent: 'node',
  events: 'node',
  handlers: 'node',
  transport: 'node',
  endpoint: 'transport',
  connections: 'transport',
  network: 'node',
  discovery: 'network',
  routingTable: 'discovery',
  recordStore: 'discovery',
  lookups: 'discovery',
  peers: 'network',
  natProfile: 'peers',
  natConnector: 'peers',
  peerPool: 'peers',
  services: 'node',
  serviceRegistry: 'services',
  advertiser: 'services',
  router: 'services',
  app: 'node',
};

/** The same of what a node has beside when it is a station, or attached to one. */
const STATION_PARTS: Readonly<Record<string, string>> = {
  roles: 'node',
  station: 'roles',
  relay: 'station',
  peerings: 'station',
};
const DIST_PARTS: Readonly<Record<string, string>> = {
  dist: 'roles',
  spawned: 'dist',
  auth: 'dist',
  rex: 'dist',
  netKernel: 'dist',
  carriers: 'dist',
  quicListener: 'carriers',
  groups: 'dist',
};
const TUNNEL_PARTS: Readonly<Record<string, string>> = {
  relayClient: 'carriers',
  relays: 'relayClient',
  tunnels: 'relayClient',
};
const ATTACHED_PARTS: Readonly<Record<string, string>> = { attachments: 'peers' };

/** Package → where product code uses it (DESIGN D1). */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  xstate: ['src/xstate/', 'src/mesh/connection/', 'src/mesh/nat/', 'src/dist/'],
  '@matrixai/quic': ['src/transport/quic/'],
  'cbor-x': ['src/codec/'],
  '@noble/hashes': ['src/identity/'],
  effect: ['src/config.ts', 'src/codec/'],
};

function flatten(node: ActorNode): readonly ActorNode[] {
  return [node, ...node.children.flatMap(flatten)];
}

function expectParts(node: Node, parts: Readonly<Record<string, string>>): void {
  const nodes = flatten(node.inspect().root);
  const byId = new Map(nodes.map((actor) => [actor.id, actor]));
  for (const [name, parent] of Object.entries(parts)) {
    const found = nodes.find((actor) => actor.name === name);
    expect(found, name).toBeDefined();
    expect(byId.get(found?.parent ?? '')?.name, `parent of ${name}`).toBe(parent);
    expect(found?.restart?.policy, `restart of ${name}`).toBe('permanent');
  }
}

function sources(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

async function within<T>(clock: VirtualClock, promise: Promise<T>): Promise<T> {
  let settled = false;
  const done = (): void => {
    settled = true;
  };
  promise.then(done, done);
  await clock.until(() => settled, 120_000);
  return promise;
}

describe('a started node', () => {
  const clock = virtualClock();
  const random = seededRandom('card');
  const network = memoryNetwork({ clock, random: random.fork('network') });
  let node: Node;
  let client: RemoteClient;
  let runtime: Runtime;

  beforeAll(async () => {
    runtime = new Runtime({ clock, random: random.fork('node'), logger: silentLogger });
    node = await within(
      clock,
      startNode({
        runtime,
        realm: 'card',
        listen: '198.18.0.1:9443',
        transport: network.transport('198.18.0.1'),
      }),
    );
    client = await within(
      clock,
      connect(node.url, {
        realm: 'card',
        runtime: new Runtime({ clock, random: random.fork('client'), logger: silentLogger }),
        transport: network.transport('198.18.0.2'),
      }),
    );
    const advertised = client.advertise('card.echo', (args) => args);
    await within(clock, advertised);
  });

  afterAll(async () => {
    await within(clock, client.disconnect());
    await within(clock, node.close());
  });

  test('contains every component, under the supervisor that is drawn above it, with a restart policy', () => {
    expectParts(node, NODE_PARTS);
    const nodes = flatten(node.inspect().root);
    expect(
      nodes.filter((actor) => actor.name.startsWith('connection from')).map((actor) => actor.restart?.policy),
    ).toEqual(['temporary']);
  });

  test('has an uplink and procedures on the client side', async () => {
    const names = flatten(client.inspect().root).map((actor) => actor.name);
    expect(names).toContain('uplink');
    expect(names).toContain('card.echo');
    expect(await within(clock, node.call('card.echo', { a: 1 }))).toEqual({ a: 1 });
  });

  test('keeps the dht to itself: a client has its node look', async () => {
    const names = flatten(client.inspect().root).map((actor) => actor.name);
    for (const name of ['discovery', 'routingTable', 'recordStore', 'lookups', 'advertiser'])
      expect(names).not.toContain(name);
    expect(await within(clock, client.discover('card.nobody'))).toEqual([]);
    expect(node.registry.stats().lookups).toBe(1);
  });

  test('bounds the mailbox of every actor in a flood of 100,000 messages', async () => {
    const actors: Process[] = [];
    const collect = (process: Process): void => {
      actors.push(process);
      for (const child of childrenOf(process)) collect(child);
    };
    const root = runtime.firstChild;
    if (root === null) throw new Error('the node has no root');
    collect(root);
    expect(actors.length).toBeGreaterThanOrEqual(Object.keys(NODE_PARTS).length);
    for (const actor of actors) {
      let accepted = 0;
      for (let i = 0; i < 100_000; i++) if (runtime.send(actor, i)) accepted++;
      expect(accepted, actor.label).toBe(actor.bound);
      expect(actor.queued, actor.label).toBe(actor.bound);
    }
    await clock.settle();
    expect(Math.max(...actors.map((actor) => actor.queued))).toBe(0);
    expect(await within(clock, node.call('card.echo', { b: 2 }))).toEqual({ b: 2 });
  });

  test('shuts down at once with every mailbox flooded', async () => {
    const flooded = new Runtime({ clock, random: random.fork('flooded'), logger: silentLogger });
    const other = await within(
      clock,
      startNode({
        runtime: flooded,
        realm: 'card',
        listen: '198.18.0.3:9443',
        transport: network.transport('198.18.0.3'),
      }),
    );
    const collect = (process: Process): void => {
      for (let i = 0; i < 20_000; i++) flooded.send(process, i);
      for (const child of childrenOf(process)) collect(child);
    };
    const before = clock.now();
    const closed = other.close({ timeout: 1_000 });
    if (flooded.firstChild !== null) collect(flooded.firstChild);
    await within(clock, closed);
    expect(flooded.alive).toBe(0);
    expect(clock.now() - before).toBeLessThan(5_000);
  });

  test('shows the NAT connector, what a station does, and what attaches to one', async () => {
    const open = (host: string, options: NodeOptions): Promise<Node> =>
      within(
        clock,
        startNode({
          runtime: new Runtime({ clock, random: random.fork(host), logger: silentLogger }),
          realm: 'card',
          listen: `${host}:9443`,
          transport: network.transport(host),
          ...options,
        }),
      );
    const station = await open('198.18.0.4', { station: true });
    const attached = await open('198.18.0.5', { dht: false, stations: [station.url] });
    expectParts(station, { ...NODE_PARTS, ...STATION_PARTS });
    expectParts(attached, { natProfile: 'peers', natConnector: 'peers', ...ATTACHED_PARTS });
    const names = flatten(node.inspect().root).map((actor) => actor.name);
    for (const name of [...Object.keys(STATION_PARTS), ...Object.keys(ATTACHED_PARTS)])
      expect(names).not.toContain(name);
    await within(clock, attached.close());
    await within(clock, station.close());
  });

  test('shows the net kernel and its carriers', async () => {
    const open = (host: string): Promise<Node> =>
      within(
        clock,
        startNode({
          runtime: new Runtime({ clock, random: random.fork(host), logger: silentLogger }),
          realm: 'card',
          listen: `${host}:9443`,
          transport: network.transport(host),
          dist: { cookie: 'card' },
        }),
      );
    const [one, two] = [await open('198.18.0.6'), await open('198.18.0.7')];
    expectParts(one, { roles: 'node', ...DIST_PARTS });
    expect(await within(clock, one.dist.ping('9443@198.18.0.7'))).toBe(true);
    const nodes = flatten(one.inspect().root);
    const peer = nodes.find(({ name }) => name === 'peer 9443@198.18.0.7');
    expect(nodes.find(({ id }) => id === peer?.parent)?.name).toBe('netKernel');
    for (const each of [one, two]) await within(clock, each.close());
  });

  test('shows the dist relay tunnel client, and the tunnel to a node that is reached no other way', async () => {
    const started = <Result>(starting: Promise<Result>): Promise<Result> => settled({ clock }, starting);
    const own = (host: string): { readonly runtime: Runtime; readonly transport: Transport } => ({
      runtime: new Runtime({ clock, random: random.fork(host), logger: silentLogger }),
      transport: network.transport(host),
    });
    const relay = await started(
      startDistRelay({ ...own('198.18.0.8'), realm: 'card', listen: '198.18.0.8:4434' }),
    );
    const open = (host: string, name: string): Promise<Node> =>
      started(
        startNode({
          ...own(host),
          realm: 'card',
          listen: `${host}:9443`,
          dist: { cookie: 'card', name, relays: [relay.url] },
        }),
      );
    const [one, two] = [await open('198.18.0.9', 'one@card'), await open('198.18.0.10', 'two@card')];
    expectParts(one, { ...DIST_PARTS, ...TUNNEL_PARTS, [`relay ${relay.url}`]: 'relays' });
    expect(await started(one.dist.ping('two@card'))).toBe(true);
    const nodes = flatten(one.inspect().root);
    const parentOf = (name: string): string | undefined => {
      const found = nodes.find((actor) => actor.name === name);
      return nodes.find(({ id }) => id === found?.parent)?.name;
    };
    expect([parentOf('tunnel to two@card'), parentOf('peer two@card')]).toEqual(['tunnels', 'netKernel']);
    for (const each of [one, two, relay]) await started(each.close());
  });

  test('shows the inspector, which shows it', async () => {
    const started = <Result>(starting: Promise<Result>): Promise<Result> => settled({ clock }, starting);
    const node = await started(
      startNode({
        runtime: new Runtime({ clock, random: random.fork('inspected'), logger: silentLogger }),
        realm: 'card',
        listen: '198.18.0.11:9443',
        transport: network.transport('198.18.0.11'),
        inspector: true,
      }),
    );
    expectParts(node, { ...NODE_PARTS, roles: 'node', inspector: 'roles' });
    const { address, token } = node.inspector!;
    const asked = fetch(`${address}/api/tree`, { headers: { authorization: `Bearer ${token}` } });
    const { rows } = (await started((await started(asked)).json())) as {
      readonly rows: readonly ActorNode[];
    };
    expect(rows.map(({ name }) => name)).toEqual(expect.arrayContaining(['node', 'roles', 'inspector']));
    await started(node.close());
  });
});

describe('the sources', () => {
  const files = [...sources('src'), ...sources('supervisors')].map((file) => ({
    file,
    text: readFileSync(file, 'utf8'),
  }));

  for (const [name, places] of Object.entries(PACKAGES)) {
    test(`use ${name} in product code, in ${places.join(' and ')}`, () => {
      const uses = files
        .filter(({ text }) => new RegExp(`(from|import\\()\\s*'${name}(/[^']*)?'`).test(text))
        .map(({ file }) => file);
      for (const place of places)
        expect(
          uses.some((file) => file.startsWith(place)),
          place,
        ).toBe(true);
    });
  }

  test('lie under the fixed top-level names', () => {
    for (const name of ['package.json', 'tsconfig.json', 'src', 'supervisors', 'test', 'bench']) {
      expect(existsSync(name), name).toBe(true);
    }
  });
});
