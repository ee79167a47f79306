/**
 * `connection.refused` warns of peers that are not accepted, and of nobody else.
 */
import { expect, test } from 'vitest';
import type { Node } from '../../../src/node.ts';
import { CloseCode } from '../../../src/transport/transport.ts';
import { contextOf, meshWorld } from '../../mesh-world.ts';
import { rawPeer } from '../raw-peer.ts';

const refusedAt = (node: Node): string[] => {
  const reasons: string[] = [];
  node.events.addEventListener('connection.refused', ({ detail }) => reasons.push(detail.reason));
  return reasons;
};

test.each([
  { code: CloseCode.normal, warned: false },
  { code: CloseCode.shuttingDown, warned: false },
  { code: CloseCode.duplicate, warned: false },
  { code: CloseCode.idle, warned: false },
  { code: CloseCode.protocolError, warned: true },
  { code: CloseCode.refused, warned: true },
])('a peer that closes with $code before its hello is warned of: $warned', async ({ code, warned }) => {
  const world = meshWorld();
  const node = await world.node({ dht: false });
  const reasons = refusedAt(node);
  const peer = await (await rawPeer(world, node)).opened();
  peer.link.close(code, '');
  await world.clock.advance(100);
  expect(reasons.length).toBe(warned ? 1 : 0);
  await world.settle(node.close());
});

test('two nodes that dial each other in one moment warn of nothing', async () => {
  const world = meshWorld({ delay: { min: 1, max: 5 } });
  const [a, b] = [await world.node({ dht: false }), await world.node({ dht: false })];
  const reasons = [a, b].map(refusedAt);
  const hosts = [a, b].map(({ url }) => new URL(url).host);
  await world.settle(
    Promise.all([
      a.peers.sendMessageAndWait(hosts[1] ?? '', 'ping'),
      b.peers.sendMessageAndWait(hosts[0] ?? '', 'ping'),
    ]),
  );
  expect(contextOf(a).counters.connectionsOpened + contextOf(b).counters.connectionsOpened).toBeGreaterThan(
    1,
  );
  expect(reasons).toEqual([[], []]);
  await world.settle(Promise.all([a.close(), b.close()]));
});
