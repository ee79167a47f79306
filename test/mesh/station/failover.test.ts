/** A client with several stations: one is lost, the next takes its place. */
import { describe, expect, test } from 'vitest';
import type { ConnectOptions } from '../../../src/mesh/client/options.ts';
import { connect, type Node, type RemoteClient } from '../../../src/node.ts';
import {
  closeAtEnd,
  contextOf,
  gate,
  meshWorld,
  processOf,
  REALM,
  runtimeOf,
  told,
  type MeshWorld,
} from '../../mesh-world.ts';
import { blackhole } from '../router/journey-mesh.ts';
import { clique, hostOf, stations } from './stations.ts';

const NOWHERE = 'https://198.18.99.9:9443';
const HOST = '198.18.91.1';

/** Begins to connect to one of these. */
const dial = (
  world: MeshWorld,
  to: readonly (Node | string)[],
  { host = HOST, ...options }: ConnectOptions & { readonly host?: string } = {},
): Promise<RemoteClient> =>
  connect(
    to.map((each) => (typeof each === 'string' ? each : each.url)),
    { realm: REALM, runtime: world.runtime(), ...options, transport: world.network.transport(host) },
  );

async function attached(
  world: MeshWorld,
  to: readonly (Node | string)[],
  options: ConnectOptions & { readonly host?: string } = {},
): Promise<RemoteClient> {
  const client = await world.settle(dial(world, to, options));
  closeAtEnd(world, client);
  return client;
}

/** The station is gone from one moment to the next. */
function die(world: MeshWorld, station: Node): void {
  runtimeOf(station).exit(processOf(station, 'node'), 'kill');
}

const timeTo = async (world: MeshWorld, works: () => Promise<boolean>): Promise<number> => {
  const begun = world.clock.now();
  while (!(await world.settle(works()))) await world.clock.advance(10);
  return world.clock.now() - begun;
};

describe('the first connection', () => {
  test('is to the first station that is there', async () => {
    const world = meshWorld();
    const all = await stations(world, clique(2));
    const client = await attached(world, [all[1]!, all[0]!]);
    expect(client.nodeId).toBe(all[1]!.id);
    const begun = world.clock.now();
    const second = await attached(world, [NOWHERE, all[0]!], { host: '198.18.91.2' });
    expect(second.nodeId).toBe(all[0]!.id);
    expect(world.clock.now() - begun).toBeLessThan(3_300);
  });

  test('fails when none is there, after each was tried, with the reason of the last', async () => {
    const world = meshWorld();
    const failure = await world.failure(dial(world, [NOWHERE, 'https://198.18.99.8:9443']));
    expect(failure).toMatchObject({ tag: 'connection_error', sent: false });
    expect((await world.failure(dial(world, [NOWHERE, NOWHERE], { timeout: 100 }))).tag).toMatch(
      /timeout|connection_error/,
    );
  });

  test('passes over a station that refuses us, and is refused when all do', async () => {
    const world = meshWorld();
    const other = await world.node({ realm: 'other' });
    const [station] = (await stations(world, clique(1))) as [Node];
    closeAtEnd(world, other);
    const client = await attached(world, [other, station]);
    expect(client.nodeId).toBe(station.id);
    expect((await world.failure(dial(world, [other, other]))).tag).toBe('unauthorized');
  });

  test.each([
    ['none', [], 'url'],
    ['too many', new Array<string>(17).fill(NOWHERE), 'url'],
    ['no URL', [NOWHERE, 'nonsense:'], 'url'],
    ['no text', [NOWHERE, 7 as unknown as string], 'url'],
    ['two families', [NOWHERE, 'https://[2001:db8::1]:9443'], 'url'],
  ])('%s: a typed error names the option', async (_what, urls, field) => {
    const world = meshWorld();
    expect(await world.failure(connect(urls, { realm: REALM }))).toMatchObject({
      tag: 'invalid_args',
      field,
    });
  });

  test('a station that is not on loopback needs a realm, wherever it stands in the list', async () => {
    const world = meshWorld();
    expect(await world.failure(connect(['https://127.0.0.1:1', NOWHERE]))).toMatchObject({ field: 'realm' });
  });
});

