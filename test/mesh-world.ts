/**
 * Nodes and clients on a simulated network under a virtual clock: a whole mesh in one process, by seed.
 */
import { expect, onTestFinished } from 'vitest';
import type { Report } from '../src/actor/report.ts';
import type { Process } from '../src/actor/process.ts';
import { Runtime } from '../src/actor/runtime.ts';
import { seededRandom, type Random } from '../src/actor/random.ts';
import { silentLogger } from '../src/actor/logger.ts';
import { childrenOf } from '../src/actor/tree.ts';
import { createIdentity, type Identity } from '../src/identity/identity.ts';
import { RpcError, type Result } from '../src/mesh/errors/rpc-error.ts';
import type { RpcFailure } from '../src/mesh/errors/rpc-failure.ts';
import type { Client } from '../src/mesh/client/client.ts';
import type { ConnectOptions, NodeOptions } from '../src/mesh/client/options.ts';
import type { MeshContext } from '../src/mesh/context.ts';
import { connect, startNode, type Node, type RemoteClient } from '../src/node.ts';
import { virtualClock, type VirtualClock } from '../src/testing/virtual-clock.ts';
import {
  memoryNetwork,
  type MemoryNetwork,
  type MemoryNetworkOptions,
} from '../src/transport/memory/network.ts';

export const REALM = 'test';

export interface MeshWorld {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly network: MemoryNetwork;
  /** Every report of every runtime made here. */
  readonly reports: Report[];
  /** Starts a node on a machine of its own, in a runtime of its own. */
  node(options?: NodeOptions & { readonly host?: string }): Promise<Node>;
  /** Connects a client from a machine of its own. */
  client(node: Node | string, options?: ConnectOptions & { readonly host?: string }): Promise<RemoteClient>;
  /** Begins to connect; time has to be moved for it. */
  dial(node: Node | string, options?: ConnectOptions & { readonly host?: string }): Promise<RemoteClient>;
  identity(label: string): Identity;
  runtime(): Runtime;
  /** Moves time until the promise is settled, and gives what it resolved to. At most `limit` virtual ms. */
  settle<T>(promise: Promise<T>, limit?: number): Promise<T>;
  /** Like `settle`; gives what it rejected with. */
  rejection(promise: Promise<unknown>, limit?: number): Promise<unknown>;
  /** The failure of a call or of any promise that rejects with an `RpcError`. */
  failure(promise: Promise<unknown>, limit?: number): Promise<RpcFailure>;
}

/** Worlds made by a file of tests: its seeds are the same whatever ran before it in the same process. */
let worlds = 0;
let countedFor: string | undefined;

/** With a seed here, ready processes run in an order drawn from it: `ESPALIER_SHUFFLE=7 npx vitest …`. */
const SHUFFLE = process.env['ESPALIER_SHUFFLE'];

export function meshWorld(
  options: Partial<MemoryNetworkOptions> & { readonly seed?: string } = {},
): MeshWorld {
  const { seed = 'mesh', ...wanted } = options;
  const clock = virtualClock();
  const random = seededRandom(seed);
  const network = memoryNetwork({
    clock,
    random: random.fork('network'),
    delay: 1,
    poison: true,
    ...wanted,
  });
  const reports: Report[] = [];
  const { testPath } = expect.getState();
  if (testPath !== countedFor) worlds = 0;
  countedFor = testPath;
  const label = `world-${++worlds}`;
  let count = 0;

  const runtime = (): Runtime => {
    const made = new Runtime({
      clock,
      random: random.fork(`${label}-runtime-${++count}`),
      logger: silentLogger,
      budget: { milliseconds: Infinity },
      ...(SHUFFLE === undefined
        ? {}
        : { runQueue: { tag: 'seeded', random: seededRandom(`${SHUFFLE}-${label}-${count}`) } as const }),
    });
    made.onReport((report) => reports.push(report));
    return made;
  };
  const settle = async <T>(promise: Promise<T>, limit = 60_000): Promise<T> => {
    let done = false;
    const end = (): void => {
      done = true;
    };
    promise.then(end, end);
    await clock.until(() => done, limit);
    return promise;
  };
  const rejection = async (promise: Promise<unknown>, limit?: number): Promise<unknown> => {
    let value: unknown;
    try {
      value = await settle(promise, limit);
    } catch (error) {
      return error;
    }
    return expect.fail(`resolved to ${JSON.stringify(value)}`);
  };

  const dial: MeshWorld['dial'] = (node, { host, ...rest } = {}) =>
    connect(typeof node === 'string' ? node : node.url, {
      realm: REALM,
      runtime: runtime(),
      ...rest,
      transport: rest.transport ?? network.transport(host),
    });

  return {
    clock,
    random,
    network,
    reports,
    runtime,
    settle,
    rejection,
    failure: async (promise, limit) => {
      const error = await rejection(promise, limit);
      if (!(error instanceof RpcError)) throw error;
      return error.failure;
    },
    identity: (name) => createIdentity(random.fork(name), clock.wall()),
    node: ({ host, ...rest } = {}) => {
      const transport = rest.transport ?? network.transport(host);
      return settle(
        startNode({ realm: REALM, listen: '0.0.0.0:9443', runtime: runtime(), ...rest, transport }),
      );
    },
    dial,
    client: (node, given) => settle(dial(node, given)),
  };
}

/** A node and a client of it; both are closed when the test is over. */
export async function pair(
  world: MeshWorld,
  options: { readonly node?: NodeOptions; readonly client?: ConnectOptions } = {},
): Promise<{ readonly node: Node; readonly client: RemoteClient }> {
  const node = await world.node(options.node);
  const client = await world.client(node, options.client);
  closeAtEnd(world, client, node);
  return { node, client };
}

export function closeAtEnd(world: MeshWorld, ...clients: readonly Client[]): void {
  onTestFinished(async () => {
    for (const client of clients)
      await world.settle(client.disconnect({ timeout: 1 }).catch(() => undefined));
  });
}

export const contextOf = (client: Client): MeshContext =>
  (client as unknown as { context: MeshContext }).context;

export const runtimeOf = (client: Client): Runtime => contextOf(client).runtime;

/** Every living process of a client's or node's tree, by label; the root first. */
export function processesOf(client: Client): Process[] {
  const found: Process[] = [];
  const open: Process[] = [...childrenOf(runtimeOf(client))];
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    found.push(next);
    open.push(...childrenOf(next));
  }
  return found;
}

export function processOf(client: Client, label: string): Process {
  const found = processesOf(client).find((process) => process.label === label);
  if (found === undefined) throw new Error(`no process ${label}`);
  return found;
}

/** What a result says, short: its value, or its failure's tag. */
export const told = (result: Result): unknown => (result.ok ? result.value : result.error.failure.tag);

/** A promise and its handles. */
export interface Gate<T = void> {
  readonly promise: Promise<T>;
  open(value: T): void;
}

export function gate<T = void>(): Gate<T> {
  let open: (value: T) => void = () => undefined;
  const promise = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}

/** What is left in a runtime: processes, timers. For leak tests. */
export const left = (
  client: Client,
): { readonly alive: number; readonly timers: number; readonly calls: number } => ({
  alive: runtimeOf(client).alive,
  timers: runtimeOf(client).timers.size,
  calls: contextOf(client).calls.size,
});
