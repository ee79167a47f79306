/**
 * What of a station is lost while others count on it: its socket, or all of it in the middle of a hole punch.
 */
import { expect, test } from 'vitest';
import type { Node } from '../../../src/node.ts';
import { contextOf, processesOf, processOf, runtimeOf } from '../../mesh-world.ts';
import { serve } from './conversation.ts';
import { natWorld, pathTo } from './nat-world.ts';

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

test('a station with a new socket keeps a session for the end that comes back later', async () => {
  const { world, station, behind } = await natWorld('socket-later');
  const alice = await behind('alice', 'sym');
  const bob = await behind('bob', 'sym');
  await serve(world, bob, 'bob.echo');
  expect(await world.settle(alice.call('bob.echo', { n: 1 }))).toBe(1);
  const sessions = (): readonly string[] => [...contextOf(alice).relays.own.keys()];
  const before = sessions();
  world.network.faults.partition(['203.0.113.1'], ['10.2.0.2']);
  runtimeOf(station).exit(processOf(station, 'endpoint'), 'kill');
  await world.clock.advance(1);
  const isBack = (node: Node): boolean => contextOf(station).standings.ready(node.id) !== undefined;
  await world.clock.until(() => isBack(alice), 5_000);
  await world.clock.advance(500);
  expect(isBack(bob)).toBe(false);
  world.network.faults.healAll();
  expect(await world.settle(alice.call('bob.echo', { n: 2 }))).toBe(2);
  expect(isBack(bob)).toBe(true);
  expect(before.length).toBe(1);
  // while bob is not back there may be another one, too
  expect(sessions()).toEqual(expect.arrayContaining([...before]));
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
