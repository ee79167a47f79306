/** What is found out about every NAT of the test beds (BASELINES §4), and of every other kind. */
import { describe, expect, test } from 'vitest';
import type { NatReport } from '../../../src/mesh/nat/detection/report.ts';
import type { NatType } from '../../../src/transport/memory/nat-types.ts';
import type { NatBehavior } from '../../../src/transport/memory/nat.ts';
import { closeAtEnd, meshWorld } from '../../mesh-world.ts';
import { clique, stations } from '../station/stations.ts';
import { check, meet } from './nat-mesh.ts';

const OUTSIDE = '203.0.113.2';

/**
 * First one station is met, whose peer the node has not sent to: so filtering can be measured. Then the other, so that
 * there are two to compare.
 */
async function examine(type: NatType | NatBehavior): Promise<NatReport> {
  const world = meshWorld();
  const all = await stations(world, clique(2));
  const nat = world.network.nat({ host: OUTSIDE, type });
  // a routed machine has an address of the internet
  const transport = world.network.transport(type === 'none' ? '203.0.113.70' : '10.1.0.2', { nat });
  const node = await world.node({ dht: false, transport });
  closeAtEnd(world, node);
  await meet(world, node, all[0]!);
  await check(world, node);
  await meet(world, node, all[1]!);
  return check(world, node, { force: true });
}

describe('the NATs of the test beds', () => {
  test.each<readonly [NatType, Partial<NatReport>]>([
    ['none', { behindNat: false, mapping: 'ei', filtering: 'ei', allocation: 'pp' }],
    ['fullcone', { behindNat: true, mapping: 'ei', filtering: 'ei', allocation: 'pp' }],
    ['addr', { behindNat: true, mapping: 'ei', filtering: 'hd', allocation: 'pp' }],
    ['port', { behindNat: true, mapping: 'ei', filtering: 'pd', allocation: 'pp' }],
    ['sym', { behindNat: true, mapping: 'hd', filtering: 'pd', allocation: 'rd' }],
    // one port for all destinations looks as if it were one mapping, and serves as well
    ['symport', { behindNat: true, mapping: 'ei', filtering: 'pd', allocation: 'pp' }],
  ])('%s', async (type, expected) => {
    expect(await examine(type)).toMatchObject({ ...expected, observers: 2, unmeasured: [] });
  });

  test('blocked: nobody is reached, so nothing is measured', async () => {
    const world = meshWorld();
    const [station] = await stations(world, clique(1));
    const nat = world.network.nat({ host: OUTSIDE, type: 'blocked' });
    const node = await world.node({ dht: false, transport: world.network.transport('10.1.0.2', { nat }) });
    closeAtEnd(world, node);
    await world.failure(meet(world, node, station!));
    expect(await check(world, node)).toMatchObject({
      behindNat: undefined,
      mapping: 'unknown',
      observers: 0,
    });
  });
});

const WAYS = ['ei', 'hd', 'pd'] as const;
const behaviors = WAYS.flatMap((mapping) =>
  WAYS.flatMap((filtering) =>
    (['pp', 'pc', 'rd'] as const).map((allocation): NatBehavior => ({ mapping, filtering, allocation })),
  ),
);

describe('all 27 kinds', () => {
  test.each(behaviors.map((each) => [`${each.mapping}/${each.filtering}/${each.allocation}`, each] as const))(
    '%s: what it lets in is measured, and how it maps as far as two observers can tell',
    async (_name, behavior) => {
      const report = await examine(behavior);
      const sameForAll = behavior.mapping === 'ei' || behavior.allocation === 'pp';
      expect(report).toMatchObject({ filtering: behavior.filtering, mapping: sameForAll ? 'ei' : 'hd' });
      if (behavior.allocation === 'pp') expect(report.allocation).toBe('pp');
      else expect(report.allocation).toBe(sameForAll ? 'pc' : behavior.allocation);
    },
  );
});
