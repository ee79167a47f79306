import { describe, expect, test } from 'vitest';
import { closeAtEnd, contextOf, meshWorld, processesOf } from '../../mesh-world.ts';
import { lookUp } from '../../../src/mesh/dht/dht.ts';
import { procedureKey } from '../../../src/mesh/dht/record.ts';
import {
  die,
  expectNoCrash,
  find,
  hostOf,
  joinedNodes,
  kill,
  minutes,
  named,
  providersOf,
  publish,
  tableOf,
} from './dht-mesh.ts';

const PROCEDURE = 'weather.forecast';

describe.each([
  ['a quarter', 3],
  ['half', 6],
])('%s of 12 nodes die without a word', (_what, deaths) => {
  test('every lookup of the others finds what they keep, and soon none waits for the dead', async () => {
    const world = meshWorld({ poison: false });
    const nodes = await joinedNodes(world, 12);
    await publish(world, nodes[1]!, PROCEDURE);
    const dead = nodes.slice(12 - deaths);
    const living = nodes.slice(0, 12 - deaths);
    closeAtEnd(world, ...living);
    for (const node of dead) await die(world, node);
    for (const node of living) expect(providersOf(await find(world, node, PROCEDURE))).toBe(named(nodes[1]!));
    await world.clock.advance(10_000);
    for (const node of living) {
      const done = await find(world, node, PROCEDURE);
      expect(done?.stats.failed).toBe(0);
      expect(tableOf(node).size).toBe(living.length - 1);
    }
    expectNoCrash(world);
  });
});

describe('is there again within 2 s, and no lookup of another node fails, when a node loses its', () => {
  test.each(['routingTable', 'recordStore', 'lookups', 'discovery', 'peerPool', 'network'])(
    '%s',
    async (label) => {
      const world = meshWorld({ poison: false });
      const nodes = await joinedNodes(world, 5);
      closeAtEnd(world, ...nodes);
      const [first, second, third] = nodes;
      await publish(world, second!, PROCEDURE);
      const known = tableOf(first!).size;
      const key = procedureKey(PROCEDURE);
      const request = { kind: 'providers', procedure: PROCEDURE, key } as const;
      const underWay = nodes.map((node) => lookUp(contextOf(node), request, 5_000));
      kill(first!, label);
      const others = (await world.settle(Promise.all(underWay))).slice(1);
      expect(others.map(providersOf)).toEqual(others.map(() => named(second!)));
      await world.clock.advance(2_000);
      expect(tableOf(first!).size).toBe(known);
      expect(providersOf(await find(world, first!, PROCEDURE))).toBe(named(second!));
      expect((await publish(world, first!, 'another.one'))?.outcome).toEqual({
        tag: 'stored',
        stored: 5,
        of: 5,
      });
      expect(providersOf(await find(world, third!, 'another.one'))).toBe(named(first!));
    },
  );
});

test('a lookup that is killed tells its owner nothing, and harms nobody', async () => {
  const world = meshWorld();
  const [a, b] = await joinedNodes(world, 2);
  closeAtEnd(world, b!, a!);
  const key = procedureKey(PROCEDURE);
  const done = lookUp(contextOf(b!), { kind: 'providers', procedure: PROCEDURE, key }, 5_000);
  kill(b!, 'lookup');
  expect(await world.settle(done)).toBeUndefined();
  expect((await find(world, b!, PROCEDURE))?.outcome).toEqual({ tag: 'providers', providers: [] });
  await world.clock.advance(10_000);
  expect(processesOf(b!).filter(({ label }) => label === 'lookup')).toEqual([]);
});

test('the halves of a partition each go on, and find each other within minutes when it heals', async () => {
  const world = meshWorld({ poison: false });
  const nodes = await joinedNodes(world, 6);
  closeAtEnd(world, ...nodes);
  const left = nodes.filter((_, index) => index % 2 === 0);
  const right = nodes.filter((_, index) => index % 2 === 1);
  world.network.faults.partition(left.map(hostOf), right.map(hostOf));
  await world.clock.advance(minutes(10));
  await publish(world, left[1]!, 'left.service');
  await publish(world, right[1]!, 'right.service');
  for (const node of left) {
    expect(providersOf(await find(world, node, 'left.service'))).toBe(named(left[1]!));
    expect(providersOf(await find(world, node, 'right.service'))).toBe('');
  }
  world.network.faults.healAll();
  await world.clock.advance(minutes(3));
  for (const node of nodes) expect(tableOf(node).size).toBe(5);
  // what the publishers say again is everywhere
  await publish(world, left[1]!, 'left.service');
  await publish(world, right[1]!, 'right.service');
  for (const node of nodes) {
    expect(providersOf(await find(world, node, 'left.service'))).toBe(named(left[1]!));
    expect(providersOf(await find(world, node, 'right.service'))).toBe(named(right[1]!));
  }
  expectNoCrash(world);
});

test('a record is handed to a node that comes closer to its key', async () => {
  const world = meshWorld({ poison: false });
  const nodes = await joinedNodes(world, 3);
  await publish(world, nodes[1]!, PROCEDURE);
  const late = await world.node({ bootstrap: [nodes[0]!.url] });
  closeAtEnd(world, ...nodes, late);
  await world.settle(late.ready());
  await world.clock.advance(1_000);
  expect(contextOf(late).records.records).toBe(1);
});

test('one node alone in a partition says so once, and that it is back', async () => {
  const world = meshWorld({ poison: false });
  const nodes = await joinedNodes(world, 4);
  closeAtEnd(world, ...nodes);
  const lonely = nodes[0]!;
  const told: string[] = [];
  lonely.events.addEventListener('dht.unreachable', () => told.push('unreachable'));
  lonely.events.addEventListener('dht.recovered', () => told.push('recovered'));
  world.network.faults.partition([hostOf(lonely)], nodes.slice(1).map(hostOf));
  await find(world, lonely, PROCEDURE);
  await world.clock.advance(minutes(5));
  expect((await find(world, lonely, PROCEDURE))?.outcome.tag).toBe('unreachable');
  expect(told).toEqual(['unreachable']);
  world.network.faults.healAll();
  await world.clock.advance(minutes(1));
  expect(told).toEqual(['unreachable', 'recovered']);
  expect(tableOf(lonely).size).toBe(3);
});
