/**
 * What the contract tests of discovery stand on: nodes that know each other, and what each keeps and knows.
 */
import type { AdvertiseOptions, Client } from '../../src/mesh/client/client.ts';
import type { Advertisement } from '../../src/index.ts';
import { hex } from '../../src/mesh/context.ts';
import { procedureKey, type ServiceRecord } from '../../src/mesh/dht/record.ts';
import type { CacheEntry } from '../../src/mesh/registry/provider-cache.ts';
import type { NodeOptions } from '../../src/mesh/client/options.ts';
import type { Node } from '../../src/node.ts';
import { contextOf, meshWorld, type MeshWorld } from '../mesh-world.ts';
import { nodesOf } from '../mesh/registry/nodes.ts';

export interface Nodes {
  readonly world: MeshWorld;
  /** Serves. */
  readonly a: Node;
  /** Calls. */
  readonly b: Node;
  /** Neither. */
  readonly c: Node;
}

export async function threeNodes(options: NodeOptions = {}): Promise<Nodes> {
  const world = meshWorld();
  const [a, b, c] = (await nodesOf(world, 3, options)) as [Node, Node, Node];
  return { world, a, b, c };
}

/** Two halves of what was one mesh, long enough apart that each has noticed. */
export async function halves(): Promise<{
  readonly world: MeshWorld;
  readonly left: readonly [Node, Node];
  readonly right: readonly [Node, Node];
}> {
  const world = meshWorld();
  const [a, b, c, d] = (await nodesOf(world, 4)) as [Node, Node, Node, Node];
  await world.clock.advance(1_000);
  world.network.faults.partition([a, b].map(hostOf), [c, d].map(hostOf));
  await world.clock.advance(60_000);
  return { world, left: [a, b], right: [c, d] };
}

/** Advertises and waits until others find it. */
export async function published(
  world: MeshWorld,
  node: Node,
  procedure: string,
  options?: AdvertiseOptions,
): Promise<Advertisement> {
  const handle = await world.settle(node.advertise(procedure, () => node.id, options));
  await world.clock.until(() => handle.state() === 'published', 10_000);
  return handle;
}

/** Records of a procedure that a node keeps for others, tombstones included. */
export function recordsAt(node: Client, procedure: string): readonly ServiceRecord[] {
  const { records, runtime } = contextOf(node);
  const { clock } = runtime;
  return [...records.held(hex(procedureKey(procedure)), { now: clock.now(), wall: clock.wall() })];
}

/** What its cache knows; looking counts nothing. */
export const knownAt = (node: Client, procedure: string): CacheEntry | undefined =>
  contextOf(node).discovery.cache.peek(procedure, contextOf(node).runtime.clock.now());

export const hostOf = (node: Node): string => new URL(node.url).hostname;

/** Nobody in reach of `node` any more. */
export function isolate({ world, a, b, c }: Nodes, node: Node): void {
  for (const other of [a, b, c]) if (other !== node) world.network.faults.cut(hostOf(node), hostOf(other));
}
