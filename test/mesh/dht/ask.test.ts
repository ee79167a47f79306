import { expect, test } from 'vitest';
import { ask, type Answer } from '../../../src/mesh/dht/ask.ts';
import type { PeerTarget } from '../../../src/mesh/peer/peer-target.ts';
import { contextOf, meshWorld, processOf, type MeshWorld } from '../../mesh-world.ts';
import type { Node } from '../../../src/node.ts';
import { ask as askPeer, connectionsOf, nodesOf, PING } from '../peer/peer-world.ts';

const nobody = (n: number): PeerTarget => ({
  nodeId: n.toString(16).padStart(64, '0'),
  addresses: [`198.19.${n >> 8}.${n & 255}:9443`],
});

const blamed = async (world: MeshWorld, node: Node, target: PeerTarget, timeout: number) => {
  let failures = 0;
  const told = await world.settle(
    new Promise<Answer>((resolve) => {
      const failed = (): void => void failures++;
      ask(contextOf(node), processOf(node, 'peerPool'), target, PING, timeout, { told: resolve, failed });
    }),
  );
  return [told.ok ? 'nobody' : told.blame, failures, !told.ok && told.unasked];
};

test('a peer that is silent when it is dialed is to blame, one that was never dialed for our own queue is not', async () => {
  const world = meshWorld();
  const [a] = await nodesOf(world, 1);
  expect(await blamed(world, a!, nobody(0), 500)).toEqual(['peer', 1, false]);
  await world.clock.advance(5_000);
  const others = Array.from({ length: 256 }, (_, n) => askPeer(a!, nobody(n + 1), PING, 3_000));
  await world.clock.settle();
  expect(connectionsOf(a!).length).toBe(256);
  expect(await blamed(world, a!, nobody(999), 500)).toEqual(['ours', 0, true]);
  // one dial for all who wait for it
  expect(await blamed(world, a!, nobody(1), 500)).toEqual(['peer', 1, false]);
  await world.settle(Promise.all(others));
});

test('a peer that refuses us is asked once, and counts as gone', async () => {
  const world = meshWorld();
  const [a] = await nodesOf(world, 1);
  const [foreign] = await nodesOf(world, 1, { realm: 'another' });
  let refusals = 0;
  a!.events.addEventListener('connection.refused', () => refusals++);
  const target = { nodeId: foreign!.id, addresses: [new URL(foreign!.url).host] };
  expect(await blamed(world, a!, target, 2_000)).toEqual(['refused', 1, false]);
  expect(refusals).toBe(1);
});

test('a peer that is asked while our peer pool is restarted is not to blame: nobody was there to dial it', async () => {
  const world = meshWorld();
  const [a, b] = await nodesOf(world, 2);
  const { runtime } = contextOf(a!);
  // nobody starts another one for now
  const peers = processOf(a!, 'peers');
  peers.suspended = true;
  const asker = processOf(a!, 'connections');
  runtime.exit(processOf(a!, 'peerPool'), 'kill');
  const target = { nodeId: b!.id, addresses: [new URL(b!.url).host] };
  const told = await world.settle(
    new Promise<Answer>((resolve) => {
      const failed = (): void => expect.fail('it was blamed');
      ask(contextOf(a!), asker, target, PING, 500, { told: resolve, failed });
    }),
  );
  expect(told).toEqual({ ok: false, blame: 'ours', unasked: true });
  peers.suspended = false;
  runtime.work(peers, () => undefined);
});
