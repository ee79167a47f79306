/**
 * The place of NAT traversal: asked when no address leads to a node, with what the caller knows of the way.
 */
import { expect, test } from 'vitest';
import type { Process } from '../../../src/actor/process.ts';
import type { NatConnector } from '../../../src/mesh/peer/nat-connector.ts';
import type { Node } from '../../../src/node.ts';
import { contextOf, meshWorld, runtimeOf, type MeshWorld } from '../../mesh-world.ts';
import { addressOf, ask, endOf, nodesOf, PING, targetOf } from './peer-world.ts';

type Attempted = Parameters<NatConnector['attempt']>;

interface Stage {
  readonly world: MeshWorld;
  readonly a: Node;
  readonly b: Node;
  readonly attempted: Attempted[];
  /** The processes of the attempts. */
  readonly attempts: Process[];
}

/** Two nodes; the first has somebody who gets through NATs, or begins to. */
async function stage(busy = false): Promise<Stage> {
  const world = meshWorld();
  const [a, b] = (await nodesOf(world, 2)) as [Node, Node];
  const attempted: Attempted[] = [];
  const attempts: Process[] = [];
  const runtime = runtimeOf(a);
  const { scope } = contextOf(a);
  const idle = { type: 'attempt', receive: () => {} };
  const connector = scope.whereis('natConnector') as Process;
  const shared: NatConnector = {
    attempt: (...told) => {
      attempted.push(told);
      if (busy) return undefined;
      attempts.push(runtime.spawn(idle) as Process);
      return attempts.at(-1);
    },
  };
  scope.share('natConnector', connector, shared);
  return { world, a, b, attempted, attempts };
}

test('a node without an address is sought through its NAT, and gets the message when it is connected', async () => {
  const { world, a, b, attempted } = await stage();
  const asked = ask(a, { nodeId: b.id, addresses: [] });
  await world.clock.advance(10);
  expect(attempted).toEqual([[{ nodeId: b.id, stations: [] }, expect.any(Number), expect.anything()]]);
  // as by a hole that both have punched
  await world.settle(ask(b, targetOf(a)));
  expect(endOf(await world.settle(asked))).toBe('pong');
});

test('sendNatAware tells it the relay, and whether to punch; the address that is known comes first', async () => {
  const { world, a, b, attempted, attempts } = await stage();
  const options = { endpoint: '198.18.99.99:4433', relayEndpoint: '198.18.99.98:4434', skipHolePunch: true };
  const sent = a.peers.sendNatAware(b.id, 'ping', {}, options).catch((error: unknown) => error);
  await world.clock.advance(100);
  expect(attempted).toEqual([]);
  await world.clock.advance(3_000);
  expect(attempted).toEqual([
    [
      { nodeId: b.id, stations: [], relay: '198.18.99.98:4434', skipHolePunch: true },
      expect.any(Number),
      expect.anything(),
    ],
  ]);
  runtimeOf(a).exit(attempts[0] as Process, 'kill');
  expect(await world.settle(sent)).toMatchObject({ tag: 'connection_error', failure: { sent: false } });
});

test('a node that can be dialed is not sought through a NAT', async () => {
  const { world, a, b, attempted } = await stage();
  await world.settle(a.peers.sendNatAware(b.id, 'ping', {}, { endpoint: addressOf(b) }));
  expect(attempted).toEqual([]);
});

test('an attempt that does not end is given up when nobody waits any more', async () => {
  const { world, a, b, attempted } = await stage();
  expect(endOf(await world.settle(ask(a, { nodeId: b.id, addresses: [] }, PING, 1_000)))).toBe('timeout');
  await world.clock.advance(10);
  const again = ask(a, { nodeId: b.id, addresses: [] }, PING, 1_000);
  await world.clock.advance(10);
  expect(attempted).toHaveLength(2);
  expect(endOf(await world.settle(again))).toBe('timeout');
});

test('when no attempt can be made, nobody waits', async () => {
  const { world, a, b, attempted } = await stage(true);
  const since = world.clock.now();
  expect(endOf(await world.settle(ask(a, { nodeId: b.id, addresses: [] })))).toBe('noconnection');
  expect(attempted).toHaveLength(1);
  expect(world.clock.now() - since).toBeLessThan(100);
});
