/** The connections of a station to its peers: dialed, kept, dialed again. */
import { describe, expect, test } from 'vitest';
import type { Node } from '../../../src/node.ts';
import { closeAtEnd, contextOf, meshWorld, processOf, runtimeOf } from '../../mesh-world.ts';
import { chain, clique, hostOf, peeredOf, stations, urlOf } from './stations.ts';

test('two that name each other have one connection', async () => {
  const world = meshWorld();
  const all = await stations(world, chain(2));
  await world.clock.advance(60_000);
  for (const node of all) expect(contextOf(node).standings.size).toBe(1);
});

test('a station leaves itself out of a list that serves all', async () => {
  const world = meshWorld();
  const all = await stations(world, clique(3));
  await world.clock.advance(60_000);
  for (const [at, node] of all.entries()) {
    expect(contextOf(node).routing.stations.all.map(({ isSelf }) => isSelf)).toEqual(
      all.map((_, other) => other === at),
    );
    expect(contextOf(node).standings.size).toBe(2);
  }
});

test('one that was named by one side only is connected on both, and asked by that side alone', async () => {
  const world = meshWorld();
  const [first, second] = (await stations(world, [[1], []])) as [never, never];
  expect([peeredOf(first).length, peeredOf(second).length]).toEqual([1, 0]);
});

describe('one that nobody uses is kept', () => {
  test('by those who named each other, however soon others leave the pool', async () => {
    const world = meshWorld();
    const all = await stations(world, chain(2), { pool: { size: 1, idleTimeout: 1_000 } });
    await world.clock.advance(300_000);
    for (const node of all) expect(contextOf(node).counters.connectionsOpened).toBe(1);
  });

  test('by whoever named it, though the other side does not', async () => {
    const world = meshWorld();
    const all = await stations(world, [[1], []]);
    await world.clock.advance(300_000);
    for (const node of all) expect(contextOf(node).counters.connectionsOpened).toBe(1);
  });
});

describe('one that is lost', () => {
  test('is dialed again, ever less often', async () => {
    const world = meshWorld();
    const all = await stations(world, chain(2));
    const [first, second] = all as [(typeof all)[0], (typeof all)[0]];
    world.network.faults.cut(hostOf(first), hostOf(second));
    world.network.faults.reset(hostOf(first), hostOf(second));
    await world.clock.advance(1_000);
    expect(peeredOf(first)).toEqual([]);
    await world.clock.advance(300_000);
    world.network.faults.heal(hostOf(first), hostOf(second));
    // the longest rest, and a dial that had begun
    await world.clock.until(() => peeredOf(first).length === 1, 27_000);
  });

  test('comes back with another key: it is found where it was', async () => {
    const world = meshWorld();
    const all = await stations(world, chain(2));
    const [first, second] = all as [(typeof all)[0], (typeof all)[0]];
    await world.settle(second.close());
    const again = await world.node({ host: hostOf(second), dht: false, station: true });
    closeAtEnd(world, again);
    await world.clock.until(() => peeredOf(first)[0] === again.id, 10_000);
    expect(contextOf(first).routing.stations.has(second.id)).toBe(false);
  });

  test('costs nothing when only the actor was: its successor finds the connections', async () => {
    const world = meshWorld();
    const all = await stations(world, chain(3));
    const opened = all.map((node) => contextOf(node).counters.connectionsOpened);
    for (let n = 0; n < 3; n++) {
      for (const node of all) runtimeOf(node).exit(processOf(node, 'peerings'), 'kill');
      await world.clock.advance(5_000);
    }
    expect(all.map((node) => contextOf(node).counters.connectionsOpened)).toEqual(opened);
    expect(all.map((node) => peeredOf(node).length)).toEqual([1, 2, 1]);
  });
});

test('one identity twice: whoever was replaced leaves the station to the other for five minutes', async () => {
  const world = meshWorld();
  const [station] = (await stations(world, [[]])) as [Node];
  const identity = world.identity('twin');
  const twin = (): Promise<Node> => world.node({ dht: false, identity, stations: [station.url] });
  const older = await twin();
  const isAttached = (node: Node): boolean => contextOf(node).standings.ready(station.id) !== undefined;
  await world.clock.until(() => isAttached(older));
  const newer = await twin();
  closeAtEnd(world, older, newer);
  await world.clock.until(() => isAttached(newer) && !isAttached(older));
  const { counters } = contextOf(station);
  const before = counters.connectionsOpened;
  await world.clock.advance(299_000);
  expect([isAttached(older), isAttached(newer), counters.connectionsOpened - before]).toEqual([
    false,
    true,
    0,
  ]);
  await world.settle(newer.close());
  await world.clock.until(() => isAttached(older), 20_000);
});

test('one of another realm refuses us, and costs no more than its dials', async () => {
  const world = meshWorld();
  const other = await world.node({ host: hostOfUrl(urlOf(1)), realm: 'other', station: true });
  const station = await world.node({ dht: false, station: { peers: [urlOf(1)] } });
  closeAtEnd(world, station, other);
  await world.clock.advance(120_000);
  expect(peeredOf(station)).toEqual([]);
  expect(contextOf(station).counters.connectionsClosed).toBeLessThan(60);
  expect((await world.failure(station.call('c.any'))).tag).toBe('cross_relay_error');
});

const hostOfUrl = (url: string): string => new URL(url).hostname;
