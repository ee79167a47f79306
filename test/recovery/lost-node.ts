/** A node and a client of it on the simulated network, and ways to lose the node. */
import type { Node, RemoteClient } from '../../src/node.ts';
import type { Endpoint, Link } from '../../src/transport/transport.ts';
import {
  closeAtEnd,
  contextOf,
  meshWorld,
  processesOf,
  processOf,
  runtimeOf,
  type MeshWorld,
} from '../mesh-world.ts';
import { forget } from './forget.ts';

export const HOST = '198.18.77.1';
export const CLIENT = '198.18.78.1';

export interface Pair {
  readonly world: MeshWorld;
  readonly node: Node;
  readonly client: RemoteClient;
}

/** `delay`: one way, ms. */
export async function started(delay = 1): Promise<Pair> {
  const world = meshWorld({ delay });
  const node = await world.node({ host: HOST });
  const client = await world.client(node, { host: CLIENT });
  closeAtEnd(world, client, node);
  await node.advertise('node.slow', () => wait(world, 8_000));
  await node.advertise('node.one', () => 1);
  await world.settle(client.advertise('client.one', () => 'client'));
  return { world, node, client };
}

export const wait = (world: MeshWorld, ms: number): Promise<string> =>
  new Promise((resolve) => void world.clock.setTimer(ms, () => resolve('done')));

/** The node's process ends without a word. */
export async function die(world: MeshWorld, node: Node): Promise<void> {
  contextOf(node).scope.shared<Endpoint>('endpoint')?.destroy();
  runtimeOf(node).exit(processOf(node, 'node'), 'kill');
  await world.clock.settle();
}

/** Milliseconds until a call of the client succeeds; it calls every 10 ms, each for `timeout`. */
export async function untilServed(
  world: MeshWorld,
  client: RemoteClient,
  limit = 10_000,
  timeout = 1_000,
): Promise<number> {
  const began = world.clock.now();
  let served = false;
  while (!served) {
    if (world.clock.now() - began > limit) return Infinity;
    forget(
      client.tryCall('node.one', {}, { timeout }).then((result) => {
        served ||= result.ok;
      }),
    );
    await world.clock.advance(10);
  }
  return world.clock.now() - began;
}

export const endpointOf = (one: Node | RemoteClient): Endpoint & { readonly links: Iterable<Link> } =>
  contextOf(one).scope.shared('endpoint') as never;

export const connectionsOf = (one: Node | RemoteClient): number =>
  processesOf(one).filter(({ label }) => label.startsWith('connection ')).length;
