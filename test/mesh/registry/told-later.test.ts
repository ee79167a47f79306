/** What the registry and the advertiser do later: when somebody was not told, nobody answered, or time is over. */
import { expect, test } from 'vitest';
import { hex } from '../../../src/mesh/context.ts';
import { procedureKey } from '../../../src/mesh/dht/record.ts';
import type { Node } from '../../../src/node.ts';
import { contextOf, meshWorld, processesOf, processOf } from '../../mesh-world.ts';
import { blackhole } from '../router/journey-mesh.ts';
import { nodesOf } from './nodes.ts';

test('an advertiser that was not told what is served finds it within a minute, each time', async () => {
  const world = meshWorld();
  const [a, b] = await nodesOf(world, 2);
  const advertiser = processOf(b!, 'advertiser');
  for (const procedure of ['a.one', 'a.two']) {
    const { bound } = advertiser;
    advertiser.bound = 0;
    await world.settle(b!.advertise(procedure, () => procedure));
    await world.clock.settle();
    advertiser.bound = bound;
    expect(await world.settle(a!.discover(procedure, { forceRefresh: true }))).toEqual([]);
    await world.clock.advance(61_000);
    const found = await world.settle(a!.discover(procedure, { forceRefresh: true }));
    expect(found.map(({ nodeId }) => nodeId)).toEqual([b!.id]);
  }
});

test('a name whose lookup took long and got no answer is not looked up again for a second', async () => {
  const world = meshWorld();
  const [a, b] = await nodesOf(world, 2);
  blackhole(world, b!, [a!]);
  const { discovery } = contextOf(a!);
  const lookUp = async (): Promise<readonly [number, number]> => {
    const [begun, before] = [world.clock.now(), discovery.lookups];
    const failure = await world.failure(a!.discover('a.b'));
    expect(failure.tag).toBe('connection_error');
    return [discovery.lookups - before, world.clock.now() - begun];
  };
  const [lookups, took] = await lookUp();
  expect(lookups).toBe(1);
  expect(took).toBeGreaterThanOrEqual(500);
  expect(await lookUp()).toEqual([0, 0]);
  await world.clock.advance(1_000);
  expect((await lookUp())[0]).toBe(1);
});

test('a record whose lookup was killed is published all the same', async () => {
  const world = meshWorld();
  const [, b] = await nodesOf(world, 2);
  const handle = await world.settle(b!.advertise('a.b', () => 1));
  await world.clock.until(() => processesOf(b!).some(({ label }) => label === 'lookup'));
  contextOf(b!).runtime.exit(processOf(b!, 'lookup'), 'kill');
  await world.clock.settle();
  expect(handle.state()).not.toBe('published');
  await world.clock.until(() => handle.state() === 'published', 5_000);
});

test('while nobody answers one record at a time is tried, however many wait', async () => {
  const world = meshWorld();
  const [a, b] = await nodesOf(world, 2);
  blackhole(world, b!, [a!]);
  for (let n = 0; n < 16; n++) await world.settle(b!.advertise(`a.n${n}`, () => n));
  await world.clock.advance(30_000);
  const before = contextOf(b!).counters.lookups;
  await world.clock.advance(120_000);
  // with pauses of eight seconds in the mean; besides, the node looks for its place
  expect(contextOf(b!).counters.lookups - before).toBeLessThan(40);
});

/** No node keeps anything new until what this gives is called. */
function refuseAll(nodes: readonly Node[]): () => void {
  const again = nodes.map((node) => {
    const { records } = contextOf(node);
    const judge = records.judge.bind(records);
    records.judge = () => 'full';
    return () => (records.judge = judge);
  });
  return () => again.forEach((each) => each());
}

