/**
 * RELIABILITY §2, procedures: so many run, so many wait, the rest is told at once; and towards one peer.
 */
import { expect, test } from 'vitest';
import type { Client } from '../../src/mesh/client/client.ts';
import type { Result } from '../../src/mesh/errors/rpc-error.ts';
import { contextOf, gate, meshWorld, pair, processesOf, runtimeOf, told } from '../mesh-world.ts';

const CALLS = 10_000;
/** Stated for refusing 9,680 calls; the box may be five times slower. Milliseconds. */
const AT_ONCE = 5_000;

interface Held {
  readonly handler: () => Promise<string>;
  release(): void;
  running: number;
  most: number;
}

function held(): Held {
  const { promise, open } = gate();
  const state: Held = {
    running: 0,
    most: 0,
    release: () => open(),
    handler: async () => {
      state.most = Math.max(state.most, ++state.running);
      await promise;
      state.running--;
      return 'done';
    },
  };
  return state;
}

const many = (caller: Client, count = CALLS): Promise<Result>[] =>
  Array.from({ length: count }, () => caller.tryCall('m.held', {}, { timeout: 60_000 }));

function tally(results: readonly Result[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const result of results) {
    const failure = result.ok ? undefined : result.error.failure;
    const name = failure?.tag === 'overloaded' ? `overloaded ${failure.bound}` : String(told(result));
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

test('10,000 calls at once here: 64 run, 256 wait, 9,680 are overloaded at once', async () => {
  const world = meshWorld();
  const { node } = await pair(world);
  const state = held();
  await node.advertise('m.held', state.handler);
  const before = runtimeOf(node).alive;
  const start = performance.now();
  const calls = many(node);
  let refused = 0;
  for (const call of calls) {
    call.then(
      ({ ok }) => {
        if (!ok) refused++;
      },
      () => undefined,
    );
  }
  await world.clock.settle();
  expect(performance.now() - start).toBeLessThan(AT_ONCE);
  expect([refused, state.running, runtimeOf(node).alive - before]).toEqual([9_680, 64, 64]);
  state.release();
  expect(tally(await world.settle(Promise.all(calls)))).toEqual({
    done: 320,
    'overloaded procedure': 9_680,
  });
  expect([state.most, runtimeOf(node).alive]).toEqual([64, before]);
});

test('10,000 calls at once over one connection: 4,096 in flight, 4,096 wait, the sum stays 320 admitted', async () => {
  const world = meshWorld();
  const { node, client } = await pair(world);
  const state = held();
  await node.advertise('m.held', state.handler);
  const calls = many(client);
  await world.clock.settle();
  // nothing is answered yet: the window and its queue are full
  const open = Promise.resolve('open');
  const now = await Promise.all(calls.map((call) => Promise.race([call, open])));
  expect(now.filter((one) => one === 'open')).toHaveLength(8_192);
  expect(contextOf(client).counters.callsOut).toBeLessThanOrEqual(4_096);
  await world.clock.advance(2_000);
  expect(state.running).toBe(64);
  state.release();
  expect(tally(await world.settle(Promise.all(calls)))).toEqual({
    done: 320,
    'overloaded procedure': 8_192 - 320,
    'overloaded peer': CALLS - 8_192,
  });
  expect(state.most).toBe(64);
});

test('towards one peer that holds them: 4,096 in flight, the next 4,096 follow in order as places come free', async () => {
  const world = meshWorld();
  const { node, client } = await pair(world);
  const order: number[] = [];
  const waiting: (() => void)[] = [];
  await node.advertise(
    'm.held',
    ({ n }: { n: number }) => {
      order.push(n);
      return new Promise<string>((resolve) => waiting.push(() => resolve('done')));
    },
    { limits: { maxConcurrent: 10_000 } },
  );
  const calls = Array.from({ length: 8_192 }, (_, n) => client.tryCall('m.held', { n }, { timeout: 60_000 }));
  await world.clock.advance(1_000);
  expect([waiting.length, contextOf(client).counters.callsOut]).toEqual([4_096, 4_096]);
  for (const end of waiting.splice(0, 1_000)) end();
  await world.clock.advance(1_000);
  expect([waiting.length, contextOf(client).counters.callsOut]).toEqual([4_096, 5_096]);
  while (waiting.length > 0) {
    for (const end of waiting.splice(0)) end();
    await world.clock.advance(500);
  }
  expect(tally(await world.settle(Promise.all(calls)))).toEqual({ done: 8_192 });
  expect(order).toEqual(Array.from({ length: 8_192 }, (_, n) => n));
});

test('a call that waits for its place still has its deadline, and was not sent', async () => {
  const world = meshWorld();
  const { node, client } = await pair(world);
  const state = held();
  await node.advertise('m.held', state.handler, { limits: { maxConcurrent: 10_000 } });
  const first = many(client, 4_096);
  await world.clock.advance(500);
  const late = client.tryCall('m.held', {}, { timeout: 300 });
  const result = await world.settle(late);
  expect(result.ok ? result : result.error.failure).toEqual({ tag: 'timeout', timeout: 300, sent: false });
  state.release();
  await world.settle(Promise.all(first));
  expect(state.most).toBe(4_096);
  expect(processesOf(node).filter(({ behavior }) => behavior.type === 'Invocation')).toEqual([]);
});