describe('a station is lost', () => {
  test('the next one has the client within 2 s, and what it serves', async () => {
    const world = meshWorld();
    const all = await stations(world, clique(3));
    const [first, second, third] = all as [Node, Node, Node];
    const client = await attached(world, [first, second]);
    await world.settle(client.advertise('c.mine', () => 'mine'));
    expect(await world.settle(third.call('c.mine'))).toBe('mine');
    die(world, first);
    const took = await timeTo(
      world,
      async () => (await client.tryCall('c.mine')).ok && client.nodeId === second.id,
    );
    expect(took).toBeLessThan(2_000);
    const found = await timeTo(world, async () => told(await third.tryCall('c.mine')) === 'mine');
    expect(found).toBeLessThan(2_000);
  });

  test('a waiting caller has its answer or a typed error, and the next call an answer', async () => {
    const world = meshWorld();
    const all = await stations(world, clique(3));
    const [first, second, third] = all as [Node, Node, Node];
    const door = gate();
    await world.settle(third.advertise('c.wait', () => door.promise.then(() => 'late')));
    await world.settle(third.advertise('c.far', () => 'far'));
    const client = await attached(world, [first, second]);
    const waiting = client.tryCall('c.wait');
    await world.clock.advance(20);
    die(world, first);
    expect(told(await world.settle(waiting))).toBe('connection_error');
    expect(await timeTo(world, async () => (await client.tryCall('c.far')).ok)).toBeLessThan(2_000);
    door.open();
  });

  test('one that falls silent under a call is left for the next within 2 s', async () => {
    const world = meshWorld();
    const all = await stations(world, clique(3));
    const [first, second, third] = all as [Node, Node, Node];
    await world.settle(third.advertise('c.far', () => 'far'));
    const client = await attached(world, [first, second]);
    expect(await world.settle(client.call('c.far'))).toBe('far');
    world.network.faults.cut(HOST, hostOf(first));
    const begun = world.clock.now();
    const calling = client.tryCall('c.far', {}, { timeout: 10_000 });
    await world.clock.until(() => client.nodeId === second.id, 10_000);
    expect(world.clock.now() - begun).toBeLessThan(2_000);
    // the call that was sent may have run
    expect(told(await world.settle(calling))).toBe('connection_error');
    expect(await world.settle(client.call('c.far'))).toBe('far');
  });

  test('one that falls silent while nothing is under way is left for the next too', async () => {
    const world = meshWorld();
    const all = await stations(world, clique(3));
    const [first, second] = all as [Node, Node];
    const client = await attached(world, [first, second]);
    await world.settle(client.advertise('c.mine', () => 'mine'));
    await world.clock.advance(20_000);
    expect(contextOf(client).counters.connectionsOpened).toBe(1);
    world.network.faults.cut(HOST, hostOf(first));
    const begun = world.clock.now();
    await world.clock.until(() => client.nodeId === second.id, 10_000);
    // a look every 2 s, one question, a moment, and one last question
    expect(world.clock.now() - begun).toBeLessThan(4_000);
    await world.clock.advance(100);
    expect(await world.settle(second.call('c.mine'))).toBe('mine');
  });

  test('in doubt, whoever answers after all keeps the client', async () => {
    const world = meshWorld();
    const all = await stations(world, clique(2));
    const [first, second] = all as [Node, Node];
    await world.settle(first.advertise('c.far', () => 'first'));
    const client = await attached(world, [first, second]);
    for (const silent of [360, 600, 900, 900, 900]) {
      world.network.faults.cut(HOST, hostOf(first));
      const calling = client.tryCall('c.far', {}, { timeout: 10_000 });
      await world.clock.advance(silent);
      world.network.faults.heal(HOST, hostOf(first));
      expect(told(await world.settle(calling))).toBe('first');
      await world.clock.advance(5_000);
    }
    expect(client.nodeId).toBe(first.id);
  });

  test('all are lost: whichever comes back first has the client', async () => {
    const world = meshWorld();
    const all = await stations(world, clique(3));
    const [first, second, third] = all as [Node, Node, Node];
    const client = await attached(world, [first, second, third]);
    await world.settle(client.advertise('c.mine', () => 'mine'));
    for (const station of all) die(world, station);
    await world.clock.advance(20_000);
    expect(told(await world.settle(client.tryCall('c.other')))).toBe('connection_error');
    const back = await world.node({ host: hostOf(second), dht: false, station: true });
    closeAtEnd(world, back);
    const took = await timeTo(world, async () => told(await back.tryCall('c.mine')) === 'mine');
    // a try of each, and the longest rest
    expect(took).toBeLessThan(16_000 + 3 * 10_000);
    expect(client.nodeId).toBe(back.id);
  });

  test('goes round: the third, then the first again', async () => {
    const world = meshWorld();
    const all = await stations(world, clique(3));
    const client = await attached(world, all);
    const seen: (string | undefined)[] = [];
    for (let n = 0; n < 4; n++) {
      const at = all.find(({ id }) => id === client.nodeId)!;
      seen.push(String(all.indexOf(at)));
      const { counters } = contextOf(client);
      const before = counters.connectionsOpened;
      world.network.faults.reset(HOST, hostOf(at));
      await world.clock.until(() => counters.connectionsOpened > before, 5_000);
    }
    expect(seen).toEqual(['0', '1', '2', '0']);
  });

  test('a station that refuses is not asked again; the others serve', async () => {
    const world = meshWorld();
    const other = await world.node({ realm: 'other', host: '198.18.92.1' });
    const all = await stations(world, clique(2));
    const [first, second] = all as [Node, Node];
    closeAtEnd(world, other);
    const client = await attached(world, [first, other, second]);
    let refused = 0;
    other.events.addEventListener('connection.refused', () => refused++);
    for (const [lost, next] of [
      [first, second],
      [second, first],
      [first, second],
    ] as const) {
      world.network.faults.reset(HOST, hostOf(lost));
      await world.clock.until(() => client.nodeId === next.id, 5_000);
    }
    expect(refused).toBe(1);
  });

  test('nor beside a connection in doubt', async () => {
    const world = meshWorld();
    const other = await world.node({ realm: 'other', host: '198.18.92.1' });
    const all = await stations(world, clique(3));
    const [first, second, third] = all as [Node, Node, Node];
    closeAtEnd(world, other);
    await world.settle(third.advertise('c.far', () => 'far'));
    let refused = 0;
    other.events.addEventListener('connection.refused', () => refused++);
    const client = await attached(world, [first, other, second]);
    for (const [lost, next] of [
      [first, second],
      [second, first],
      [first, second],
    ] as const) {
      world.network.faults.cut(HOST, hostOf(lost));
      const calling = client.tryCall('c.far', {}, { timeout: 10_000 });
      await world.clock.until(() => client.nodeId === next.id, 10_000);
      world.network.faults.heal(HOST, hostOf(lost));
      await world.settle(calling);
    }
    expect(refused).toBe(1);
  });

  test("the uplink's own death loses neither the connection nor the list", async () => {
    const world = meshWorld();
    const all = await stations(world, clique(3));
    const [, second, third] = all as [Node, Node, Node];
    const client = await attached(world, [NOWHERE, second, third]);
    runtimeOf(client).exit(processOf(client, 'uplink'), 'kill');
    await world.clock.advance(100);
    expect(client.nodeId).toBe(second.id);
    die(world, second);
    await world.clock.until(() => client.nodeId === third.id, 2_000);
  });
});

