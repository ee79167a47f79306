import { describe, expect, test } from 'vitest';
import { closeAtEnd, contextOf, meshWorld } from '../../mesh-world.ts';
import { lookUp } from '../../../src/mesh/dht/dht.ts';
import { procedureKey } from '../../../src/mesh/dht/record.ts';
import {
  closestNodes,
  expectNoCrash,
  find,
  holders,
  idOf,
  ids,
  joinedNodes,
  named,
  providersOf,
  publish,
  tableOf,
  whereIs,
} from './dht-mesh.ts';

describe('24 nodes', () => {
  test('a record is on exactly the 20 closest, and every node finds it within log2 N + 2 hops', async () => {
    const world = meshWorld({ poison: false });
    const nodes = await joinedNodes(world, 24);
    closeAtEnd(world, ...nodes);
    const done = await publish(world, nodes[7]!, 'weather.forecast');
    expect(done?.outcome).toEqual({ tag: 'stored', stored: 20, of: 20 });
    const closest = closestNodes(nodes, procedureKey('weather.forecast'));
    expect(ids(holders(world, nodes, 'weather.forecast'))).toEqual(ids(closest));
    for (const node of [nodes[0]!, nodes[11]!, nodes[19]!, nodes[23]!]) {
      const found = await find(world, node, 'weather.forecast');
      expect(providersOf(found)).toBe(named(nodes[7]!));
      expect(found?.stats.hops).toBeLessThanOrEqual(Math.log2(24) + 2);
      expect(await whereIs(world, node, nodes[22]!.id)).toMatchObject({
        address: new URL(nodes[22]!.url).host,
      });
    }
    expectNoCrash(world);
  });
});

describe('a lookup', () => {
  test('by the first node alone answers of its own: it has the record, or nobody has one', async () => {
    const world = meshWorld();
    const node = await world.node();
    closeAtEnd(world, node);
    expect((await find(world, node, 'a.b'))?.outcome).toEqual({ tag: 'providers', providers: [] });
    expect((await publish(world, node, 'a.b'))?.outcome).toEqual({ tag: 'stored', stored: 1, of: 1 });
    expect(providersOf(await find(world, node, 'a.b'))).toBe(named(node));
  });

  test('by a node whose bootstraps are silent is unreachable at once, but for what it keeps itself', async () => {
    const world = meshWorld();
    const node = await world.node({ bootstrap: ['https://198.18.77.1:9443'] });
    closeAtEnd(world, node);
    const now = world.clock.now();
    expect((await find(world, node, 'a.b'))?.outcome).toMatchObject({ tag: 'unreachable' });
    expect((await publish(world, node, 'a.b'))?.outcome).toMatchObject({ tag: 'unreachable' });
    expect(world.clock.now() - now).toBeLessThan(10);
  });

  test('that nobody has an answer to is an authoritative no, in one round of questions', async () => {
    const world = meshWorld();
    const nodes = await joinedNodes(world, 5);
    closeAtEnd(world, ...nodes);
    const now = world.clock.now();
    const done = await find(world, nodes[3]!, 'no.such_service');
    expect(done?.outcome).toEqual({ tag: 'providers', providers: [] });
    expect(done?.stats).toMatchObject({ asked: 4, answered: 4, failed: 0 });
    expect(world.clock.now() - now).toBeLessThan(20);
  });

  test('of which 256 run is refused, and the others end', async () => {
    const world = meshWorld();
    const [a, b] = await joinedNodes(world, 2);
    closeAtEnd(world, b!, a!);
    const target = procedureKey('a.b');
    const all = Array.from({ length: 300 }, () => lookUp(contextOf(b!), { kind: 'nodes', target }, 5_000));
    const done = await world.settle(Promise.all(all));
    expect(done.filter((one) => one === undefined).length).toBe(44);
    expect(done.filter((one) => one?.outcome.tag === 'nodes').length).toBe(256);
  });

  test('reads the providers of all who keep records, each once', async () => {
    const world = meshWorld();
    const nodes = await joinedNodes(world, 6);
    closeAtEnd(world, ...nodes);
    for (const node of [nodes[1]!, nodes[2]!, nodes[4]!]) await publish(world, node, 'a.b');
    await publish(world, nodes[2]!, 'a.b', world.clock.wall() + 1);
    const found = await find(world, nodes[5]!, 'a.b');
    expect(providersOf(found).split(' ').toSorted()).toEqual(
      named(nodes[1]!, nodes[2]!, nodes[4]!).split(' ').toSorted(),
    );
  });

  test('asks again when a connection of ours was killed under its question', async () => {
    const world = meshWorld();
    const [a, b] = await joinedNodes(world, 2);
    closeAtEnd(world, b!, a!);
    const done = lookUp(contextOf(b!), { kind: 'nodes', target: procedureKey('a.b') }, 5_000);
    await world.clock.settle();
    for (const { process } of contextOf(b!).standings.of(a!.id)) contextOf(b!).runtime.exit(process, 'kill');
    expect((await world.settle(done))?.stats).toMatchObject({ asked: 1, answered: 1, failed: 0 });
  });

  test('tells where a node is that answered over a link, whatever others say of its address', async () => {
    const world = meshWorld();
    const nodes = await joinedNodes(world, 3);
    closeAtEnd(world, ...nodes);
    const [first, second, third] = nodes.map((node) => ({ node, id: idOf(node), nodeId: node.id }));
    const table = tableOf(second!.node);
    const { id, nodeId } = third!;
    // as if it had moved
    table.add({ id, nodeId, address: '198.18.200.1:9443' }, world.clock.now());
    const { host } = new URL(third!.node.url);
    expect(await whereIs(world, first!.node, nodeId)).toMatchObject({ address: host });
    tableOf(first!.node).add({ id, nodeId, address: '198.18.200.2:9443' }, world.clock.now());
    expect(await whereIs(world, first!.node, nodeId)).toMatchObject({ address: host });
  });

  test('on loopback finds nodes there, and what they keep', async () => {
    const world = meshWorld();
    const nodes = [];
    for (let port = 9_443; port < 9_448; port++) {
      const bootstrap = nodes[0] === undefined ? [] : [nodes[0].url];
      const node = await world.node({ host: '198.18.7.7', listen: `127.0.0.1:${port}`, bootstrap });
      nodes.push(node);
      await world.settle(node.ready());
    }
    closeAtEnd(world, ...nodes);
    await publish(world, nodes[1]!, 'a.b');
    for (const node of nodes) {
      expect(tableOf(node).size).toBe(4);
      expect((await find(world, node, 'a.b'))?.outcome).toMatchObject({
        providers: [{ nodeId: nodes[1]!.id, endpoints: ['127.0.0.1:9444'] }],
      });
    }
  });

  test('without a DHT cannot be made', async () => {
    const world = meshWorld();
    const node = await world.node({ dht: false });
    closeAtEnd(world, node);
    expect(await find(world, node, 'a.b')).toBeUndefined();
  });
});
