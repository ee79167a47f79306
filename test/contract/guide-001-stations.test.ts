/**
 * Guide 001: relays that find what others serve, and pass calls on. One test per built row, in the page's order.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isNotFound, isRetryable, RpcError, type RpcFailure } from '../../src/index.ts';
import { HOP_LIMIT } from '../../src/mesh/router/trail.ts';
import type { Client } from '../../src/mesh/client/client.ts';
import type { Node, RemoteClient } from '../../src/node.ts';
import { closeAtEnd, contextOf, meshWorld, type MeshWorld } from '../mesh-world.ts';
import { rawPeer } from '../mesh/raw-peer.ts';
import { chain, countCalls, stations, urlOf, type Peers } from '../mesh/station/stations.ts';

const ADD = 'io.macula/beam-campus/hecate/math/add_v1';
/** Virtual ms until what is advertised is found in the DHT. */
const PUBLISHED = 3_000;

interface Relays {
  readonly world: MeshWorld;
  readonly all: readonly Node[];
  /** Of the first. */
  readonly caller: RemoteClient;
  /** Of the last. */
  readonly provider: RemoteClient;
}

/** Relays with a DHT that all of them share, and a client at each end. */
async function inOneMesh(count: number): Promise<Relays> {
  const world = meshWorld();
  const all: Node[] = [];
  for (let at = 0; at < count; at++) {
    const bootstrap = at === 0 ? [] : [urlOf(0)];
    all.push(await world.node({ host: new URL(urlOf(at)).hostname, bootstrap, station: true }));
  }
  return withClients(world, all);
}

/** Relays without a DHT that know their peers only. */
async function peered(peers: Peers): Promise<Relays> {
  const world = meshWorld();
  return withClients(world, await stations(world, peers));
}

async function withClients(world: MeshWorld, all: readonly Node[]): Promise<Relays> {
  const caller = await world.client(all[0]!);
  const provider = await world.client(all.at(-1)!);
  closeAtEnd(world, caller, provider, ...all);
  await world.clock.advance(PUBLISHED);
  return { world, all, caller, provider };
}

async function advertised(world: MeshWorld, provider: Client): Promise<void> {
  const add = ({ a, b }: { readonly a: number; readonly b: number }): object => ({ result: a + b });
  await world.settle(provider.advertise(ADD, add));
  await world.clock.advance(PUBLISHED);
}

const answer = (world: MeshWorld, caller: Client): Promise<unknown> =>
  world.settle(caller.call(ADD, { a: 2, b: 3 }));

test('001-cross-relay-routing: a station asks its own clients, the DHT, then each peer in order', async () => {
  const { world, all, caller, provider } = await peered([[1, 2], [0], [0]]);
  const calls = countCalls(all);
  await advertised(world, provider);
  expect(await answer(world, caller)).toEqual({ result: 5 });
  // the first peer did not know it, the second one did
  expect(calls()).toEqual([1, 1, 1]);
  const dht = await inOneMesh(3);
  await advertised(dht.world, dht.provider);
  expect(await answer(dht.world, dht.caller)).toEqual({ result: 5 });
});

test('001-register-found: other stations find the procedure from then on', async () => {
  const { world, all, caller, provider } = await inOneMesh(3);
  expect((await world.failure(caller.call(ADD))).tag).toBe('procedure_not_found');
  await advertised(world, provider);
  // the negative answer is remembered for 5 s
  await world.clock.advance(5_000);
  for (const station of all) expect(await answer(world, station)).toEqual({ result: 5 });
  expect(await answer(world, caller)).toEqual({ result: 5 });
});

test('001-flow-dht: not found locally, the DHT is asked, within the deadline of the call', async () => {
  const { world, all, caller, provider } = await inOneMesh(3);
  await advertised(world, provider);
  const { discovery } = contextOf(all[0]!);
  const lookups = discovery.lookups;
  const result = await world.settle(caller.tryCall(ADD, { a: 2, b: 3 }));
  expect(result).toMatchObject({ ok: true, route: 'dht', node: all[2]!.id });
  expect(discovery.lookups).toBe(lookups + 1);
  for (const station of all.slice(1)) world.network.faults.cut(urlHost(all[0]!), urlHost(station));
  const begun = world.clock.now();
  const late = await world.failure(
    caller.call('io.macula/_realm/_realm/auth/other_v1', {}, { timeout: 700 }),
  );
  expect([late.tag, world.clock.now() - begun]).toEqual(['timeout', 700]);
});

