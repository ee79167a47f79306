/**
 * The ladder of bad links (RELIABILITY §8, after iroh's): a node, a client, and one direction between them that
 * gets worse with every level.
 */
import { createHash } from 'node:crypto';

import type { Process } from '../../src/actor/process.ts';
import { silentLogger } from '../../src/actor/logger.ts';
import { seededRandom } from '../../src/actor/random.ts';
import { shared } from '../../src/mesh/context.ts';
import { RpcError, type Result } from '../../src/mesh/errors/rpc-error.ts';
import type { ConnectOptions, NodeOptions } from '../../src/mesh/client/options.ts';
import { connect, startNode, type Node, type RemoteClient } from '../../src/node.ts';
import { DATAGRAM_SIZE } from '../../src/transport/quic/config.ts';
import { kilobits, type Conditions } from '../../src/testing/lossy/conditions.ts';
import type { Delay } from '../../src/transport/memory/route.ts';
import { lossyUdpProxy, type LossyUdpProxy } from '../../src/testing/lossy-udp-proxy.ts';
import { contextOf } from '../mesh-world.ts';

/** What an Ethernet path carries in one IPv4 datagram, bytes. */
export const ETHERNET = 1_472;

/**
 * `delay` is one way; the queue before the slow link holds about 200 ms, as routers' do, and 32 KiB at least. A burst
 * of n is as long as n datagrams take at full rate.
 */
const level = (
  kilobit: number,
  given: number | { readonly share: number; readonly burst: number },
  delay: Delay,
): Conditions => {
  const bytesPerSecond = kilobits(kilobit);
  const loss = typeof given === 'number' ? given : { ...given, slot: (ETHERNET / bytesPerSecond) * 1_000 };
  const queue = Math.max(32_768, bytesPerSecond / 5);
  return { rate: { bytesPerSecond, queue }, loss, delay, maxDatagram: ETHERNET, ...DISORDER };
};

/** On every level: what a path does that is not a single queue. */
const DISORDER = { duplicate: 0.02, reorder: { share: 0.02, window: 20 } } as const;

export const LADDER: readonly Conditions[] = [
  level(100_000, 0.001, 2),
  level(25_000, { share: 0.01, burst: 6 }, { min: 4, max: 16 }),
  level(8_000, { share: 0.02, burst: 8 }, { min: 10, max: 30 }),
  level(3_000, { share: 0.03, burst: 10 }, { min: 20, max: 50 }),
  level(1_500, 0.05, { min: 30, max: 70 }),
  level(800, { share: 0.08, burst: 20 }, { min: 40, max: 100 }),
  level(25_000, 0.015, 300),
  level(500, { share: 0.12, burst: 25 }, { min: 50, max: 150 }),
  level(256, { share: 0.25, burst: 40 }, { min: 50, max: 200 }),
];

/**
 * Has links on loopback begin with what a network path carries, as links to other machines do, until the returned
 * function is called. The window of a link is counted in its largest datagrams: with those of loopback four of them
 * would fill the queue before a slow line twice over.
 */
export function asOnNetwork(): () => void {
  const { loopback, public: network } = DATAGRAM_SIZE;
  const before = { ...loopback };
  Object.assign(loopback, network);
  return () => {
    Object.assign(loopback, before);
  };
}

/** Milliseconds a level may take. */
export const patience = (at: number): number => (20 + 10 * at) * 1_000;

/** Room for 1 MiB and what is around it. */
const MAX_BODY = 2_097_152;

export interface Rig extends AsyncDisposable {
  readonly node: Node;
  readonly client: RemoteClient;
  readonly proxy: LossyUdpProxy;
  /** How often the handler ran, by call id. */
  readonly ran: ReadonlyMap<number, number>;
}

export interface RigOptions {
  readonly seed?: string;
  readonly toNode?: Conditions;
  readonly toClient?: Conditions;
  readonly node?: NodeOptions;
  readonly client?: ConnectOptions;
}

