import { describe, expect, test } from 'vitest';
import { routingTableServer } from '../../../src/mesh/dht/routing-table-server.ts';
import { startServer } from '../../../src/otp/gen-server.ts';
import type { Node } from '../../../src/node.ts';
import { closeAtEnd, contextOf, meshWorld } from '../../mesh-world.ts';
import { expectNoCrash, hostOf, joinedNodes, minutes, tableOf } from './dht-mesh.ts';

describe('ready', () => {
  test('is true at once of the first node and of one without DHT', async () => {
    const world = meshWorld();
    const first = await world.node();
    const without = await world.node({ dht: false });
    closeAtEnd(world, first, without);
    const now = world.clock.now();
    await world.settle(first.ready());
    await world.settle(without.ready());
    expect(world.clock.now()).toBe(now);
    expect(contextOf(without).scope.whereis('routingTable')).toBeUndefined();
  });

  test('comes when the own place is found, and says so in time when it is not', async () => {
    const world = meshWorld();
    const node = await world.node({ bootstrap: ['https://198.18.77.1:9443'] });
    closeAtEnd(world, node);
    expect(await world.failure(node.ready({ timeout: 500 }))).toMatchObject({ tag: 'timeout', timeout: 500 });
    const abort = new AbortController();
    const waiting = node.ready({ signal: abort.signal });
    abort.abort();
    expect(await world.failure(waiting)).toMatchObject({ tag: 'canceled' });
    expect(contextOf(node).dht.waiting.size).toBe(0);
  });

  test('fails when the node ends before', async () => {
    const world = meshWorld();
    const node = await world.node({ bootstrap: ['https://198.18.77.1:9443'] });
    const waiting = world.failure(node.ready());
    await world.settle(node.close({ timeout: 1 }));
    expect(await waiting).toMatchObject({ tag: 'connection_error' });
  });
});

