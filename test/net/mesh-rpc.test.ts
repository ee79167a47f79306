/**
 * Node and clients over real QUIC on loopback: the card's promises where packets, streams and certificates are
 * real. What is proven under the simulated network is not repeated here.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../src/actor/logger.ts';
import { err, RpcError } from '../../src/mesh/errors/rpc-error.ts';
import type { RpcFailure } from '../../src/mesh/errors/rpc-failure.ts';
import type { Client } from '../../src/mesh/client/client.ts';
import type { ConnectOptions } from '../../src/mesh/client/options.ts';
import { connect, startNode, type Node, type RemoteClient } from '../../src/node.ts';
import { TransportError } from '../../src/transport/transport.ts';
import { contextOf, processesOf, processOf, runtimeOf } from '../mesh-world.ts';
import { openSockets, until } from './quic-bench.ts';

const logger = silentLogger;
const open: Client[] = [];
let node: Node;
let client: RemoteClient;

async function dial(options: ConnectOptions = {}, url = node.url): Promise<RemoteClient> {
  const made = await connect(url, { logger, ...options });
  open.push(made);
  return made;
}

beforeEach(async () => {
  node = await startNode({ listen: '127.0.0.1:0', logger });
  client = await dial();
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.disconnect({ timeout: 50 })));
  await node.close({ timeout: 50 });
  expect(runtimeOf(node).alive).toBe(0);
  await until(() => openSockets() === 0);
});

/** Calls until it works. */
async function answered(caller: Client, procedure: string, limit: number): Promise<void> {
  const deadline = performance.now() + limit;
  for (;;) {
    const result = await caller.tryCall(procedure, {}, { timeout: 500 });
    if (result.ok) return;
    if (performance.now() > deadline) throw result.error;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const failure = async (promise: Promise<unknown>): Promise<RpcFailure> => {
  const error = await promise.then(
    (value) => expect.fail(`resolved to ${String(value)}`),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(RpcError);
  return (error as RpcError).failure;
};

describe('calls', () => {
  test('a value, a declared error and a crash, from client to node, node to client, client to client', async () => {
    const other = await dial();
    const handler = ({ how }: { how: string }): unknown => {
      if (how === 'crash') throw new Error('secret');
      return how === 'err' ? err({ code: 7 }) : how;
    };
    for (const [provider, caller] of [
      [node, client],
      [client, node],
      [client, other],
    ] as const) {
      await provider.advertise('m.do', handler);
      expect(await caller.call('m.do', { how: 'well' })).toBe('well');
      expect(await failure(caller.call('m.do', { how: 'err' }))).toEqual({
        tag: 'handler_error',
        reason: { code: 7 },
      });
      const crash = await failure(caller.call('m.do', { how: 'crash' }));
      expect(crash).toMatchObject({ tag: 'handler_crash', reason: 'error' });
      expect(JSON.stringify(crash)).not.toContain('secret');
      await provider.unadvertise('m.do');
      expect((await failure(caller.call('m.do', { how: 'well' }))).tag).toBe('service_not_found');
    }
  });

  test('timeout and cancel reach the handler', async () => {
    const [begun, aborted]: string[][] = [[], []];
    await node.advertise('m.hang', ({ name }: { name: string }, { signal }) => {
      begun!.push(name);
      signal.addEventListener('abort', () => aborted!.push(name));
      return new Promise(() => undefined);
    });
    const start = performance.now();
    expect(await failure(client.call('m.hang', { name: 'late' }, { timeout: 150 }))).toEqual({
      tag: 'timeout',
      timeout: 150,
      sent: true,
    });
    expect(performance.now() - start).toBeLessThan(1_000);
    const control = new AbortController();
    const call = client.call('m.hang', { name: 'stopped' }, { signal: control.signal });
    await until(() => begun!.length === 2);
    control.abort();
    expect((await failure(call)).tag).toBe('canceled');
    await until(() => aborted!.length === 2);
    expect(aborted).toEqual(['late', 'stopped']);
    // a large call is cancelled by the reset of its stream
    const large = client.call('m.hang', { name: 'large', pad: 'x'.repeat(50_000) }, { timeout: 150 });
    expect((await failure(large)).tag).toBe('timeout');
    await until(() => aborted!.length === 3);
  });

  test('100 KiB both ways, 250 times, more than there are streams; over maxBody is refused on both sides', async () => {
    const body = 'y'.repeat(102_400);
    await node.advertise('m.echo', ({ text, times }: { text: string; times: number }) => text.repeat(times));
    for (let round = 0; round < 5; round++) {
      const results = await Promise.all(
        Array.from({ length: 50 }, () => client.call<string>('m.echo', { text: body, times: 1 })),
      );
      expect(results.every((text) => text === body)).toBe(true);
      const small = await Promise.all(
        Array.from({ length: 50 }, () => client.call<string>('m.echo', { text: 'z', times: 102_400 })),
      );
      expect(small.every((text) => text.length === 102_400)).toBe(true);
    }
    const limit = { tag: 'frame_too_large', limit: 1_048_576 };
    expect(await failure(client.call('m.echo', { text: 'x'.repeat(1_048_577), times: 1 }))).toEqual(limit);
    expect(await failure(client.call('m.echo', { text: body, times: 11 }))).toEqual(limit);
    expect(await client.call('m.echo', { text: 'still', times: 1 })).toBe('still');
  });

  test('30 calls and replies of 900 kB both ways at once', async () => {
    const pad = 'p'.repeat(900_000);
    await node.advertise('m.echo', (args) => args);
    await client.advertise('client.echo', (args) => args);
    const calls = Array.from({ length: 30 }, (_, n) => [
      client.call('m.echo', { n, pad }, { timeout: 30_000 }),
      node.call('client.echo', { n, pad }, { timeout: 30_000 }),
    ]).flat();
    const results = (await Promise.all(calls)) as { pad: string }[];
    expect(results.every((result) => result.pad === pad)).toBe(true);
    expect(contextOf(client).counters.connectionsOpened).toBe(1);
  });

  test('one body of 20 MB, and its echo, when both allow it', async () => {
    const maxBody = 67_108_864;
    const large = await startNode({ listen: '127.0.0.1:0', logger, maxBody });
    open.push(large);
    const generous = await dial({ maxBody }, large.url);
    await large.advertise('m.echo', (args) => args);
    const pad = 'p'.repeat(20_000_000);
    const result = await generous.call<{ pad: string }>('m.echo', { pad }, { timeout: 30_000 });
    expect(result.pad === pad).toBe(true);
  });

  test('300 replies of 20 kB to framed calls, though only 100 streams may be open', async () => {
    await node.advertise('m.make', ({ size }: { size: number }) => 'r'.repeat(size));
    const results = await Promise.all(
      Array.from({ length: 300 }, () => client.call<string>('m.make', { size: 20_000 })),
    );
    expect(results.every(({ length }) => length === 20_000)).toBe(true);
  });

  test('maxBody of a node bounds what a client with a larger one sends', async () => {
    const generous = await dial({ maxBody: 4_194_304 });
    await node.advertise('m.size', ({ text }: { text: string }) => text.length);
    expect(await failure(generous.call('m.size', { text: 'x'.repeat(2_000_000) }))).toMatchObject({
      tag: 'frame_too_large',
    });
    expect(await generous.call('m.size', { text: 'ok' })).toBe(2);
  });

  test('2,000 calls at once, of which a third crash, are all answered', async () => {
    await node.advertise(
      'm.storm',
      ({ n }: { n: number }) => {
        if (n % 3 === 0) throw n;
        return n;
      },
      { limits: { maxConcurrent: 2_000 } },
    );
    const results = await Promise.all(
      Array.from({ length: 2_000 }, (_, n) => client.tryCall('m.storm', { n })),
    );
    for (const [n, result] of results.entries()) {
      expect(result.ok ? result.value : result.error.failure.tag).toBe(n % 3 === 0 ? 'handler_crash' : n);
    }
    expect(contextOf(client).calls.size).toBe(0);
    // the connection looks once more after its peer
    await until(() => runtimeOf(client).timers.size === 0);
  });
});

describe('what cannot be', () => {
  test('a port in use is the TransportError it is', async () => {
    const error: unknown = await startNode({ listen: new URL(node.url).host, logger }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(TransportError);
    expect((error as TransportError).failure).toMatchObject({ tag: 'bind_failed', code: 'EADDRINUSE' });
  });

  test('wrong realm, wrong pinned id, unresolvable host, foreign scheme, nobody there', async () => {
    expect(await failure(dial({ realm: 'other' }))).toMatchObject({ tag: 'unauthorized' });
    expect(await failure(dial({ nodeId: 'ab'.repeat(32) }))).toMatchObject({ tag: 'unauthorized' });
    expect(await dial({ nodeId: node.id })).toBeDefined();
    expect(await failure(dial({ realm: 'r' }, 'https://no-such-host.invalid'))).toMatchObject({
      tag: 'connection_error',
      sent: false,
    });
    expect(await failure(dial({}, 'ftp://127.0.0.1:9443'))).toMatchObject({
      tag: 'invalid_args',
      field: 'url',
    });
    const start = performance.now();
    expect(['timeout', 'connection_error']).toContain(
      (await failure(dial({ timeout: 400 }, 'https://127.0.0.1:1'))).tag,
    );
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  test('a refused client does not dial again', async () => {
    const closed = contextOf(node).counters.connectionsClosed;
    await failure(dial({ realm: 'other' }));
    await until(() => contextOf(node).counters.connectionsClosed === closed + 1);
    expect(await client.call('no.where').catch((error: RpcError) => error.tag)).toBe('service_not_found');
    expect(contextOf(node).counters.connectionsClosed).toBe(closed + 1);
  });
});

describe('ends', () => {
  test('a node that closes during calls: those within the time finish, the rest fails as sent', async () => {
    await node.advertise('m.soon', () => new Promise((resolve) => setTimeout(resolve, 100, 'done')));
    await node.advertise('m.never', () => new Promise(() => undefined));
    const calls = [client.tryCall('m.soon'), client.tryCall('m.never', {}, { timeout: 60_000 })];
    await until(
      () => processesOf(node).filter(({ behavior }) => behavior.type === 'Invocation').length === 2,
    );
    await node.close({ timeout: 400 });
    const [soon, never] = await Promise.all(calls);
    expect(soon).toMatchObject({ ok: true, value: 'done' });
    expect(never?.ok === false && never.error.failure).toMatchObject({ tag: 'connection_error', sent: true });
  });

  test('a killed endpoint binds its port again; local calls go on, the client comes back by itself', async () => {
    const quick = await dial({ limits: { idleTimeout: 1_500, keepAlive: 400 } });
    await quick.advertise('client.one', () => 'client');
    await node.advertise('node.one', () => 'node');
    const { url } = node;
    const before = processOf(node, 'endpoint');
    runtimeOf(node).exit(before, 'kill');
    await until(() =>
      processesOf(node).some((process) => process.label === 'endpoint' && process !== before),
    );
    expect(await node.call('node.one')).toBe('node');
    const fresh = await dial({}, url);
    expect(await fresh.call('node.one')).toBe('node');
    // a client that was connected learns it by the silence of its link
    await answered(node, 'client.one', 25_000);
    expect(await quick.call('node.one')).toBe('node');
  });
});
