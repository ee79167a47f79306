/**
 * Guide 000, several providers, failover and retry: one test per built row of docs/from-macula.md, in its order.
 */
import { expect, test } from 'vitest';
import { connectLocal, err, isRetryable, type CallOptions, type RpcFailure } from '../../src/index.ts';
import { seededRandom } from '../../src/actor/random.ts';
import { retryDelay } from '../../src/mesh/router/retry.ts';
import type { Node } from '../../src/node.ts';
import { closeAtEnd, contextOf, gate, meshWorld, told, type MeshWorld } from '../mesh-world.ts';
import { CALM, failed, hostOf, mesh, serve, type Mesh } from '../mesh/router/journey-mesh.ts';
import { forever } from './mesh.ts';

const NAME = 'weather.get';

/** Two providers and a caller; each provider answers with its number. */
async function served(
  count: number,
  handler?: (at: number, signal: AbortSignal) => unknown,
): Promise<Mesh & { readonly world: MeshWorld }> {
  const world = meshWorld();
  const made = await mesh(world, count);
  await serve(world, made.others, NAME, handler);
  return { ...made, world };
}

/** What so many calls, one after the other, are answered. */
async function values(
  world: MeshWorld,
  node: Node,
  count: number,
  options?: CallOptions,
): Promise<unknown[]> {
  const all: unknown[] = [];
  for (let n = 0; n < count; n++) all.push(told(await world.settle(node.tryCall(NAME, {}, options))));
  return all;
}

/** How often each value is there. */
const counted = (all: readonly unknown[]): ReadonlyMap<unknown, number> =>
  new Map([...new Set(all)].map((value) => [value, all.filter((each) => each === value).length]));

/** Providers that refuse what comes: each has one call, and it stays. */
async function busy(world: MeshWorld, caller: Node, others: readonly Node[]): Promise<void> {
  const limits = { maxConcurrent: 1, maxQueue: 0 };
  for (const node of others) await node.advertise(NAME, forever, { limits });
  await world.clock.advance(CALM);
  const held = others.map(({ id: target }) => caller.tryCall(NAME, {}, { target, timeout: 600_000 }));
  await world.clock.advance(50);
  expect(held).toHaveLength(others.length);
}

/** It finds no DHT, and is connected to one neighbor, which serves. */
async function lonely(): Promise<{
  readonly world: MeshWorld;
  readonly node: Node;
  readonly neighbor: Node;
}> {
  const world = meshWorld();
  const neighbor = await world.node({ dht: false });
  const node = await world.node({ bootstrap: ['https://198.18.250.9:9443'] });
  closeAtEnd(world, node, neighbor);
  await neighbor.advertise(NAME, () => 'near');
  await world.settle(node.peers.sendMessageAndWait(new URL(neighbor.url).host, 'ping'));
  return { world, node, neighbor };
}

const OVERLOADED: RpcFailure = { tag: 'overloaded', bound: 'procedure' };

// --- overview and discovery hierarchy -------------------------------------------------------------------------

test('000-feature-multiple-providers: by default calls are spread over all who serve it', async () => {
  const { world, caller } = await served(3);
  const shares = counted(await values(world, caller, 90));
  expect(new Set(shares.keys())).toEqual(new Set([0, 1, 2]));
  for (const share of shares.values()) expect(share).toBeGreaterThanOrEqual(15);
});

test('000-feature-failover: another takes over within the deadline, of three at most unless maxAttempts says more', async () => {
  const { world, caller, others } = await served(2);
  await world.settle(caller.call(NAME));
  world.network.faults.kill(hostOf(others[0]!));
  expect(counted(await values(world, caller, 5, { idempotent: true }))).toEqual(new Map([[1, 5]]));
  const second = meshWorld();
  const many = await mesh(second, 5);
  await busy(second, many.caller, many.others);
  const attempts = async (options: CallOptions): Promise<number> =>
    failed(await second.settle(many.caller.tryCall(NAME, {}, options))).attempts.length;
  expect([
    await attempts({}),
    await attempts({ maxAttempts: 5 }),
    await attempts({ maxAttempts: 1 }),
  ]).toEqual([3, 5, 1]);
});

