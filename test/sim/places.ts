/**
 * Whole nodes on a simulated network, each on a machine and in a runtime of its own; they can die without a word.
 */
import { silentLogger } from '../../src/actor/logger.ts';
import type { Random } from '../../src/actor/random.ts';
import { Runtime } from '../../src/actor/runtime.ts';
import { childrenOf } from '../../src/actor/tree.ts';
import { createIdentity, type Identity } from '../../src/identity/identity.ts';
import type { NodeOptions } from '../../src/mesh/client/options.ts';
import type { MeshContext } from '../../src/mesh/context.ts';
import type { Contact } from '../../src/mesh/dht/contact.ts';
import { startNode, type Node } from '../../src/node.ts';
import type { VirtualClock } from '../../src/testing/virtual-clock.ts';
import type { MemoryNetwork } from '../../src/transport/memory/network.ts';

const PORT = 9_443;
const REALM = 'simulated';
/** Nodes that start at once. */
const BATCH = 100;

export interface Place {
  readonly node: Node;
  readonly context: MeshContext;
  readonly contact: Contact;
  readonly host: string;
}

export interface World {
  readonly clock: VirtualClock;
  readonly network: MemoryNetwork;
  readonly random: Random;
}

/** Where a node is and who, when that is not drawn by its number. */
export interface Chosen {
  readonly host: string;
  readonly identity: Identity;
}

/** Nodes number `from` and so many after it; no two of a world have the same number. */
export async function startSome(
  world: World,
  from: number,
  count: number,
  options: NodeOptions,
  choose?: (index: number) => Chosen,
): Promise<readonly Place[]> {
  const all: Place[] = [];
  for (let first = 0; first < count; first += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, count - first) }, (_, n) =>
      start(world, from + first + n, options, choose?.(from + first + n)),
    );
    all.push(...(await settle(world.clock, Promise.all(batch))));
  }
  return all;
}

async function start(
  { clock, network, random }: World,
  index: number,
  options: NodeOptions,
  chosen: Chosen | undefined,
): Promise<Place> {
  const own = random.fork(`node ${index}`);
  const host = chosen?.host ?? hostOf(index);
  const node = await startNode({
    realm: REALM,
    listen: `${host}:${PORT}`,
    identity: chosen?.identity ?? createIdentity(own.fork('key'), clock.wall()),
    transport: network.transport(host),
    runtime: new Runtime({ clock, random: own, logger: silentLogger, budget: { milliseconds: Infinity } }),
    ...options,
  });
  const { context } = node as unknown as { readonly context: MeshContext };
  const { id: nodeId } = node;
  const id = new Uint8Array(Buffer.from(nodeId, 'hex'));
  return { node, context, host, contact: { id, nodeId, address: `${host}:${PORT}` } };
}

/** Its machine first, so that nobody hears anything. */
export function die(network: MemoryNetwork, { context, host }: Place): void {
  network.faults.kill(host);
  const { runtime } = context;
  for (const root of childrenOf(runtime)) runtime.exit(root, 'kill');
}

/** Moves time until the promise is settled. */
export async function settle<T>(clock: VirtualClock, promise: Promise<T>): Promise<T> {
  let done = false;
  const end = (): void => {
    done = true;
  };
  promise.then(end, end);
  await clock.until(() => done);
  return promise;
}

export const pick = <T>(random: Random, items: readonly T[]): T => items[random.u32() % items.length] as T;

/** Each in a /24 of its own: the limits by network are for machines of one house. Nothing leaves this process. */
const hostOf = (index: number): string => `20.${(index >> 8) & 255}.${index & 255}.1`;
