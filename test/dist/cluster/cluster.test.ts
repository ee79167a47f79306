/** Clusters of a list, and what befalls any cluster. */
import { describe, expect, test } from 'vitest';
import type { Process } from '../../../src/actor/process.ts';
import {
  closeAtEnd,
  meshWorld,
  processesOf,
  processOf,
  runtimeOf,
  type MeshWorld,
} from '../../mesh-world.ts';
import { connectionsOf, die, downs, isFull, member, nameAt, untilSo, ups, type Member } from './world.ts';

const HOSTS = ['198.18.70.1', '198.18.70.2', '198.18.70.3', '198.18.70.4'] as const;
const nodes = HOSTS.map(nameAt);
const cluster = { strategy: 'static', nodes } as const;

async function started(world: MeshWorld, hosts: readonly string[] = HOSTS): Promise<readonly Member[]> {
  const members: Member[] = [];
  for (const host of hosts) members.push(await member(world, { host, cluster }));
  closeAtEnd(world, ...members.map(({ node }) => node));
  return members;
}

const at = (members: readonly Member[], index: number): Member => members[index] ?? expect.fail('no member');

describe('a list of nodes', () => {
  test('has all of them connected, each pair once; the own name in it is left out', async () => {
    const world = meshWorld();
    const members = await started(world);
    await untilSo(world, () => isFull(members), 5_000);
    await world.clock.advance(60_000);
    expect(members.map(connectionsOf)).toEqual([3, 3, 3, 3]);
    expect(members.map(({ changes }) => changes.map(({ tag }) => tag))).toEqual(
      members.map(() => ['nodeup', 'nodeup', 'nodeup']),
    );
  });

  test('a node that comes late is connected within seconds, however long it was missing', async () => {
    const world = meshWorld();
    const early = await started(world, HOSTS.slice(0, 3));
    await untilSo(world, () => isFull(early), 5_000);
    await world.clock.advance(600_000);
    const members = [...early, ...(await started(world, HOSTS.slice(3)))];
    expect(await untilSo(world, () => isFull(members), 20_000)).toBeLessThan(3_000);
  });

  test('a missing node costs each of the others a dial in eight seconds, not more', async () => {
    const world = meshWorld();
    const [one] = await started(world, HOSTS.slice(0, 1));
    const dials = new Set<Process>();
    for (let half = 0; half < 1_200; half++) {
      await world.clock.advance(500);
      for (const process of processesOf((one as Member).node))
        if (process.label.startsWith('peer ')) dials.add(process);
    }
    // three are missing
    expect(dials.size).toBeGreaterThan(60);
    expect(dials.size).toBeLessThan(3 * (600 / 8 + 10));
  });

  test('a node that was lost without a word is connected again when it is back: one nodedown', async () => {
    const world = meshWorld();
    const members = await started(world);
    await untilSo(world, () => isFull(members), 5_000);
    const lost = at(members, 1);
    await die(world, lost);
    const others = members.filter((each) => each !== lost);
    await world.clock.until(() => isFull(others), 60_000);
    const [back] = await started(world, [lost.host]);
    await untilSo(world, () => isFull([...others, back as Member]), 20_000);
    expect(others.map(downs)).toEqual(others.map(() => [lost.name]));
  });

  test('what a partition has cut is whole again within seconds after it', async () => {
    const world = meshWorld();
    const members = await started(world);
    await untilSo(world, () => isFull(members), 5_000);
    const halves = [HOSTS.slice(0, 2), HOSTS.slice(2)] as const;
    world.network.faults.partition(...halves);
    await world.clock.until(() => members.every(({ node }) => node.dist.nodes().length === 1), 60_000);
    await world.clock.advance(300_000);
    world.network.faults.healAll();
    await untilSo(world, () => isFull(members), 20_000);
    for (const each of members) expect(downs(each)).toHaveLength(2);
    for (const each of members) expect(ups(each)).toHaveLength(5);
  });

  test('somebody with another cookie is not let in, and costs few attempts however long it goes on', async () => {
    const world = meshWorld();
    const members = await started(world, HOSTS.slice(0, 3));
    const wrong = await member(world, { host: HOSTS[3], cluster, cookie: 'another' });
    closeAtEnd(world, wrong.node);
    let refused = 0;
    for (const { node } of [...members, wrong])
      node.events.addEventListener('dist.handshake_failed', () => refused++);
    await untilSo(world, () => isFull(members), 5_000);
    await world.clock.advance(600_000);
    expect(isFull(members)).toBe(true);
    expect(wrong.node.dist.nodes()).toEqual([]);
    // both ends of three pairs dial, each every eight seconds, and both ends say so
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThan(3 * 2 * 2 * (600 / 8) * 1.2);
  });
});

describe('two nodes of one name', () => {
  test('take turns, in eight seconds once; the others stay connected', async () => {
    const world = meshWorld();
    const members = await started(world, HOSTS.slice(0, 3));
    await untilSo(world, () => isFull(members), 5_000);
    const [first, ...others] = members as [Member, ...Member[]];
    const twin = await member(world, { host: HOSTS[3], cluster, name: first.name });
    closeAtEnd(world, twin.node);
    await world.clock.advance(600_000);
    for (const each of others) {
      expect(new Set(downs(each))).toEqual(new Set([first.name]));
      expect(downs(each).length).toBeLessThan((600 / 8) * 1.5);
    }
  });
});

