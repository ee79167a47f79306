/**
 * The node, or the clients, of one process of the bench, and what they are told to do.
 *
 * Connections are ended and looked at past the public functions; calls are made as users make them.
 */
import { connect, startNode, type Client, type Node } from '../../src/index.ts';
import { Close } from '../../src/mesh/connection/messages.ts';
import type { MeshContext } from '../../src/mesh/context.ts';
import { leaveRelay } from '../../src/mesh/relay/relay-end.ts';
import { RELAY_LIMITS } from '../../src/mesh/relay/relay-sessions.ts';
import { CloseCode } from '../../src/transport/transport.ts';
import { load } from '../harness/load.ts';
import type { Called, NodeOrder, Ran, RunOrder, Seen, Started, TrafficOrder } from './messages.ts';
import { ECHO } from './names.ts';
import { Traffic } from './traffic.ts';

/** Of one handler; a lane of the bench waits for nobody else. */
const LIMITS = { maxConcurrent: 4_096, maxQueue: 4_096 };
/** Milliseconds for a call that has to survive what happens to its path. */
const TIMEOUT = 10_000;
/** Milliseconds between two looks at something, and for the longest of them. */
const LOOK = 2;
const PATIENCE = 15_000;
/** Milliseconds for one call that asks whether somebody is back. */
const KNOCK = 250;
/** Milliseconds before a call is repeated, the first time. */
const BACKOFF = 50;
const UNLIMITED = { rate: 1e12, burst: 1e12 };
const MICROS = 1_000;
/** Cannot be dialed from an IPv4 socket; without an address the DHT would be asked for one. */
const NOWHERE = '[::1]:1';

let node: Node | undefined;
let clients: readonly Client[] = [];
let traffic: Traffic | undefined;

/** Milliseconds since the epoch. */
const now = (): number => performance.timeOrigin + performance.now();
const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
const echo = ({ bytes }: { readonly bytes?: Uint8Array }): Uint8Array | undefined => bytes;

export async function start({ options, unlimited = false }: NodeOrder): Promise<Started> {
  if (unlimited) Object.assign(RELAY_LIMITS, { node: UNLIMITED, all: UNLIMITED });
  const made = await startNode(options);
  node = made;
  const at = now();
  await made.ready({ timeout: PATIENCE });
  const wanted = options.stations?.length ?? 0;
  await until('attached', () => contextOf(made).relays.attached.length >= wanted);
  return { id: made.id, url: made.url, at };
}

export async function connectClients(urls: readonly string[], names: readonly string[]): Promise<Started> {
  clients = await Promise.all(Array.from({ length: Math.max(1, names.length) }, () => connect(urls)));
  for (const [index, name] of names.entries()) await clients[index]?.advertise(name, echo);
  return { id: one().id, url: '', at: now() };
}

export async function serve(): Promise<void> {
  const advertisement = await one().advertise(ECHO, echo, { limits: LIMITS });
  await until('published', () => advertisement.state() === 'published');
}

export async function find(): Promise<void> {
  const over = now() + PATIENCE;
  while ((await one().discover(ECHO, { forceRefresh: true })).length === 0) {
    if (now() >= over) throw new Error(`nobody serves ${ECHO}`);
    await sleep(LOOK);
  }
}

export async function part(peer: string): Promise<void> {
  const context = contextOf(mine());
  for (const session of context.relays.with(peer)) leaveRelay(context, session, 'over');
  for (const { process } of context.standings.of(peer))
    context.runtime.send(process, new Close(CloseCode.normal));
  await until('parted', () => context.standings.of(peer).size === 0);
}

export async function reach(
  peer: string,
  relay: string | undefined,
  endpoint: string | undefined,
): Promise<Seen | undefined> {
  const hints = relay === undefined ? {} : { relayEndpoint: relay };
  const options = { ...hints, endpoint: endpoint ?? NOWHERE, skipHolePunch: true, timeout: PATIENCE };
  await mine().peers.sendNatAware(peer, 'ping', {}, options);
  return seen(peer);
}