export const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A node that serves `ladder.echo` and `ladder.digest`, and a client that reaches it through a proxy only. */
export async function rig(options: RigOptions = {}): Promise<Rig> {
  const ran = new Map<number, number>();
  const common = { logger: silentLogger, maxBody: MAX_BODY };
  const node = await startNode({ listen: '127.0.0.1:0', ...common, ...options.node });
  await node.advertise('ladder.echo', ({ id, pad }: { id: number; pad?: string }) => {
    ran.set(id, (ran.get(id) ?? 0) + 1);
    return { id, pad };
  });
  const blob = 'z'.repeat(1_048_000);
  await node.advertise('ladder.fetch', () => blob);
  await node.advertise('ladder.digest', ({ id, bytes }: { id: number; bytes: Uint8Array }) => {
    ran.set(id, (ran.get(id) ?? 0) + 1);
    return { digest: digest(bytes), bytes };
  });
  const proxy = await lossyUdpProxy({
    target: { host: '127.0.0.1', port: Number(new URL(node.url).port) },
    random: seededRandom(options.seed ?? 'ladder'),
    toTarget: options.toNode ?? {},
    toSource: options.toClient ?? {},
  });
  const client = await reached(`https://127.0.0.1:${proxy.local.port}`, { ...common, ...options.client });
  return {
    node,
    client,
    proxy,
    ran,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([client.disconnect({ timeout: 50 }), node.close({ timeout: 50 })]);
      await proxy.close();
    },
  };
}

/** Connects; a bad link may take several attempts, each of which ends in a typed error. */
async function reached(url: string, options: ConnectOptions): Promise<RemoteClient> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await connect(url, options);
    } catch (error) {
      if (!(error instanceof RpcError) || attempt === 5) throw error;
    }
  }
}

export interface Climb {
  /** Failures by tag and detail. */
  readonly failed: Readonly<Record<string, number>>;
  readonly wrong: number;
  /** Ids whose handler ran more than once, and ids answered well whose handler ran not exactly once. */
  readonly doubled: number;
  readonly answered: number;
  /** Longest time any call took, ms. */
  readonly slowest: number;
  /** Longest time nothing came through to the client while one and the same connection of its lived, ms. */
  readonly silence: number;
}

/** How often the silence is looked at, ms. */
const LOOK = 50;

/** The client's connection, as a process; null while it has none. */
export const connectionOf = ({ client }: Rig): Process | null =>
  shared(contextOf(client), 'uplink')?.connection ?? null;

/** Measures how long a living connection hears nothing, until it is stopped. Gives the longest, ms. */
function listen(at: Rig): () => number {
  let [longest, arrivals, since] = [0, -1, 0];
  let connection: Process | null = null;
  const look = (): void => {
    const now = performance.now();
    const heard = at.proxy.toSource.stats().arrivals;
    if (connection?.alive !== true || heard !== arrivals) since = now;
    else longest = Math.max(longest, now - since);
    if (connection?.alive !== true) connection = connectionOf(at);
    arrivals = heard;
  };
  const timer = setInterval(look, LOOK);
  return () => {
    clearInterval(timer);
    return longest;
  };
}

/**
 * Sends and gets back 1 MiB once, and makes 200 small calls beside it, 8 at a time. After `limit` ms no new call is
 * made; `timeout` is each call's.
 */
export async function climb(at: Rig, timeout: number, limit: number = timeout): Promise<Climb> {
  const end = performance.now() + limit;
  const { client, ran } = at;
  const failed: Record<string, number> = {};
  let [answered, wrong, doubled, slowest] = [0, 0, 0, 0];
  const silence = listen(at);
  const timed = async (
    id: number,
    promise: Promise<Result>,
    right: (value: unknown) => boolean,
  ): Promise<void> => {
    const began = performance.now();
    const result = await promise;
    slowest = Math.max(slowest, performance.now() - began);
    if (!result.ok) {
      if (!(result.error instanceof RpcError)) throw result.error;
      const { failure } = result.error;
      const what = 'detail' in failure ? `${failure.tag} (${failure.detail})` : failure.tag;
      failed[what] = (failed[what] ?? 0) + 1;
    } else if (right(result.value)) answered++;
    else wrong++;
    const times = ran.get(id) ?? 0;
    if (times > 1 || (result.ok && times !== 1)) doubled++;
  };
  const body = seededRandom('body').bytes(1_048_576);
  const sum = digest(body);
  const large = timed(0, client.tryCall('ladder.digest', { id: 0, bytes: body }, { timeout }), (value) => {
    const { digest: theirs, bytes } = value as { digest: string; bytes: Uint8Array };
    return theirs === sum && digest(bytes) === sum;
  });
  let next = 1;
  const caller = async (): Promise<void> => {
    while (next <= 200 && performance.now() < end) {
      const id = next++;
      const pad = String(id).repeat(20);
      await timed(
        id,
        client.tryCall('ladder.echo', { id, pad }, { timeout }),
        (value) => (value as { id: number; pad: string }).id === id && (value as { pad: string }).pad === pad,
      );
    }
  };
  await Promise.all([large, ...Array.from({ length: 8 }, caller)]);
  return { failed, answered, wrong, doubled, slowest, silence: silence() };
}