test('000-hierarchy-direct: without a DHT the connected node is asked; with one, its no is final and nobody is', async () => {
  const world = meshWorld();
  const { caller, others } = await mesh(world, 1);
  const edge = await world.node({ dht: false, bootstrap: [caller.url] });
  closeAtEnd(world, edge);
  await serve(world, others, NAME, () => 'far');
  expect(await world.settle(edge.tryCall(NAME))).toMatchObject({
    value: 'far',
    route: 'direct',
    node: caller.id,
  });
  const before = contextOf(others[0]!).counters.callsIn;
  expect(await world.failure(caller.call('no.body'))).toEqual({ tag: 'service_not_found' });
  expect(contextOf(others[0]!).counters.callsIn).toBe(before);
});

test('000-round-robin: in turn, and who is gone is passed over', async () => {
  const { world, caller, others } = await served(3);
  const options = { strategy: 'round_robin', idempotent: true } as const;
  const turns = await values(world, caller, 6, options);
  expect(new Set(turns.slice(0, 3)).size).toBe(3);
  expect(turns.slice(3)).toEqual(turns.slice(0, 3));
  world.network.faults.kill(hostOf(others[1]!));
  const left = counted(await values(world, caller, 8, options));
  expect(new Set(left.keys())).toEqual(new Set([0, 2]));
});

// --- data flow ------------------------------------------------------------------------------------------------

test('000-flow-call: local, cache, DHT, pick, send, execute, reply; the time left and a cancel travel along', async () => {
  const aborted: number[] = [];
  const { world, caller, others } = await served(2, (at, signal) => {
    signal.addEventListener('abort', () => aborted.push(at));
    return forever();
  });
  const control = new AbortController();
  const call = caller.tryCall(NAME, {}, { explain: true, signal: control.signal, timeout: 2_000 });
  await world.clock.advance(500);
  control.abort();
  const canceled = await world.settle(call);
  expect(told(canceled)).toBe('canceled');
  await world.clock.advance(50);
  expect(aborted).toHaveLength(1);
  for (const [at, node] of others.entries())
    await node.advertise(NAME, (_args, { timeLeft }) => [at, timeLeft]);
  const { explanation, ...result } = await world.settle(
    caller.tryCall(NAME, {}, { explain: true, timeout: 2_000 }),
  );
  expect(explanation).toMatchObject({
    tier: 'cache',
    providers: 2,
    attempts: [{ outcome: 'ok', sent: true }],
  });
  const [, timeLeft] = (result as { readonly value: readonly number[] }).value;
  expect(timeLeft).toBeGreaterThan(1_900);
  expect(timeLeft).toBeLessThanOrEqual(2_000);
  await caller.advertise(NAME, () => 'own');
  expect(await world.settle(caller.tryCall(NAME))).toMatchObject({ value: 'own', route: 'local' });
});

// --- discovery ------------------------------------------------------------------------------------------------

test('000-discovery-dht-error: step 3 failed: whoever is connected is asked directly', async () => {
  const { world, node, neighbor } = await lonely();
  expect(await world.settle(node.tryCall(NAME, {}, { timeout: 10_000 }))).toMatchObject({
    value: 'near',
    route: 'direct',
    node: neighbor.id,
  });
});

// --- retry ----------------------------------------------------------------------------------------------------