export async function untilOn(
  peer: string,
  ways: readonly Seen['way'][],
  within: number,
  since = 0,
): Promise<Seen | undefined> {
  const over = now() + within;
  for (;;) {
    const found = seen(peer);
    if (found !== undefined && ways.includes(found.way) && found.since > since) return found;
    if (now() >= over) return undefined;
    await sleep(LOOK);
  }
}

export async function call(target: string, times: number): Promise<Called> {
  const connected = seen(target) !== undefined;
  const ms: number[] = [];
  for (let count = 0; count < times; count++) {
    const began = performance.now();
    await one().call(ECHO, {}, { target, timeout: TIMEOUT });
    ms.push(performance.now() - began);
  }
  return { ms, connected, way: seen(target)?.way };
}

export async function run({ target, lanes, size, phase }: RunOrder): Promise<Ran> {
  const client = one();
  const made = (bytes: Uint8Array): Promise<unknown> => client.call(ECHO, { bytes }, { target });
  const bytes = new Uint8Array(size).fill(7);
  const { answered, elapsed, cpu, failed, stalled } = await load(made, bytes, {
    ...phase,
    lanes,
    timed: false,
    mark: () => {},
  });
  return {
    perSecond: elapsed > 0 ? (answered / elapsed) * MICROS : 0,
    cpuPerCall: answered > 0 ? cpu / answered : 0,
    failed,
    stalled,
    way: seen(target)?.way,
  };
}

export function begin({ target, lanes, pause, idempotent, again = 0 }: TrafficOrder): void {
  const client = one();
  const options = {
    timeout: TIMEOUT,
    idempotent,
    ...(target === undefined ? {} : { target }),
    ...(again === 0 ? {} : { retry: { times: again, backoff: BACKOFF } }),
  };
  const made = new Traffic(
    async () => {
      const result = await client.tryCall(ECHO, {}, options);
      return result.ok ? undefined : JSON.stringify(result.error.failure);
    },
    {
      lanes,
      pause: () => (pause === 0 ? undefined : sleep(pause)),
      now: () => performance.now(),
    },
  );
  traffic = made;
  node?.events.addEventListener('path.changed', ({ detail: { peer, path } }) => {
    if (peer === target && path !== 'relayed') made.changed();
  });
}

export function running(): Traffic {
  if (traffic === undefined) throw new Error('no calls are made');
  return traffic;
}

export function mark(): number {
  running().mark();
  return now();
}

/** All names at once, each until it is answered. */
export function answered(names: readonly string[], within: number): Promise<readonly (number | undefined)[]> {
  const over = now() + within;
  return Promise.all(
    names.map(async (name) => {
      while (now() < over) {
        const result = await one().tryCall(name, {}, { timeout: KNOCK, idempotent: true });
        if (result.ok) return now();
        await sleep(LOOK);
      }
      return undefined;
    }),
  );
}

export function uplink(): string {
  const { nodeId = '' } = one() as { readonly nodeId?: string };
  return nodeId;
}

function seen(peer: string): Seen | undefined {
  if (node === undefined) return undefined;
  const context = contextOf(node);
  const standing = context.standings.ready(peer, false);
  const active = standing?.link()?.paths.find((path) => path.active);
  if (standing?.readySince === undefined || active === undefined) return undefined;
  const age = context.runtime.clock.now() - standing.readySince;
  return { at: now(), since: now() - age, way: active.kind };
}

function mine(): Node {
  if (node === undefined) throw new Error('this process has no node');
  return node;
}

/** Whoever makes this process's calls. */
function one(): Client {
  const found = node ?? clients[0];
  if (found === undefined) throw new Error('this process has no node and no client');
  return found;
}

async function until(what: string, is: () => boolean): Promise<void> {
  const over = performance.now() + PATIENCE;
  while (!is()) {
    if (performance.now() >= over) throw new Error(`not ${what} within ${PATIENCE} ms`);
    await sleep(LOOK);
  }
}

const contextOf = (made: Node): MeshContext => (made as unknown as { readonly context: MeshContext }).context;
