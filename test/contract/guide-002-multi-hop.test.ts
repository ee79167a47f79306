/** Guide 002: the planned multi-hop routing. */
import { expect, test } from 'vitest';
import { closeAtEnd, meshWorld } from '../mesh-world.ts';
import { chain, stations } from '../mesh/station/stations.ts';

test('002-multi-hop: stations pass a call on, ten times at most', async () => {
  const world = meshWorld();
  const all = await stations(world, chain(12));
  const caller = await world.client(all[0]!);
  closeAtEnd(world, caller);
  for (const at of [1, 10, 11]) await world.settle(all[at]!.advertise(`hop.n${at}`, () => at));
  expect(await world.settle(caller.call('hop.n1'))).toBe(1);
  expect(await world.settle(caller.call('hop.n10'))).toBe(10);
  expect((await world.failure(caller.call('hop.n11'))).tag).toBe('procedure_not_found');
});
