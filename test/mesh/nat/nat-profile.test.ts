import { describe, expect, test } from 'vitest';
import { actor, shared } from '../../../src/mesh/context.ts';
import { natMoved, natReport } from '../../../src/mesh/nat/detection/nat-profile.ts';
import type { Node } from '../../../src/node.ts';
import { contextOf, meshWorld, processOf, runtimeOf, type MeshWorld } from '../../mesh-world.ts';
import { nodesOf } from '../peer/peer-world.ts';
import { clique, hostOf, stations } from '../station/stations.ts';
import { check, meet } from './nat-mesh.ts';

const mesh = async (count: number): Promise<{ world: MeshWorld; all: readonly Node[]; node: Node }> => {
  const world = meshWorld();
  const all = await stations(world, clique(count));
  const [node] = await nodesOf(world, 1);
  return { world, all, node: node! };
};

describe('natReport', () => {
  test('without a NAT others see the socket as it is, and anybody gets in', async () => {
    const { world, all, node } = await mesh(3);
    await meet(world, node, all[0]!, all[1]!);
    expect(await check(world, node)).toMatchObject({
      behindNat: false,
      mapping: 'ei',
      filtering: 'ei',
      allocation: 'pp',
      observers: 2,
      reflexive: [new URL(node.url).host],
      assumed: { mapping: 'ei', filtering: 'ei', allocation: 'pp' },
      unmeasured: [],
    });
  });

  test('with nobody to ask everything is unknown, and it says so at once', async () => {
    const world = meshWorld();
    const [node] = await nodesOf(world, 1);
    const begun = world.clock.now();
    expect(await check(world, node!)).toMatchObject({
      behindNat: undefined,
      mapping: 'unknown',
      filtering: 'unknown',
      allocation: 'unknown',
      observers: 0,
      reflexive: [],
      assumed: undefined,
      explanation: ['Nothing was measured: no peer at an address of its own is connected.'],
    });
    expect(world.clock.now()).toBe(begun);
  });

  test('a node that is no station says where it sees us, and sends nothing: filtering stays unknown', async () => {
    const world = meshWorld();
    const [node, one, other] = await nodesOf(world, 3);
    await meet(world, node!, one!, other!);
    expect(await check(world, node!)).toMatchObject({
      observers: 2,
      mapping: 'ei',
      filtering: 'unknown',
      unmeasured: [{ what: 'filtering', why: 'no station was there to send something back' }],
    });
  });

  test('when no station is left that was not sent to, what strangers may do is not measured', async () => {
    const { world, all, node } = await mesh(2);
    await meet(world, node, ...all);
    const report = await check(world, node);
    expect(report).toMatchObject({ observers: 2, filtering: 'unknown' });
    expect(report.unmeasured).toEqual([
      {
        what: 'filtering',
        why: 'other ports of a known host get in; no station could ask a host that was not sent to',
      },
    ]);
  });

  test('what was measured of filtering holds when more hosts are known', async () => {
    const { world, all, node } = await mesh(2);
    await meet(world, node, all[0]!);
    expect(await check(world, node)).toMatchObject({ observers: 1, filtering: 'ei' });
    await meet(world, node, all[1]!);
    expect(await check(world, node, { force: true })).toMatchObject({ observers: 2, filtering: 'ei' });
  });

  test('datagrams of other hosts that do not arrive, of the known one they do: filtering by host', async () => {
    const { world, all, node } = await mesh(2);
    await meet(world, node, all[0]!);
    world.network.faults.raw(hostOf(all[1]!), hostOf(node), { loss: 1 }, 'forward');
    expect(await check(world, node)).toMatchObject({ filtering: 'hd' });
  });

  test('nothing at all arrives: that is no measurement', async () => {
    const { world, all, node } = await mesh(2);
    await meet(world, node, all[0]!);
    for (const station of all)
      world.network.faults.raw(hostOf(station), hostOf(node), { loss: 1 }, 'forward');
    const report = await check(world, node);
    expect(report).toMatchObject({ filtering: 'unknown', mapping: 'ei' });
    expect(report.unmeasured).toMatchObject([{ what: 'filtering' }]);
  });

  test('is measured once in 300 s, and once more in the 60 s after them, while the old one is told', async () => {
    const { world, all, node } = await mesh(2);
    await meet(world, node, ...all);
    const first = await check(world, node);
    await world.clock.advance(290_000);
    await meet(world, node, ...all);
    expect(await check(world, node)).toBe(first);
    await world.clock.advance(20_000);
    expect(await check(world, node)).toBe(first);
    await world.clock.advance(5_000);
    const second = await check(world, node);
    expect(second).not.toBe(first);
    await world.clock.advance(361_000);
    await meet(world, node, ...all);
    const third = await check(world, node);
    expect(third.measuredAt).toBeGreaterThan(second.measuredAt + 360_000);
  });

  test('whoever asks while it is being measured waits for the same', async () => {
    const { world, all, node } = await mesh(2);
    await meet(world, node, ...all);
    const reports = await Promise.all([1, 2, 3].map(() => check(world, node, { force: true })));
    expect(new Set(reports).size).toBe(1);
  });

  test('an observer that does not answer costs two seconds and no more', async () => {
    const { world, all, node } = await mesh(2);
    await meet(world, node, ...all);
    world.network.faults.cut(hostOf(all[1]!), hostOf(node));
    const begun = world.clock.now();
    expect(await check(world, node)).toMatchObject({ observers: 1 });
    expect(world.clock.now() - begun).toBeLessThanOrEqual(2_500);
  });

  test('a path that moved makes it measure again by itself', async () => {
    const { world, all, node } = await mesh(2);
    await meet(world, node, ...all);
    const { measuredAt } = await check(world, node);
    for (let index = 0; index < 10; index++) natMoved(contextOf(node));
    await world.clock.advance(12_000);
    const { report } = shared(contextOf(node), 'natProfile')!;
    expect(report!.measuredAt).toBeGreaterThan(measuredAt);
  });

  test('nobody measures before somebody asked', async () => {
    const { world, all, node } = await mesh(2);
    await meet(world, node, ...all);
    natMoved(contextOf(node));
    await world.clock.advance(30_000);
    expect(shared(contextOf(node), 'natProfile')).toMatchObject({ report: undefined });
  });

  test('its actor dies: the next question is answered by its successor', async () => {
    const { world, all, node } = await mesh(2);
    await meet(world, node, ...all);
    await check(world, node);
    const before = actor(contextOf(node), 'natProfile');
    runtimeOf(node).exit(processOf(node, 'natProfile'), 'kill');
    await world.clock.until(() => {
      const now = actor(contextOf(node), 'natProfile');
      return now !== undefined && now !== before;
    });
    expect(await check(world, node)).toMatchObject({ observers: 2 });
  });

  test.each([
    [{ force: 'yes' }, 'force'],
    [{ timeout: 0 }, 'timeout'],
  ])('%j is invalid_args', async (options, field) => {
    const world = meshWorld();
    const [node] = await nodesOf(world, 1);
    const failure = await world.failure(natReport(contextOf(node!), options as never));
    expect(failure).toMatchObject({ tag: 'invalid_args', field });
  });

  test('gives up when its caller does', async () => {
    const { world, all, node } = await mesh(2);
    await meet(world, node, ...all);
    const asked = natReport(contextOf(node), { signal: AbortSignal.abort() });
    expect(await world.failure(asked)).toMatchObject({ tag: 'canceled' });
    world.network.faults.cut(hostOf(all[0]!), hostOf(node));
    const late = natReport(contextOf(node), { timeout: 100 });
    expect(await world.failure(late)).toMatchObject({ tag: 'timeout' });
  });
});
