import { expect, test } from 'vitest';
import { shared } from '../../../src/mesh/context.ts';
import type { Client } from '../../../src/mesh/client/client.ts';
import type { Link } from '../../../src/transport/transport.ts';
import { closeAtEnd, contextOf, meshWorld } from '../../mesh-world.ts';

const HOSTS = ['198.18.9.1', '198.18.8.1'] as const;

const openLinks = (client: Client): Link[] =>
  [...(shared(contextOf(client), 'endpoint')?.links ?? [])].filter(({ state }) => state === 'open');

test('a hello that arrives after the same client has dialed again does not cost the newer connection', async () => {
  const world = meshWorld();
  const { faults } = world.network;
  const node = await world.node({ host: HOSTS[1] });
  const client = await world.client(node, { host: HOSTS[0] });
  closeAtEnd(world, client, node);
  await world.settle(node.advertise('m.here', () => 'yes'));
  const [first] = openLinks(client) as [Link];
  // the second connection's hello is late, and its dialer is gone before it arrives
  faults.reorder(...HOSTS, { share: 1, window: 5_000 }, 'forward');
  faults.resetLink(first);
  await world.clock.until(() => openLinks(client).length === 1 && openLinks(node).length === 1);
  const [second] = openLinks(client) as [Link];
  await world.clock.advance(10);
  faults.forgetLink(second);
  faults.calm();
  await world.clock.until(() => shared(contextOf(client), 'uplink')?.connection?.alive === true);
  const [third] = openLinks(client) as [Link];
  expect(await world.settle(client.call('m.here'))).toBe('yes');
  await world.clock.advance(6_000);
  expect(third.state).toBe('open');
  expect(await world.settle(client.call('m.here'))).toBe('yes');
});