test('a record that nobody took is tried again until somebody does', async () => {
  const world = meshWorld();
  const nodes = await nodesOf(world, 2);
  const accept = refuseAll(nodes);
  const handle = await world.settle(nodes[1]!.advertise('a.b', () => 1));
  await world.clock.until(() => handle.state() === 'failed', 5_000);
  await world.clock.advance(2_000);
  accept();
  await world.clock.until(() => handle.state() === 'published', 20_000);
});

test('a record that nobody takes back is given up after some tries: it ends by itself', async () => {
  const world = meshWorld();
  const nodes = await nodesOf(world, 2);
  const [, b] = nodes;
  const handle = await world.settle(b!.advertise('a.b', () => 1));
  await world.clock.until(() => handle.state() === 'published', 5_000);
  refuseAll(nodes);
  await world.settle(handle.unadvertise());
  await world.clock.advance(1_000);
  const { publications } = contextOf(b!).discovery;
  expect(publications.has('a.b')).toBe(true);
  await world.clock.advance(60_000);
  expect(publications.has('a.b')).toBe(false);
});

test('a registry that is restarted ends what answers for names that nobody serves any more', async () => {
  const world = meshWorld();
  const [node] = await nodesOf(world, 1);
  for (const name of ['a.kept', 'a.gone']) await world.settle(node!.advertise(name, () => name));
  const procedures = (): number =>
    processesOf(node!).filter(({ info }) => info?.id?.startsWith('procedure:')).length;
  expect(procedures()).toBe(2);
  const { advertised, runtime } = contextOf(node!);
  // the registry was killed between the two steps of withdrawing it
  const gone = [...advertised].find(([, { procedure }]) => procedure === 'a.gone')!;
  advertised.delete(gone[0]);
  runtime.exit(processOf(node!, 'serviceRegistry'), 'kill');
  await world.clock.advance(100);
  expect(procedures()).toBe(1);
  expect(await world.settle(node!.call('a.kept'))).toBe('a.kept');
});

test('what the cache knows and is over leaves it within a minute, each time', async () => {
  const world = meshWorld();
  const [a] = await nodesOf(world, 2);
  const { cache } = contextOf(a!).discovery;
  for (let time = 0; time < 2; time++) {
    expect(await world.settle(a!.discover('a.b'))).toEqual([]);
    expect(cache.stats().size).toBe(1);
    await world.clock.advance(66_000);
    expect(cache.stats().size).toBe(0);
  }
});

test('a second advertise of a name ends what answered for the first', async () => {
  const world = meshWorld();
  const [node] = await nodesOf(world, 1);
  for (const value of [1, 2]) await world.settle(node!.advertise('a.b', () => value));
  await world.clock.settle();
  const procedures = processesOf(node!).filter(({ info }) => info?.id?.startsWith('procedure:'));
  expect(procedures.length).toBe(1);
  expect(await world.settle(node!.call('a.b'))).toBe(2);
});

test('a node that closes takes back also what is on its way to others', async () => {
  const world = meshWorld();
  const [a, b] = await nodesOf(world, 2);
  await world.settle(b!.advertise('a.b', () => 1));
  await world.clock.until(() => processesOf(b!).some(({ label }) => label === 'lookup'));
  await world.settle(b!.close());
  const at = { now: world.clock.now(), wall: world.clock.wall() };
  const kept = contextOf(a!).records.held(hex(procedureKey('a.b')), at);
  expect(kept.map(({ removed }) => removed)).toEqual([true]);
});

test('a record for which no lookup could be made is published when one can', async () => {
  const world = meshWorld();
  const [, b] = await nodesOf(world, 2);
  const { runtime } = contextOf(b!);
  const discovery = processOf(b!, 'discovery');
  discovery.suspended = true;
  runtime.exit(processOf(b!, 'lookups'), 'kill');
  const handle = await world.settle(b!.advertise('a.b', () => 1));
  await world.clock.advance(1_000);
  expect(handle.state()).toBe('failed');
  discovery.suspended = false;
  runtime.work(discovery, () => undefined);
  await world.clock.until(() => handle.state() === 'published', 20_000);
});