test('000-retry-example: the option retry, off by default, inside one deadline and a budget', async () => {
  const world = meshWorld();
  const { caller, others } = await mesh(world, 1);
  const later = caller.tryCall(NAME, {}, { retry: { times: 10 }, timeout: 8_000 });
  expect(told(await world.settle(caller.tryCall(NAME)))).toBe('service_not_found');
  await world.clock.advance(400);
  await caller.advertise(NAME, () => 'came');
  expect(told(await world.settle(later))).toBe('came');
  // the budget: a tenth of the calls, and 20 to begin with
  await caller.unadvertise(NAME);
  await busy(world, caller, others);
  // that nobody serves it was believed for 5 s
  await world.clock.advance(5_000);
  const before = contextOf(caller).counters.callsOut;
  const options = { retry: { times: 100, backoff: 1, maxBackoff: 1 }, maxAttempts: 1 };
  await world.settle(Promise.all(Array.from({ length: 200 }, () => caller.tryCall(NAME, {}, options))));
  const sent = contextOf(caller).counters.callsOut - before;
  expect(sent).toBeGreaterThan(200);
  expect(sent).toBeLessThanOrEqual(200 + 20 + 21);
});

test('000-retry-backoff: each wait may be twice the one before, drawn at random, up to the longest', () => {
  const random = seededRandom('backoff');
  const rule = { times: 10, backoff: 100, maxBackoff: 1_000 };
  for (const [repeat, longest] of [100, 200, 400, 800, 1_000, 1_000].entries()) {
    const drawn = Array.from({ length: 50 }, () => retryDelay(rule, repeat, random));
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(longest / 2);
    expect(Math.max(...drawn)).toBeLessThanOrEqual(longest);
    expect(new Set(drawn).size).toBeGreaterThan(40);
  }
});

test('000-retry-timeout: nothing that may have run is repeated, unless it is idempotent or has a key', async () => {
  let runs = 0;
  const { world, caller } = await served(2, () => {
    runs++;
    return runs % 2 === 1 ? forever() : 'second';
  });
  const retry = { times: 5, backoff: 1 };
  const once = failed(await world.settle(caller.tryCall(NAME, {}, { retry, timeout: 1_000 })));
  expect([once.failure, once.exhausted, runs]).toEqual([
    { tag: 'timeout', timeout: 1_000, sent: true },
    false,
    1,
  ]);
  for (const mark of [{ idempotent: true }, { idempotencyKey: 'order 7' }]) {
    runs = 0;
    const again = await world.settle(caller.tryCall(NAME, {}, { ...mark, retry, timeout: 4_000 }));
    expect([told(again), runs]).toEqual(['second', 2]);
  }
});

test('000-retry-connection-error: the same rule when the connection is lost', async () => {
  let runs = 0;
  const door = gate();
  const { world, caller, others } = await served(1, async () => {
    if (++runs % 2 === 1) await door.promise;
    return 'second';
  });
  const torn = async (options: CallOptions): Promise<unknown> => {
    const call = caller.tryCall(NAME, {}, { retry: { times: 5, backoff: 100 }, ...options });
    await world.clock.advance(50);
    world.network.faults.reset(hostOf(caller), hostOf(others[0]!));
    const result = await world.settle(call);
    return result.ok ? result.value : result.error.failure;
  };
  expect(await torn({})).toMatchObject({ tag: 'connection_error', sent: true });
  expect(runs).toBe(1);
  runs = 0;
  expect([await torn({ idempotent: true }), runs]).toEqual(['second', 2]);
});

test('000-retry-not-business: what a handler said, or how it crashed, is never repeated', async () => {
  let runs = 0;
  const { world, caller } = await served(2, () => {
    if (++runs === 1) return err('declared');
    throw new Error('crash');
  });
  const options = { idempotent: true, retry: { times: 5, backoff: 1 } };
  for (const [tag, count] of [
    ['handler_error', 1],
    ['handler_crash', 2],
  ] as const) {
    const error = failed(await world.settle(caller.tryCall(NAME, {}, options)));
    expect([error.tag, error.retryable, isRetryable(error.failure), runs]).toEqual([
      tag,
      false,
      false,
      count,
    ]);
  }
  expect(isRetryable(OVERLOADED)).toBe(true);
});