describe('bootstraps', () => {
  test.each([
    [{ bootstrap: ['no url at all/'] }, 'bootstrap'],
    [{ bootstrap: 'https://127.0.0.1:1' as never }, 'bootstrap'],
    [{ bootstrap: Array.from({ length: 65 }, (_, i) => `https://127.0.0.1:${i + 1}`) }, 'bootstrap'],
    [{ realm: 'default', listen: '127.0.0.1:0', bootstrap: ['https://198.18.0.1:9443'] }, 'realm'],
    [{ dht: { refresh: 10 } }, 'dht.refresh'],
    [{ dht: { often: true } as never }, 'dht.often'],
    [{ dht: 'yes' as never }, 'dht'],
  ])('that make no sense are invalid_args: %j', async (options, field) => {
    const world = meshWorld();
    await expect(world.node(options)).rejects.toMatchObject({ failure: { tag: 'invalid_args', field } });
  });

  test('that are dead do not matter while one is alive', async () => {
    const world = meshWorld();
    const first = await world.node();
    const dead = ['https://198.18.77.1:9443', 'https://198.18.77.2:9443'];
    const node = await world.node({ bootstrap: [...dead, first.url] });
    closeAtEnd(world, first, node);
    const now = world.clock.now();
    await world.settle(node.ready());
    expect(world.clock.now() - now).toBeLessThan(200);
    expect(tableOf(node).find(first.id)).toBeDefined();
  });

  test('that take part in no DHT are no contacts, and do not end the search for some', async () => {
    const world = meshWorld();
    const gateway = await world.node({ dht: false });
    const node = await world.node({ bootstrap: [gateway.url] });
    closeAtEnd(world, node, gateway);
    await world.clock.advance(1_000);
    expect(contextOf(node).standings.ready(gateway.id)).toBeDefined();
    expect([tableOf(node).size, contextOf(node).dht.joined]).toEqual([0, false]);
  });

  test('that are contacts are not dialed again and again', async () => {
    const world = meshWorld();
    const [first, node] = (await joinedNodes(world, 2)) as [Node, Node];
    closeAtEnd(world, node, first);
    await world.clock.advance(minutes(2));
    // nobody has used it
    expect(contextOf(node).standings.ready(first.id)).toBeUndefined();
    const before = contextOf(node).counters.connectionsOpened;
    await world.clock.advance(minutes(2));
    expect(tableOf(node).find(first.id)).toBeDefined();
    expect(contextOf(node).counters.connectionsOpened).toBe(before);
  });

  test('that are down at the start are found when they come up, after one warning', async () => {
    const world = meshWorld();
    const node = await world.node({ bootstrap: ['https://198.18.50.1:9443'] });
    const told: string[] = [];
    node.events.addEventListener('dht.unreachable', () => told.push('unreachable'));
    node.events.addEventListener('dht.recovered', () => told.push('recovered'));
    const ready = node.ready({ timeout: minutes(10) });
    await world.clock.advance(minutes(2));
    expect(told).toEqual(['unreachable']);
    const first = await world.node({ host: '198.18.50.1' });
    closeAtEnd(world, first, node);
    await world.settle(ready, minutes(1));
    expect(told).toEqual(['unreachable', 'recovered']);
    expect(tableOf(node).find(first.id)).toBeDefined();
  });

  test('that refuse are left alone for ten minutes, after one warning that says so, and asked again then', async () => {
    const world = meshWorld();
    const at = { host: '198.18.50.2' };
    const foreign = await world.node({ ...at, realm: 'another' });
    const node = await world.node({ bootstrap: [foreign.url] });
    const told: unknown[] = [];
    let refusals = 0;
    node.events.addEventListener('dht.unreachable', ({ detail }) => told.push(detail.reason));
    node.events.addEventListener('connection.refused', () => refusals++);
    const ready = node.ready({ timeout: minutes(30) });
    await world.clock.advance(minutes(9));
    expect([refusals, told]).toEqual([1, ['unauthorized']]);
    await world.clock.advance(minutes(3));
    expect([refusals, told]).toEqual([2, ['unauthorized']]);
    await world.settle(foreign.close());
    const first = await world.node(at);
    closeAtEnd(world, first, node);
    await world.settle(ready, minutes(12));
    expect(tableOf(node).find(first.id)).toBeDefined();
  });

  test('that refuse keep nobody from one that was down, nor from a node that comes by itself', async () => {
    const world = meshWorld();
    const foreign = await world.node({ realm: 'another' });
    const down = { host: '198.18.50.3' };
    const node = await world.node({ bootstrap: [foreign.url, 'https://198.18.50.3:9443'] });
    const alone = await world.node({ bootstrap: [foreign.url] });
    closeAtEnd(world, foreign, node, alone);
    let refusals = 0;
    for (const one of [node, alone]) one.events.addEventListener('connection.refused', () => refusals++);
    await world.clock.advance(minutes(2));
    expect(refusals).toBe(2);
    const first = await world.node(down);
    const guest = await world.node({ bootstrap: [alone.url] });
    closeAtEnd(world, first, guest);
    await world.settle(Promise.all([node.ready(), alone.ready()]), minutes(1));
    expect(tableOf(node).find(first.id)).toBeDefined();
    expect(tableOf(alone).find(guest.id)).toBeDefined();
    expect(refusals).toBe(2);
  });

  test('may name the node itself: one list for all', async () => {
    const world = meshWorld();
    const all = ['https://198.18.60.1:9443', 'https://198.18.60.2:9443'];
    const a = await world.node({ host: '198.18.60.1', bootstrap: all });
    const b = await world.node({ host: '198.18.60.2', bootstrap: all });
    closeAtEnd(world, a, b);
    await world.settle(Promise.all([a.ready(), b.ready()]));
    expect(
      tableOf(a)
        .contacts()
        .map(({ nodeId }) => nodeId),
    ).toEqual([b.id]);
    expect(
      tableOf(b)
        .contacts()
        .map(({ nodeId }) => nodeId),
    ).toEqual([a.id]);
    expectNoCrash(world);
  });

  test('of which none is another node leave the first node', async () => {
    const world = meshWorld();
    const node = await world.node({ host: '198.18.60.3', bootstrap: ['https://198.18.60.3:9443'] });
    closeAtEnd(world, node);
    const now = world.clock.now();
    await world.settle(node.ready());
    expect(world.clock.now()).toBe(now);
  });

  test('whose name cannot be resolved is resolved again with every try', async () => {
    const world = meshWorld();
    const first = await world.node();
    // its own table would know no name server but the machine's
    const node = await world.node({ dht: false });
    closeAtEnd(world, first, node);
    const context = contextOf(node);
    const asked: string[] = [];
    const resolve = (host: string): Promise<readonly string[]> =>
      asked.push(host) < 3 ? Promise.reject(new Error('ENOTFOUND')) : Promise.resolve([hostOf(first)]);
    const bootstraps = { hosts: [{ host: 'seed.example', port: 9_443 }], resolve };
    const args = { context, bootstraps, refresh: minutes(5) };
    await startServer(context.runtime, routingTableServer, args, {
      name: 'routingTable',
      scope: context.scope,
    });
    await world.clock.until(() => context.standings.of(first.id).size > 0);
    expect(asked).toEqual(['seed.example', 'seed.example', 'seed.example']);
  });
});

test('a node that joins through one finds all, and all find it', async () => {
  const world = meshWorld();
  const nodes = await joinedNodes(world, 8);
  closeAtEnd(world, ...nodes);
  for (const node of nodes) {
    const known = tableOf(node)
      .contacts()
      .map(({ nodeId }) => nodeId);
    expect(known.toSorted()).toEqual(
      nodes
        .filter((other) => other !== node)
        .map(({ id }) => id)
        .toSorted(),
    );
  }
  expectNoCrash(world);
});
