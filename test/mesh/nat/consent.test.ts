/**
 * A station tells nobody where another node is, and sends nobody there, before both have agreed to talk (SECURITY §14).
 */
import { expect, test } from 'vitest';
import { rawPeer, type RawPeer } from '../raw-peer.ts';
import { natWorld } from './nat-world.ts';

test('a punch is coordinated only for two with a session that the target has accepted', async () => {
  const { world, station } = await natWorld('consent');
  const attached = async (label: string): Promise<RawPeer> =>
    (await rawPeer(world, station, label)).greeted({ capabilities: ['rpc', 'node'] });
  const [mallory, carol] = [await attached('mallory'), await attached('carol')];
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
});