describe('the actor of a cluster', () => {
  test('is killed: no connection is lost, and its successor goes on', async () => {
    const world = meshWorld();
    const early = await started(world, HOSTS.slice(0, 3));
    await untilSo(world, () => isFull(early), 5_000);
    const { node } = at(early, 0);
    const killed = processOf(node, 'cluster');
    runtimeOf(node).exit(killed, 'kill');
    await world.clock.settle();
    expect(processOf(node, 'cluster')).not.toBe(killed);
    expect(early.flatMap(downs)).toEqual([]);
    const members = [...early, ...(await started(world, HOSTS.slice(3)))];
    await untilSo(world, () => isFull(members), 20_000);
    await world.clock.advance(60_000);
    expect(members.flatMap(downs)).toEqual([]);
    expect(members.map(connectionsOf)).toEqual([3, 3, 3, 3]);
  });

  test('is killed while it dials: its successor dials that node again', async () => {
    const world = meshWorld();
    const [one] = await started(world, HOSTS.slice(1, 2));
    const { node } = one ?? expect.fail('no member');
    await world.clock.until(() => connectionsOf({ node }) > 0, 1_000);
    runtimeOf(node).exit(processOf(node, 'cluster'), 'kill');
    await world.clock.settle();
    // that attempt is over
    await world.clock.advance(30_000);
    // it dials nobody itself
    const passive = await member(world, { host: HOSTS[0] });
    closeAtEnd(world, passive.node);
    await world.clock.until(() => passive.node.dist.nodes().length === 1, 60_000);
  });

  test('a killed net kernel: one nodedown each, and all are connected again without anybody asking', async () => {
    const world = meshWorld();
    const members = await started(world);
    await untilSo(world, () => isFull(members), 5_000);
    const { node, name } = at(members, 0);
    runtimeOf(node).exit(processOf(node, 'netKernel'), 'kill');
    await world.clock.until(() => downs(at(members, 1)).length === 1, 1_000);
    await untilSo(world, () => isFull(members), 10_000);
    await world.clock.advance(60_000);
    expect(members.slice(1).map(downs)).toEqual([[name], [name], [name]]);
    expect(downs(at(members, 0))).toHaveLength(3);
    expect(members.map(connectionsOf)).toEqual([3, 3, 3, 3]);
  });
});

describe('who dials whom', () => {
  test('twelve nodes that all dial each other in the same moment are connected once each', async () => {
    const world = meshWorld({ delay: { min: 1, max: 20 } });
    const hosts = Array.from({ length: 12 }, (_, n) => `198.18.71.${n + 1}`);
    const members = await Promise.all(hosts.map((host) => member(world, { host })));
    closeAtEnd(world, ...members.map(({ node }) => node));
    const others = (one: Member): readonly string[] => hosts.filter((host) => host !== one.host).map(nameAt);
    const dialed = members.flatMap((one) => others(one).map((name) => one.node.dist.connect(name)));
    expect(new Set(await world.settle(Promise.all(dialed)))).toEqual(new Set([true]));
    await world.clock.advance(30_000);
    expect(isFull(members)).toBe(true);
    expect(members.map(connectionsOf)).toEqual(members.map(() => 11));
    expect(members.flatMap(downs)).toEqual([]);
  });
});

describe('options', () => {
  const GARBAGE: readonly unknown[] = [
    'prod',
    null,
    {},
    [],
    { strategy: 'gossip' },
    { strategy: 'static' },
    { strategy: 'static', nodes: '4433@10.0.0.1' },
    { strategy: 'static', nodes: ['4433@10.0.0.1', 7] },
    { strategy: 'static', nodes: ['10.0.0.1:4433'] },
    { strategy: 'static', nodes: ['4433@10.0.0.1@x'] },
    { strategy: 'static', nodes: [''] },
    { strategy: 'static', nodes: Array.from({ length: 1_001 }, (_, port) => `${port + 1}@10.0.0.1`) },
    { strategy: 'static', nodes: [], name: 'prod' },
    { strategy: 'static', nodes: [], interval: 5 },
    // without TCP nobody gets there
    { strategy: 'static', nodes: ['alice@10.0.0.1'] },
    { strategy: 'static', nodes: ['0@10.0.0.1'] },
    { strategy: 'dht' },
    { strategy: 'dht', name: '' },
    { strategy: 'dht', name: 'a b' },
    { strategy: 'dht', name: 'a'.repeat(65) },
    { strategy: 'dht', name: 7 },
    { strategy: 'dht', nodes: [] },
  ];

  test.each(GARBAGE.map((given) => [JSON.stringify(given).slice(0, 60), given]))(
    '%s is refused by the name dist.cluster',
    async (_text, given) => {
      const world = meshWorld();
      const started = world.node({ dist: { cookie: 'secret', name: '9443@here', cluster: given as never } });
      expect(await world.failure(started)).toMatchObject({ tag: 'invalid_args', field: 'dist.cluster' });
    },
  );

  test('a cluster of the DHT needs a DHT, and a name that can be dialed', async () => {
    const world = meshWorld();
    const dht = { cookie: 'secret', cluster: { strategy: 'dht', name: 'prod' } } as const;
    const refused = { tag: 'invalid_args', field: 'dist.cluster' };
    expect(
      await world.failure(world.node({ dht: false, dist: { ...dht, name: '9443@here' } })),
    ).toMatchObject(refused);
    expect(await world.failure(world.node({ dist: { ...dht, name: 'alice@here' } }))).toMatchObject(refused);
  });
});