describe('one identity twice', () => {
  test('at one station the newest connection stays; the older client goes to the next, and comes back no more', async () => {
    const world = meshWorld();
    const all = await stations(world, clique(2));
    const [first, second] = all as [Node, Node];
    const identity = world.identity('twin');
    const older = await attached(world, all, { identity });
    const newer = await attached(world, [first], { identity, host: '198.18.91.2' });
    const given: string[] = [];
    for (const each of [older, newer])
      each.events.addEventListener('uplink.given_up', ({ detail }) => given.push(detail.reason));
    await world.clock.until(() => older.nodeId === second.id, 2_000);
    expect(told(await world.settle(older.tryCall('c.any')))).toBe('procedure_not_found');
    expect(told(await world.settle(newer.tryCall('c.any')))).toBe('procedure_not_found');
    const before = contextOf(first).counters.connectionsOpened;
    world.network.faults.reset(HOST, hostOf(second));
    await world.clock.advance(60_000);
    expect([older.nodeId, newer.nodeId, given]).toEqual([second.id, first.id, []]);
    expect(contextOf(first).counters.connectionsOpened).toBe(before);
  });

  test('a client that was replaced at all its stations is told, and dials none any more', async () => {
    const world = meshWorld();
    const all = await stations(world, clique(2));
    const [first, second] = all as [Node, Node];
    const identity = world.identity('twin');
    const older = await attached(world, all, { identity });
    const given: string[] = [];
    older.events.addEventListener('uplink.given_up', ({ detail }) => given.push(detail.reason));
    await attached(world, [first], { identity, host: '198.18.91.2' });
    await world.clock.until(() => older.nodeId === second.id, 2_000);
    await attached(world, [second], { identity, host: '198.18.91.3' });
    await world.clock.advance(1_000);
    expect(given).toHaveLength(1);
    expect(told(await world.settle(older.tryCall('c.any')))).toBe('connection_error');
    const opened = all.map((node) => contextOf(node).counters.connectionsOpened);
    await world.clock.advance(60_000);
    expect(all.map((node) => contextOf(node).counters.connectionsOpened)).toEqual(opened);
  });
});

test('a station that everybody has cut off is no reason to leave the one that works', async () => {
  const world = meshWorld();
  const all = await stations(world, clique(2));
  const [first, second] = all as [Node, Node];
  const client = await attached(world, [first, second]);
  blackhole(world, second, [first]);
  world.network.faults.cut(HOST, hostOf(second));
  await world.clock.advance(60_000);
  expect(client.nodeId).toBe(first.id);
  expect(contextOf(client).counters.connectionsOpened).toBe(1);
});
