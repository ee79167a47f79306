/** A node finds its place in the DHT whatever happens to the lookups that it needs for that. */
import { describe, expect, test } from 'vitest';
import { actor } from '../../../src/mesh/context.ts';
import type { Node } from '../../../src/node.ts';
import { closeAtEnd, contextOf, meshWorld, processesOf, processOf } from '../../mesh-world.ts';
import {
  die,
  find,
  holders,
  hostOf,
  joinedNodes,
  kill,
  minutes,
  publish,
  search,
  tableOf,
} from './dht-mesh.ts';

describe('a node that joins', () => {
  test('while no lookup can be made joins when one can', async () => {
    const world = meshWorld({ poison: false });
    const host = '198.18.50.1';
    const node = await world.node({ bootstrap: [`https://${host}:9443`] });
    const discovery = processOf(node, 'discovery');
    discovery.suspended = true;
    kill(node, 'lookups');
    const first = await world.node({ host });
    closeAtEnd(world, node, first);
    await world.clock.advance(30_000);
    expect(actor(contextOf(node), 'lookups')).toBeUndefined();
    expect([tableOf(node).size, contextOf(node).dht.joined]).toEqual([1, false]);
    discovery.suspended = false;
    contextOf(node).runtime.work(discovery, () => undefined);
    await world.settle(node.ready({ timeout: minutes(1) }));
  });

  test('and whose lookup of its place is killed makes another', async () => {
    const world = meshWorld({ poison: false });
    const [first] = (await joinedNodes(world, 2)) as [Node];
    const node = await world.node({ bootstrap: [first.url] });
    closeAtEnd(world, node, first);
    await world.clock.until(() => processesOf(node).some(({ label }) => label === 'lookup'));
    kill(node, 'lookup');
    expect(contextOf(node).dht.joined).toBe(false);
    await world.settle(node.ready({ timeout: minutes(1) }));
    expect(tableOf(node).size).toBe(2);
  });
});

test('a first node that has forgotten whom it lost is alone, and says no for itself again', async () => {
  const world = meshWorld({ poison: false });
  const [first, second] = (await joinedNodes(world, 2)) as [Node, Node];
  closeAtEnd(world, first);
  await die(world, second);
  await world.clock.advance(minutes(1));
  expect(tableOf(first).size).toBe(0);
  expect((await find(world, first, 'a.b'))?.outcome).toMatchObject({ tag: 'unreachable' });
  // an hour, and a pause between two tries
  await world.clock.advance(minutes(61));
  expect((await find(world, first, 'a.b'))?.outcome).toEqual({ tag: 'providers', providers: [] });
});

test('each time that nobody is in reach is told, and each time that somebody is again', async () => {
  const world = meshWorld({ poison: false });
  const [first, node] = (await joinedNodes(world, 2)) as [Node, Node];
  closeAtEnd(world, node, first);
  const said: string[] = [];
  node.events.addEventListener('dht.unreachable', () => said.push('unreachable'));
  node.events.addEventListener('dht.recovered', () => said.push('recovered'));
  for (let time = 0; time < 2; time++) {
    world.network.faults.partition([hostOf(node)], [hostOf(first)]);
    await find(world, node, 'a.b');
    await world.clock.advance(minutes(2));
    expect(said.splice(0)).toEqual(['unreachable']);
    world.network.faults.healAll();
    await world.clock.advance(minutes(2));
    expect(said.splice(0)).toEqual(['recovered']);
  }
});

test('a newcomer is given all the records that it should keep, however many', async () => {
  const world = meshWorld({ poison: false });
  const first = await world.node();
  const names = Array.from({ length: 30 }, (_, n) => `a.n${n}`);
  for (const name of names) await publish(world, first, name);
  const newcomer = await world.node({ bootstrap: [first.url] });
  closeAtEnd(world, newcomer, first);
  await world.settle(newcomer.ready());
  await world.clock.advance(2_000);
  expect(names.filter((name) => holders(world, [newcomer], name).length === 0)).toEqual([]);
});

test('a node that has found its place tries soon when it is lost again, however long it was lost before', async () => {
  const world = meshWorld({ poison: false });
  const [first, node] = (await joinedNodes(world, 2)) as [Node, Node];
  closeAtEnd(world, node, first);
  const said: string[] = [];
  for (const what of ['dht.unreachable', 'dht.recovered'] as const)
    node.events.addEventListener(what, () => said.push(what));
  for (const outage of [minutes(2), 0, 0, 0, 0, 0]) {
    world.network.faults.partition([hostOf(node)], [hostOf(first)]);
    const asked = search(node, 'a.b');
    await world.clock.until(() => said.splice(0).includes('dht.unreachable'), minutes(1));
    await world.clock.advance(outage);
    world.network.faults.healAll();
    // the connection that is there needs some seconds to carry anything again; a pause may be sixteen
    const patience = outage === 0 ? 6_000 : minutes(1);
    await world.clock.until(() => said.splice(0).includes('dht.recovered'), patience);
    await world.settle(asked);
  }
});
