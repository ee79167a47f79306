/** A few nodes that know each other by the DHT, for the tests of journeys. */
import { expect } from 'vitest';
import type { Value } from '../../../src/codec/value.ts';
import type { RpcError, Result } from '../../../src/mesh/errors/rpc-error.ts';
import type { NodeOptions } from '../../../src/mesh/client/options.ts';
import type { Node } from '../../../src/node.ts';
import { closeAtEnd, contextOf, type MeshWorld } from '../../mesh-world.ts';

export interface Mesh {
  /** Calls come from here. */
  readonly caller: Node;
  readonly others: readonly Node[];
}

/** Virtual ms until nodes know each other and what they advertise is found. */
export const CALM = 3_000;

/** A caller and `count` nodes that have joined by it. */
export async function mesh(world: MeshWorld, count: number, options: NodeOptions = {}): Promise<Mesh> {
  const caller = await world.node(options);
  const others: Node[] = [];
  for (let n = 0; n < count; n++) others.push(await world.node({ bootstrap: [caller.url] }));
  closeAtEnd(world, ...others, caller);
  await world.clock.advance(CALM);
  return { caller, others };
}

/** Has each of these serve `procedure`; the handler is told which one it is. */
export async function serve(
  world: MeshWorld,
  nodes: readonly Node[],
  procedure: string,
  handler: (at: number, signal: AbortSignal) => unknown = (at) => at,
): Promise<void> {
  await Promise.all(
    nodes.map((node, at) =>
      node.advertise(procedure, (_args, { signal }) => handler(at, signal), {
        limits: { maxConcurrent: 512 },
      }),
    ),
  );
  await world.clock.advance(CALM);
}

export const hostOf = ({ url }: Node): string => new URL(url).hostname;

/** The node is gone from one moment to the next, and says nothing. */
export function blackhole(world: MeshWorld, node: Node, others: readonly Node[]): void {
  for (const other of others) world.network.faults.cut(hostOf(node), hostOf(other));
}

export function failed(result: Result): RpcError {
  if (result.ok) return expect.fail(`answered ${JSON.stringify(result.value)}`);
  return result.error;
}

export function answered(result: Result): Value {
  if (!result.ok) return expect.fail(`failed: ${result.error.message}`);
  return result.value as Value;
}

/** What the caller remembers of the providers of a procedure. */
export const cachedIds = (node: Node, procedure: string): readonly string[] =>
  contextOf(node)
    .discovery.cache.peek(procedure, contextOf(node).runtime.clock.now())
    ?.providers.map(({ nodeId }) => nodeId)
    .toSorted() ?? [];
