/**
 * A station tells nobody where another node is, and sends nobody there, before both have agreed to talk (SECURITY §14).
 */
import { expect, test } from 'vitest';
import type { Node } from '../../../src/node.ts';
import type { MeshWorld } from '../../mesh-world.ts';
import { rawPeer, type RawPeer } from '../raw-peer.ts';
import { natWorld } from './nat-world.ts';

const attached = async (world: MeshWorld, station: Node, label: string): Promise<RawPeer> =>
  (await rawPeer(world, station, label)).greeted({ capabilities: ['rpc', 'node'] });

test('a punch is coordinated only for two with a session that the target has accepted', async () => {
  const { world, station } = await natWorld('consent');
  const [mallory, carol] = [
    await attached(world, station, 'mallory'),
    await attached(world, station, 'carol'),
  ];
  const told = async (): Promise<number> => {
    mallory.channels.control.send('punch_request', {
      session_id: mallory.id(),
      requester_id: mallory.identity.nodeId,
      target_id: carol.identity.nodeId,
    });
    await world.clock.advance(100);
    return carol.channels.control.of('punch_coordinate').length;
  };
  expect(await told(), 'no session').toBe(0);
  const session_id = mallory.id();
  mallory.channels.control.send('relay_request', { session_id, target_id: carol.identity.nodeId });
  await world.clock.advance(100);
  expect(carol.channels.control.of('relay_request')).toHaveLength(1);
  expect(await told(), 'not accepted').toBe(0);
  carol.channels.control.send('relay_ready', { session_id });
  await world.clock.advance(100);
  expect(await told()).toBe(1);
  expect(await told(), 'one at a time').toBe(1);
});

test('nobody but the target agrees for it, and nobody but the two ends a punch', async () => {
  const { world, station } = await natWorld('consent-of-others');
  const [alice, bob, eve] = [
    await attached(world, station, 'alice'),
    await attached(world, station, 'bob'),
    await attached(world, station, 'eve'),
  ];
  const session_id = alice.id();
  alice.channels.control.send('relay_request', { session_id, target_id: bob.identity.nodeId });
  await world.clock.advance(100);
  bob.channels.control.send('relay_ready', { session_id });
  await world.clock.advance(100);
  const ids = { requester_id: alice.identity.nodeId, target_id: bob.identity.nodeId };
  alice.channels.control.send('punch_request', { session_id, ...ids });
  await world.clock.advance(100);
  expect(bob.channels.control.of('punch_coordinate')).toHaveLength(1);
  const word = async (who: RawPeer): Promise<readonly number[]> => {
    who.channels.control.send('punch_execute', { session_id });
    await world.clock.advance(100);
    const { control } = alice.channels;
    return [control.of('punch_coordinate').length, control.of('punch_result').length];
  };
  for (const [success, reason] of [
    [true, undefined],
    [false, 'refused'],
    [false, 'peer_gone'],
  ] as const)
    eve.channels.control.send('punch_result', { session_id, success, ...(reason && { reason }) });
  expect(await word(eve)).toEqual([0, 0]);
  expect(await word(bob)).toEqual([1, 0]);
  // once is enough
  expect(await word(bob)).toEqual([1, 0]);
});