test('000-retry-exhausted: the last tag, who was tried, and that the repeats are used up', async () => {
  const world = meshWorld();
  const { caller, others } = await mesh(world, 1);
  await busy(world, caller, others);
  const error = failed(await world.settle(caller.tryCall(NAME, {}, { retry: { times: 2, backoff: 10 } })));
  expect([error.tag, error.exhausted]).toEqual(['overloaded', true]);
  expect(error.attempts.map(({ node, outcome }) => [node, outcome])).toEqual(
    Array.from({ length: 3 }, () => [others[0]!.id, 'overloaded']),
  );
  expect(failed(await world.settle(caller.tryCall(NAME))).exhausted).toBe(false);
});

// --- provider selection ---------------------------------------------------------------------------------------

test('000-select-first: always the first', async () => {
  const { world, caller } = await served(3);
  expect(new Set(await values(world, caller, 10, { strategy: 'first' })).size).toBe(1);
});

test('000-select-round-robin: in turn, for a call or for all calls of a node', async () => {
  const world = meshWorld();
  const { caller, others } = await mesh(world, 3, { strategy: 'round_robin' });
  await serve(world, others, NAME);
  expect([...counted(await values(world, caller, 9)).values()]).toEqual([3, 3, 3]);
});

test('000-select-random: by chance', async () => {
  const { world, caller } = await served(2);
  const drawn = await values(world, caller, 60, { strategy: 'random' });
  for (const share of counted(drawn).values()) expect(share).toBeGreaterThanOrEqual(15);
  expect(counted(drawn).size).toBe(2);
  // not in turn
  expect(drawn.some((value, n) => n > 0 && value === drawn[n - 1])).toBe(true);
});

test('000-select-least-loaded: who has the fewest calls in hand', async () => {
  const { world, caller, others } = await served(2, (at) => (at === 0 ? forever() : at));
  const [target] = others.map(({ id }) => id) as [string, string];
  const held = [1, 2, 3].map(() => caller.tryCall(NAME, {}, { target, timeout: 600_000 }));
  await world.clock.advance(50);
  expect(held).toHaveLength(3);
  expect(counted(await values(world, caller, 10, { strategy: 'least_loaded' }))).toEqual(new Map([[1, 10]]));
});

test('000-select-geographic: nearest by metadata.location', async () => {
  const world = meshWorld();
  const { caller, others } = await mesh(world, 2, { location: { lat: 52.5, lon: 13.4 } });
  const [tokyo, paris] = [
    { lat: 35.7, lon: 139.7 },
    { lat: 48.9, lon: 2.4 },
  ];
  await others[0]!.advertise(NAME, () => 'tokyo', { metadata: { location: tokyo } });
  await others[1]!.advertise(NAME, () => 'paris', { metadata: { location: paris } });
  await world.clock.advance(CALM);
  expect(await values(world, caller, 3, { strategy: 'nearest' })).toEqual(['paris', 'paris', 'paris']);
});

test('000-select-custom: a function that chooses', async () => {
  const { world, caller, others } = await served(3);
  const { id } = others[2]!;
  const strategy: CallOptions['strategy'] = (providers, { procedure }) => {
    expect([procedure, providers.length]).toEqual([NAME, 3]);
    return providers.find(({ nodeId }) => nodeId === id)!;
  };
  expect(await values(world, caller, 3, { strategy })).toEqual([2, 2, 2]);
});

// --- graceful degradation -------------------------------------------------------------------------------------

test('000-degraded-direct: with the DHT down, calls to the connected node go on, a second one at once', async () => {
  const { world, node } = await lonely();
  await world.settle(node.call(NAME, {}, { timeout: 10_000 }));
  const before = world.clock.now();
  expect(await world.settle(node.call(NAME))).toBe('near');
  expect(world.clock.now() - before).toBeLessThan(100);
  expect(await world.settle(connectLocal(node).call(NAME))).toBe('near');
});
