/** Nodes of clusters on the simulated network. */
import type { NodeChange } from '../../../src/dist/events.ts';
import type { NodeDistOptions } from '../../../src/mesh/client/options.ts';
import type { Node } from '../../../src/node.ts';
import type { Endpoint } from '../../../src/transport/transport.ts';
import { contextOf, processesOf, processOf, REALM, runtimeOf, type MeshWorld } from '../../mesh-world.ts';

export const COOKIE = 'secret';

export interface Member {
  readonly node: Node;
  readonly name: string;
  readonly host: string;
  /** Since its start. */
  readonly changes: NodeChange[];
}

export interface MemberOptions extends Partial<NodeDistOptions> {
  readonly host: string;
  readonly bootstrap?: readonly string[];
  readonly realm?: string;
}

export const nameAt = (host: string): string => `9443@${host}`;

export async function member(
  world: MeshWorld,
  { host, bootstrap = [], realm = REALM, ...dist }: MemberOptions,
): Promise<Member> {
  const name = nameAt(host);
  const node = await world.node({ host, bootstrap, realm, dist: { cookie: COOKIE, name, ...dist } });
  const changes: NodeChange[] = [];
  node.dist.monitorNodes((change) => changes.push(change));
  return { node, name, host, changes };
}

/** Its process ends without a word. */
export async function die(world: MeshWorld, { node }: Member): Promise<void> {
  contextOf(node).scope.shared<Endpoint>('endpoint')?.destroy();
  runtimeOf(node).exit(processOf(node, 'node'), 'kill');
  await world.clock.settle();
}

/** Whether each is connected to all others. */
export const haveMet = (members: readonly Member[]): boolean =>
  members.every(({ node }) => {
    const nodes = new Set(node.dist.nodes());
    return members.every(({ name }) => name === node.dist.name || nodes.has(name));
  });

/** The same, and to nobody else. */
export const isFull = (members: readonly Member[]): boolean =>
  members.every(({ node }) => node.dist.nodes().length === members.length - 1) && haveMet(members);

/** Virtual ms until it is so. */
export async function untilSo(world: MeshWorld, so: () => boolean, limit: number): Promise<number> {
  const begun = world.clock.now();
  await world.clock.until(so, limit);
  return Math.round(world.clock.now() - begun);
}

/** Actors of connections that a node has, whether they are up or not. */
export const connectionsOf = ({ node }: Pick<Member, 'node'>): number =>
  processesOf(node).filter(({ label }) => label.startsWith('peer ')).length;

export const downs = ({ changes }: Member): readonly string[] =>
  changes.flatMap((change) => (change.tag === 'nodedown' ? [change.node] : []));

export const ups = ({ changes }: Member): readonly string[] =>
  changes.flatMap((change) => (change.tag === 'nodeup' ? [change.node] : []));
