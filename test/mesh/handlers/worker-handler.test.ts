/**
 * `isolation: 'worker'`: a handler in threads of its own, for a caller here and for one elsewhere.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/actor/clock.ts';
import { silentLogger } from '../../../src/actor/logger.ts';
import { seededRandom } from '../../../src/actor/random.ts';
import { Runtime } from '../../../src/actor/runtime.ts';
import { workerServer } from '../../../src/isolation.ts';
import { server } from '../../../src/mesh/handlers/server-handler.ts';
import { RpcError } from '../../../src/mesh/errors/rpc-error.ts';
import type { RpcFailure } from '../../../src/mesh/errors/rpc-failure.ts';
import type { AdvertiseOptions } from '../../../src/mesh/client/client.ts';
import { connect, startNode, type Node, type RemoteClient } from '../../../src/node.ts';
import { memoryNetwork } from '../../../src/transport/memory/network.ts';
import { fixture, until } from '../../isolation/threads.ts';

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end();
});

/** Threads take real time, so this mesh does. */
async function mesh(): Promise<{
  readonly node: Node;
  readonly client: RemoteClient;
  readonly runtime: Runtime;
}> {
  const network = memoryNetwork({ clock: systemClock, random: seededRandom('worker'), delay: 1 });
  const runtime = new Runtime({ logger: silentLogger });
  const node = await startNode({
    runtime,
    realm: 'test',
    listen: '198.18.0.1:9443',
    transport: network.transport('198.18.0.1'),
  });
  cleanup.push(() => node.close({ timeout: 1_000 }));
  const client = await connect('https://198.18.0.1:9443', {
    runtime: new Runtime({ logger: silentLogger }),
    realm: 'test',
    transport: network.transport('198.18.0.2'),
  });
  cleanup.push(() => client.disconnect({ timeout: 1_000 }));
  return { node, client, runtime };
}

const WORKER: AdvertiseOptions = { isolation: 'worker', worker: { size: 1, spare: 0, heapMb: 16 } };

