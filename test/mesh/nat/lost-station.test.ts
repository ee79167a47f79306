/**
 * What of a station is lost while others count on it: its socket, or all of it in the middle of a hole punch.
 */
import { expect, test } from 'vitest';
import type { Node } from '../../../src/node.ts';
import { contextOf, processesOf, processOf, runtimeOf, type MeshWorld } from '../../mesh-world.ts';
import { natWorld, pathTo } from './nat-world.ts';

async function serve(world: MeshWorld, node: Node, name: string): Promise<void> {
  await world.settle(node.advertise(name, ({ n }: { n: number }) => n));
  await world.clock.until(() => contextOf(node).discovery.publications.get(name)?.state === 'published');
}

test('a station whose socket was restarted passes on again', async () => {
  const { world, station, behind } = await natWorld('socket');
  const alice = await behind('alice', 'sym');
  const bob = await behind('bob', 'sym');
  await serve(world, bob, 'bob.echo');
  runtimeOf(station).exit(processOf(station, 'endpoint'), 'kill');
  // whoever was attached there finds out, and attaches again
  await world.clock.advance(60_000);
  expect(await world.settle(alice.call('bob.echo', { n: 1 }))).toBe(1);
  expect(pathTo(alice, bob)?.kind).toBe('relayed');
});

test('a hole punch whose station falls silent ends with its time', async () => {
  const { world, behind } = await natWorld('silent');
  const alice = await behind('alice', 'port');
  const bob = await behind('bob', 'port');
  await serve(world, bob, 'bob.echo');
  const call = alice.tryCall('bob.echo', { n: 1 });
  const punching = (): boolean => processesOf(alice).some(({ label }) => label === 'hole punch');
  await world.clock.until(punching);
  world.network.faults.partition(['203.0.113.1'], ['10.1.0.2', '10.2.0.2']);
  await world.clock.advance(5_000);
  expect(punching()).toBe(true);
  world.network.faults.healAll();
  await world.settle(call);
  await world.clock.advance(20_000);
  expect(punching()).toBe(false);
  expect(contextOf(alice).relays.punches.size).toBe(0);
});
