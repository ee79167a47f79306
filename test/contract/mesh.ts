/**
 * What the contract tests stand on: a node, two clients of it over a simulated network, and both ways a call
 * can go.
 */
import { expect, vi } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import { connectLocal } from '../../src/index.ts';
import type { ActorNode } from '../../src/inspect/snapshot.ts';
import type { Client } from '../../src/mesh/client/client.ts';
import type { ConnectOptions, NodeOptions } from '../../src/mesh/client/options.ts';
import type { Node, RemoteClient } from '../../src/node.ts';
import { closeAtEnd, meshWorld, processesOf, type MeshWorld } from '../mesh-world.ts';

export interface Mesh {
  readonly world: MeshWorld;
  readonly node: Node;
  /** Two clients, each on a machine of its own. */
  readonly alice: RemoteClient;
  readonly bob: RemoteClient;
}

/** A mesh for one test; it is closed when the test is over. */
export async function openMesh(
  options: { readonly node?: NodeOptions; readonly clients?: ConnectOptions } = {},
): Promise<Mesh> {
  const world = meshWorld();
  const node = await world.node(options.node);
  const alice = await world.client(node, options.clients);
  const bob = await world.client(node, options.clients);
  closeAtEnd(world, alice, bob, node);
  return { world, node, alice, bob };
}

/** Who serves and who calls. */
export interface Way extends Mesh {
  readonly provider: Client;
  readonly caller: Client;
  readonly remote: boolean;
}

/**
 * The same rule on both paths: between two clients of one process and node, and from client to client over two
 * connections. A mesh of its own for each.
 */
export async function onBothPaths(
  check: (way: Way) => Promise<void>,
  options: Parameters<typeof openMesh>[0] = {},
): Promise<void> {
  const near = await openMesh(options);
  await check({ ...near, provider: connectLocal(near.node), caller: connectLocal(near.node), remote: false });
  const far = await openMesh(options);
  await check({ ...far, provider: far.alice, caller: far.bob, remote: true });
}

/** What `work` gives, and whether anything crossed the network meanwhile. */
export async function traffic<T>(
  world: MeshWorld,
  work: () => Promise<T>,
): Promise<{ readonly value: T; readonly sent: boolean }> {
  const before = world.network.trace();
  const value = await world.settle(work());
  return { value, sent: world.network.trace() !== before };
}

/** Labels from the root of a tree down to the process. */
export function pathOf(process: Process): readonly string[] {
  const path: string[] = [];
  for (let at: Process | null = process; at !== null; at = at.parentProcess) path.unshift(at.label);
  return path;
}

/** The running invocations of a client or node. */
export const invocationsOf = (client: Client): readonly Process[] =>
  processesOf(client).filter(({ behavior }) => behavior.type === 'Invocation');

/** The actor at these names below the root of a snapshot. */
export function actorAt(root: ActorNode, ...names: readonly string[]): ActorNode {
  let at = root;
  for (const name of names) {
    at =
      at.children.find((child) => child.name === name) ??
      expect.fail(`no ${name} below ${at.name}: ${at.children.map((child) => child.name).join(', ')}`);
  }
  return at;
}

/** Turns of the real event loop, for what the simulated clock does not move: a name lookup. */
export const meanwhile = async (condition: () => boolean): Promise<void> => {
  await vi.waitUntil(condition, { timeout: 5_000, interval: 1 });
};

/** A promise that nothing settles. */
export const forever = (): Promise<never> => new Promise(() => undefined);
