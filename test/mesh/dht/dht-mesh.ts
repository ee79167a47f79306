/** A mesh of nodes that find each other by the DHT, and what is looked at in its tests. */
import { expect } from 'vitest';
import type { Process } from '../../../src/actor/process.ts';
import { shared } from '../../../src/mesh/context.ts';
import { K, type Contact } from '../../../src/mesh/dht/contact.ts';
import { lookUp } from '../../../src/mesh/dht/dht.ts';
import type { LookupDone } from '../../../src/mesh/dht/lookup-request.ts';
import { compareDistance } from '../../../src/mesh/dht/node-id.ts';
import { procedureKey } from '../../../src/mesh/dht/record.ts';
import type { RoutingTable } from '../../../src/mesh/dht/routing-table.ts';
import type { NodeOptions } from '../../../src/mesh/client/options.ts';
import type { Node } from '../../../src/node.ts';
import { contextOf, processOf, type MeshWorld } from '../../mesh-world.ts';
import { signedBy } from './signed.ts';

/** Minutes, milliseconds. */
export const minutes = (count: number): number => count * 60_000;

/** Starts so many nodes, one after the other; the first is everybody's bootstrap. */
export async function joinedNodes(
  world: MeshWorld,
  count: number,
  options: NodeOptions = {},
): Promise<Node[]> {
  const nodes: Node[] = [];
  for (let i = 0; i < count; i++) {
    const bootstrap = nodes[0] === undefined ? [] : [nodes[0].url];
    const node = await world.node({ bootstrap, ...options });
    nodes.push(node);
    await world.settle(node.ready());
  }
  return nodes;
}

export const hostOf = (node: Node): string => new URL(node.url).hostname;

export const idOf = (node: Node): Uint8Array => new Uint8Array(Buffer.from(node.id, 'hex'));

export function tableOf(node: Node): RoutingTable {
  const table = shared(contextOf(node), 'routingTable');
  if (table === undefined) throw new Error('no routing table');
  return table;
}

/** Stores a record of a procedure as `node`. */
export async function store(node: Node, procedure: string, seq?: number): Promise<LookupDone | undefined> {
  const context = contextOf(node);
  const identity = shared(context, 'identity');
  if (identity === undefined) throw new Error('no identity');
  const wall = context.runtime.clock.wall();
  const key = procedureKey(procedure);
  const value = signedBy(identity, {
    key,
    realm: context.settings.realm,
    endpoints: [new URL(node.url).host],
    seq: seq ?? wall,
    issuedAt: wall,
    ttl: minutes(60),
  });
  return lookUp(context, { kind: 'store', key, value }, 10_000);
}

/** Looks a procedure up from `node`. */
export const search = (node: Node, procedure: string): Promise<LookupDone | undefined> =>
  lookUp(contextOf(node), { kind: 'providers', procedure, key: procedureKey(procedure) }, 10_000);

/** `store`, under the virtual clock. */
export const publish = (
  world: MeshWorld,
  node: Node,
  procedure: string,
  seq?: number,
): Promise<LookupDone | undefined> => world.settle(store(node, procedure, seq));

/** `search`, under the virtual clock. */
export const find = (world: MeshWorld, node: Node, procedure: string): Promise<LookupDone | undefined> =>
  world.settle(search(node, procedure));

/** Where `node` learns from the others that the node of this id is; undefined when none of them knows it. */
export async function whereIs(world: MeshWorld, node: Node, id: string): Promise<Contact | undefined> {
  const target = new Uint8Array(Buffer.from(id, 'hex'));
  const done = await world.settle(lookUp(contextOf(node), { kind: 'nodes', target }, 10_000));
  if (done?.outcome.tag !== 'nodes') return undefined;
  return done.outcome.closest.find(({ nodeId }) => nodeId === id);
}

/** Short ids of the providers that a lookup found, or why it found none. */
export function providersOf(done: LookupDone | undefined): string {
  if (done === undefined) return 'lost';
  const { outcome } = done;
  if (outcome.tag === 'unreachable') return `unreachable: ${outcome.detail}`;
  if (outcome.tag !== 'providers') return outcome.tag;
  return outcome.providers.map(({ nodeId }) => nodeId.slice(0, 8)).join(' ');
}

/** What `providersOf` says when it is this node alone. */
export const named = (...nodes: readonly Node[]): string => nodes.map(({ id }) => id.slice(0, 8)).join(' ');

/** Those that keep something under the key of a procedure. */
export function holders(world: MeshWorld, nodes: readonly Node[], procedure: string): Node[] {
  const key = Buffer.from(procedureKey(procedure)).toString('hex');
  const at = { now: world.clock.now(), wall: world.clock.wall() };
  return nodes.filter((node) => contextOf(node).records.held(key, at).length > 0);
}

/** The nodes closest to the key of a procedure, by brute force. */
export function closestNodes(nodes: readonly Node[], target: Uint8Array, count: number = K): Node[] {
  return nodes.toSorted((a, b) => compareDistance(idOf(a), idOf(b), target)).slice(0, count);
}

export const ids = (nodes: readonly Node[]): string[] => nodes.map(({ id }) => id).toSorted();

/** Ends a node's machine without a word; its actors learn it as their links do. */
export async function die(world: MeshWorld, node: Node): Promise<void> {
  world.network.faults.kill(hostOf(node));
  await world.settle(node.close({ timeout: 1 }).catch(() => undefined));
}

/** Kills one actor of a node. */
export function kill(node: Node, label: string): Process {
  const process = processOf(node, label);
  contextOf(node).runtime.exit(process, 'kill');
  return process;
}

/** No actor crashed by itself. */
export function expectNoCrash(world: MeshWorld): void {
  const crashes = world.reports.filter((report) => report.tag === 'crash');
  expect(crashes.map(({ reason }) => String(reason))).toEqual([]);
}