async function failure(promise: Promise<unknown>): Promise<RpcFailure> {
  const error: unknown = await promise.then(
    (value) => expect.fail(`resolved to ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof RpcError)) throw error;
  return error.failure;
}

test('a GenServer in a worker serves a procedure like any other', async () => {
  const { node, client } = await mesh();
  const spec = workerServer('count', { module: fixture('counter.mjs'), heapMb: 16, deadline: 15_000 });
  await node.advertise('count.slow', server(spec));
  expect(await client.call('count.slow', { n: 3 })).toEqual({ n: 3 });
  await node.advertise('count.fill', server(spec));
  expect(await failure(client.call('count.fill', {}, { timeout: 15_000 }))).toMatchObject({
    tag: 'handler_crash',
    reason: 'oom',
  });
});

describe('a handler with isolation worker', () => {
  test('answers callers here and elsewhere from its thread, with what it may know of the call', async () => {
    const { node, client } = await mesh();
    await node.advertise('test.work', fixture('handler.mjs'), WORKER);
    const args = { what: 'echo', value: { list: [1, new Uint8Array([1, 2])] } };
    const here = await node.call<{ value: unknown; thread: number }>('test.work', args);
    const there = await client.call<{ value: unknown; thread: number }>('test.work', args);
    expect(here.value).toEqual(there.value);
    expect(here.thread).toBe(there.thread);
    expect(await client.call('test.work', { what: 'context' }, { timeout: 20_000 })).toMatchObject({
      procedure: 'test.work',
      caller: { nodeId: client.id, local: false },
    });
  });

  test('calls the export that is named', async () => {
    const { node } = await mesh();
    await node.advertise('test.named', fixture('handler.mjs'), {
      ...WORKER,
      worker: { size: 1, spare: 0, export: 'named' },
    });
    expect(await node.call('test.named', { value: 21 })).toBe(42);
  });

  test('an endless loop is timeout for its caller, and the next call is answered', async () => {
    const { node, client } = await mesh();
    await node.advertise('test.work', fixture('handler.mjs'), WORKER);
    for (const caller of [node, client]) {
      const looping = failure(caller.call('test.work', { what: 'spin' }, { timeout: 200 }));
      expect(await looping).toMatchObject({ tag: 'timeout' });
      expect(await caller.call('test.work', { what: 'echo', value: 1 }, { timeout: 15_000 })).toMatchObject({
        value: 1,
      });
    }
  });

  test('a caller that gives up ends the function that runs', async () => {
    const { node, client } = await mesh();
    await node.advertise('test.work', fixture('handler.mjs'), WORKER);
    const control = new AbortController();
    const call = failure(
      client.call('test.work', { what: 'spin' }, { timeout: 60_000, signal: control.signal }),
    );
    setTimeout(() => control.abort(), 100);
    expect(await call).toMatchObject({ tag: 'canceled' });
    expect(await client.call('test.work', { what: 'echo', value: 1 }, { timeout: 15_000 })).toMatchObject({
      value: 1,
    });
  });

  test('a full heap is handler_crash oom; a throw or an exit is handler_crash error', async () => {
    const { node, client } = await mesh();
    await node.advertise('test.work', fixture('handler.mjs'), WORKER);
    for (const caller of [node, client]) {
      for (const [what, reason] of [
        ['fill', 'oom'],
        ['throw', 'error'],
        ['leave', 'error'],
      ] as const) {
        const crash = await failure(caller.call('test.work', { what }, { timeout: 30_000 }));
        expect(crash, what).toMatchObject({ tag: 'handler_crash', reason });
        expect(JSON.stringify(crash)).not.toContain('secret');
      }
    }
  });

  test('a declared failure is handler_error, a result that cannot be cloned unencodable', async () => {
    const { node, client } = await mesh();
    await node.advertise('test.work', fixture('handler.mjs'), WORKER);
    for (const caller of [node, client]) {
      expect(await failure(caller.call('test.work', { what: 'declare', value: 3 }))).toEqual({
        tag: 'handler_error',
        reason: { code: 'E_NO', value: 3 },
      });
      expect(await failure(caller.call('test.work', { what: 'opaque' }))).toMatchObject({
        tag: 'unencodable',
      });
    }
  });

  test('more calls than threads wait in the procedure, and are overloaded beyond its queue', async () => {
    const { node } = await mesh();
    await node.advertise('test.work', fixture('handler.mjs'), { ...WORKER, limits: { maxQueue: 1 } });
    const calls = [1, 2, 3].map((value) => node.tryCall('test.work', { what: 'echo', value }));
    const results = await Promise.all(calls);
    expect(results.map((result) => (result.ok ? 'ok' : result.error.tag))).toEqual([
      'ok',
      'ok',
      'overloaded',
    ]);
  });

  test('its threads go with the advertisement', async () => {
    const { node, runtime } = await mesh();
    const before = runtime.alive;
    const advertisement = await node.advertise('test.work', fixture('handler.mjs'), WORKER);
    expect(runtime.alive).toBeGreaterThan(before);
    await advertisement.unadvertise();
    await until(() => runtime.alive === before);
    expect(await failure(node.call('test.work', { what: 'echo' }, { timeout: 1_000 }))).toMatchObject({
      tag: expect.stringMatching(/not_found|no_handler/) as unknown,
    });
  });

  test('what makes no sense is invalid_args that names it, and starts nothing', async () => {
    const { node, runtime } = await mesh();
    const before = runtime.spawned;
    const url = fixture('handler.mjs');
    const bad: readonly (readonly [handler: unknown, options: unknown, field: string])[] = [
      [url, {}, 'handler'],
      [() => 1, { isolation: 'worker' }, 'handler'],
      [url, { isolation: 'thread' }, 'isolation'],
      [() => 1, { worker: { size: 1 } }, 'worker'],
      [url, { isolation: 'worker', worker: 3 }, 'worker'],
      [url, { isolation: 'worker', worker: { size: 0 } }, 'worker'],
      [url, { isolation: 'worker', worker: { heapMb: 'much' } }, 'worker'],
      [url, { isolation: 'worker', worker: { sise: 1 } }, 'worker.sise'],
      [url, { isolation: 'worker', worker: { export: 7 } }, 'worker.export'],
    ];
    for (const [handler, options, field] of bad)
      expect(await failure(node.advertise('test.bad', handler as never, options as never))).toMatchObject({
        tag: 'invalid_args',
        field,
      });
    expect(runtime.spawned).toBe(before);
  });

  test('a module that does not load is the failure of its advertisement', async () => {
    const { node, runtime } = await mesh();
    const before = runtime.alive;
    await expect(node.advertise('test.broken', fixture('broken.mjs'), WORKER)).rejects.toBeInstanceOf(
      RpcError,
    );
    await until(() => runtime.alive === before);
  });
});
