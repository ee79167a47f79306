/** A node that is dead costs those who leave it, or were refused by it, nothing but their own time limit. */
import { describe, expect, test } from 'vitest';
import type { RemoteClient } from '../../src/node.ts';
import { left, meshWorld, type MeshWorld } from '../mesh-world.ts';
import { forget } from './forget.ts';
import { die } from './lost-node.ts';

async function orphan(world: MeshWorld): Promise<RemoteClient> {
  const node = await world.node();
  await node.advertise('node.hang', () => new Promise(() => {}));
  const client = await world.client(node);
  await world.settle(client.advertise('client.hang', () => new Promise(() => {})));
  await die(world, node);
  return client;
}

describe('disconnecting from a dead node', () => {
  test.each([
    ['with nothing under way', false, false],
    ['with a call to the node under way', true, false],
    ['with a call of its own under way', false, true],
  ])('%s takes no longer than its timeout, and a moment', async (_name, remote, local) => {
    const world = meshWorld();
    const client = await orphan(world);
    if (remote) forget(client.tryCall('node.hang', {}, { timeout: 60_000 }));
    if (local) forget(client.tryCall('client.hang', {}, { timeout: 60_000 }));
    await world.clock.advance(10);
    const began = world.clock.now();
    await world.settle(client.disconnect({ timeout: 2_000 }));
    expect(world.clock.now() - began).toBeLessThanOrEqual(2_050);
    expect(left(client)).toEqual({ alive: 0, timers: 0, calls: 0 });
  });
});