test('001-flow-forward: passed on over the peering at most 10 times, 4,000 ms or the time left; the reply comes back', async () => {
  expect(HOP_LIMIT).toBe(10);
  const { world, all, caller, provider } = await peered(chain(4));
  await advertised(world, provider);
  expect(await answer(world, caller)).toEqual({ result: 5 });
  // what is left of the budget travels along
  let left = 0;
  await world.settle(
    provider.advertise(ADD, (_args, { deadline }) => {
      left = deadline - world.clock.wall();
    }),
  );
  await world.settle(caller.call(ADD, {}, { timeout: 900 }));
  expect(left).toBeGreaterThan(850);
  expect(left).toBeLessThanOrEqual(900);
  await world.settle(provider.advertise(ADD, () => new Promise(() => undefined)));
  for (const [timeout, idempotent, took] of [
    [900, false, 900],
    [900, true, 900],
    [6_000, false, 6_000],
    [6_000, true, 4_000],
  ] as const) {
    const begun = world.clock.now();
    expect((await world.failure(all[0]!.call(ADD, {}, { timeout, idempotent }))).tag).toBe('timeout');
    expect(world.clock.now() - begun).toBeGreaterThanOrEqual(took);
    expect(world.clock.now() - begun).toBeLessThan(took + 10);
  }
});

test('001-error-procedure-not-found: a station whose DHT and peers know nobody', async () => {
  for (const { world, all, caller } of [await peered(chain(3)), await inOneMesh(3)]) {
    for (const each of [caller, all[0]!]) {
      const error = await world.rejection(each.call(ADD));
      expect(error).toBeInstanceOf(RpcError);
      expect((error as RpcError).failure).toEqual({ tag: 'procedure_not_found' } satisfies RpcFailure);
      expect([isNotFound(error), isRetryable((error as RpcError).failure)]).toEqual([true, true]);
    }
  }
});

test('001-error-cross-relay: passing it on failed; relay_unreachable without a peering; certainly not executed', async () => {
  const { world, all, caller, provider } = await peered(chain(2));
  let runs = 0;
  await world.settle(provider.advertise(ADD, () => ++runs));
  world.network.faults.cut(urlHost(all[0]!), urlHost(all[1]!));
  world.network.faults.reset(urlHost(all[0]!), urlHost(all[1]!));
  await world.clock.advance(1_000);
  const failure = await world.failure(caller.call(ADD));
  expect(failure).toEqual({ tag: 'cross_relay_error', detail: 'relay_unreachable' });
  expect([isRetryable(failure), runs]).toEqual([true, 0]);
  world.network.faults.heal(urlHost(all[0]!), urlHost(all[1]!));
  const retry = { times: 10, backoff: 1_000 };
  expect(await world.settle(caller.call(ADD, {}, { retry, timeout: 60_000 }))).toBe(1);
});

test('001-select-dht: what no client of the station serves is looked for in the DHT', async () => {
  const { world, all, caller, provider } = await inOneMesh(3);
  await advertised(world, provider);
  const near = await world.settle(caller.tryCall(ADD, { a: 2, b: 3 }));
  expect(near).toMatchObject({ ok: true, route: 'dht', node: all[2]!.id });
  // a client of the station comes first
  const local = await world.client(all[0]!);
  closeAtEnd(world, local);
  await world.settle(local.advertise(ADD, () => 'local'));
  expect(await world.settle(caller.call(ADD))).toBe('local');
});

test('001-select-peers: then each peered station, one after the other, under the deadline of the call', async () => {
  const { world, all, caller } = await peered([[3, 1, 2], [0], [0], [0]]);
  const asked: number[] = [];
  for (const at of [1, 2, 3]) {
    const { events } = contextOf(all[at]!);
    const told = events.calls.onCall.bind(events.calls);
    events.calls.onCall = (call) => {
      asked.push(at);
      told(call);
    };
  }
  expect((await world.failure(caller.call(ADD))).tag).toBe('procedure_not_found');
  expect(asked).toEqual([3, 1, 2]);
  // one that does not answer has what is left of the call's time, no more
  const silent = await peered([[1], [0]]);
  silent.world.network.faults.cut(urlHost(silent.all[0]!), urlHost(silent.all[1]!));
  const begun = silent.world.clock.now();
  expect((await silent.world.failure(silent.caller.call(ADD, {}, { timeout: 700 }))).tag).toBe('timeout');
  expect(silent.world.clock.now() - begun).toBe(700);
});

test('001-relay-internals: how stations resolve and pass on is documented with them', async () => {
  const page = readFileSync('docs/stations.md', 'utf8');
  const headings = [...page.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
  expect(headings).toEqual(
    expect.arrayContaining(['How a call is resolved', 'Errors', 'Clients with several stations', 'Limits']),
  );
  for (const tag of [
    'no_handler',
    'procedure_not_found',
    'timeout',
    'cross_relay_error',
    'relay_unreachable',
  ])
    expect(page).toContain(`\`${tag}\``);
  expect(page).toContain(`| times a call is passed on | ${HOP_LIMIT} |`);
  // and what it says of a peer that is named twice, or is the station itself, holds
  const world = meshWorld();
  const [station] = (await stations(world, [[0]])) as [Node];
  const peer = await (await rawPeer(world, station)).greeted();
  expect(peer.channels.control.of('connected')[0]?.capabilities).toContain('station');
  expect((await world.failure(station.call(ADD))).tag).toBe('procedure_not_found');
});

const urlHost = ({ url }: Node): string => new URL(url).hostname;
