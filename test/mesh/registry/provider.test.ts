/** Providers at this node as users see them. */
import { expect, test } from 'vitest';
import { closeAtEnd, meshWorld } from '../../mesh-world.ts';

test('what a node announces is where its providers are, also for who asks the node itself', async () => {
  const world = meshWorld();
  const plain = await world.node();
  const node = await world.node({ announce: ['203.0.113.5:9443'] });
  closeAtEnd(world, node, plain);
  for (const each of [plain, node]) await each.advertise('a.b', () => 1);
  const endpoints = async (of: typeof node): Promise<unknown> =>
    (await world.settle(of.discover('a.b'))).map((provider) => provider.endpoints);
  expect(await endpoints(node)).toEqual([['203.0.113.5:9443']]);
  expect(await endpoints(plain)).toEqual([[new URL(plain.url).host]]);
});
