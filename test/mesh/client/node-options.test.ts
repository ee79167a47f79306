/** What a node or client is made of: the user's own actors, a shared runtime, limits, names. */
import { describe, expect, test } from 'vitest';
import type { Process } from '../../../src/actor/process.ts';
import { StartError } from '../../../src/otp/errors.ts';
import { reply } from '../../../src/otp/result.ts';
import { ServerRef } from '../../../src/otp/server-ref.ts';
import { worker } from '../../../src/otp/supervisor.ts';
import type { GenServer } from '../../../src/otp/gen-server.ts';
import { TransportError } from '../../../src/transport/transport.ts';
import type { RpcError } from '../../../src/mesh/errors/rpc-error.ts';
import { server } from '../../../src/mesh/handlers/server-handler.ts';
import type { EventsCalls } from '../../../src/mesh/events/events-server.ts';
import {
  closeAtEnd,
  contextOf,
  gate,
  meshWorld,
  pair,
  processOf,
  processesOf,
  runtimeOf,
} from '../../mesh-world.ts';

const stopped: string[] = [];
const store: GenServer<string, string[], { put(args: { word: string }): number }> = {
  label: 'store',
  trapExit: true,
  init: (first) => [first],
  handleCall: { put: ({ word }, words) => reply(words.push(word), words) },
  terminate: (_reason, _words, self) => void stopped.push(self.label),
};

describe('children', () => {
  test('run in the tree, are restarted, serve procedures, and stop before the mesh', async () => {
    const world = meshWorld();
    const runtime = world.runtime();
    const node = await world.node({
      runtime,
      children: [
        {
          ...worker('store', store, 'first'),
          start: (parent) => worker('store', store, 'first', { scope: runtime.names }).start(parent),
        },
      ],
    });
    const client = await world.client(node);
    closeAtEnd(world, client, node);
    const ref = new ServerRef(runtime, { scope: runtime.names, name: 'store' });
    await node.advertise('store.put', server(ref));
    expect(await world.settle(client.call('store.put', { word: 'a' }))).toBe(2);
    runtime.exit(processOf(node, 'store'), 'kill');
    await world.clock.settle();
    expect(await world.settle(client.call('store.put', { word: 'b' }))).toBe(2);
    stopped.length = 0;
    await world.settle(node.close());
    expect(stopped).toEqual(['store']);
    expect(runtime.alive).toBe(0);
  });

  test('one that does not start fails the whole start, and nothing is left', async () => {
    const world = meshWorld();
    const runtime = world.runtime();
    const broken = worker(
      'broken',
      {
        init: () => {
          throw new Error('no');
        },
      } as GenServer,
      undefined,
    );
    const error = await world.rejection(world.node({ runtime, host: '198.18.90.1', children: [broken] }));
    expect(error).toBeInstanceOf(StartError);
    expect([runtime.alive, runtime.timers.size]).toEqual([0, 0]);
    // the port is free again
    closeAtEnd(world, await world.node({ host: '198.18.90.1' }));
  });

  test('one that crashes again and again takes only the app down, then the node, never a caller by surprise', async () => {
    const world = meshWorld();
    const crash: GenServer<undefined, null> = {
      label: 'crash',
      init: () => null,
      handleInfo: () => {
        throw new Error('x');
      },
    };
    const node = await world.node({ children: [worker('crash', crash, undefined)] });
    closeAtEnd(world, node);
    await node.advertise('node.one', () => 1);
    const router = processOf(node, 'router');
    for (let n = 0; n < 4; n++) {
      runtimeOf(node).send(processOf(node, 'crash'), 'boom');
      await world.clock.settle();
    }
    expect(processOf(node, 'router')).toBe(router);
    expect(await world.settle(node.call('node.one'))).toBe(1);
  });
});

describe('a start that fails', () => {
  test('a port in use is the TransportError it is; everything is cleaned up', async () => {
    const world = meshWorld();
    const node = await world.node({ host: '198.18.91.1' });
    closeAtEnd(world, node);
    const runtime = world.runtime();
    const error = await world.rejection(world.node({ host: '198.18.91.1', runtime }));
    expect(error).toBeInstanceOf(TransportError);
    expect((error as TransportError).failure).toMatchObject({ tag: 'bind_failed', code: 'EADDRINUSE' });
    expect([runtime.alive, runtime.timers.size]).toEqual([0, 0]);
  });

  test('limits that contradict each other are named', async () => {
    const world = meshWorld();
    const error = await world.rejection(world.node({ limits: { idleTimeout: 300, keepAlive: 200 } }));
    expect((error as TransportError).failure).toMatchObject({
      tag: 'invalid_option',
      option: 'limits.keepAlive',
    });
    const wrong = await world.rejection(world.node({ limits: { links: -1 } }));
    expect((wrong as RpcError).failure).toMatchObject({ tag: 'invalid_args', field: 'limits.links' });
  });
});

describe('a shared runtime', () => {
  test('holds several nodes and clients, each with its own names, crashes and end', async () => {
    const world = meshWorld();
    const runtime = world.runtime();
    const [one, two] = [await world.node({ runtime }), await world.node({ runtime })];
    const client = await world.client(one, { runtime });
    closeAtEnd(world, client, one, two);
    await one.advertise('m.who', () => 'one');
    await two.advertise('m.who', () => {
      throw new Error('two');
    });
    expect(await world.settle(client.call('m.who'))).toBe('one');
    expect((await world.failure(two.call('m.who'))).tag).toBe('handler_crash');
    const crashes = async (of: typeof one): Promise<number> =>
      (
        await world.settle(
          new ServerRef<EventsCalls>(runtime, { scope: contextOf(of).scope, name: 'events' }).call('crashes'),
        )
      ).length;
    expect([await crashes(one), await crashes(two)]).toEqual([0, 1]);
    let fired = false;
    runtime.timers.after(1_000, () => (fired = true));
    await world.settle(client.disconnect());
    await world.settle(one.close());
    expect((await world.failure(two.call('m.none'))).tag).toBe('service_not_found');
    await world.settle(two.close());
    expect(runtime.alive).toBe(0);
    // what others do with the runtime is not ours to end
    await world.clock.advance(1_000);
    expect(fired).toBe(true);
  });
});

describe('maxBody', () => {
  test('of 4 MiB carries 3 MiB of args and result, on every path', async () => {
    const world = meshWorld();
    const maxBody = 4 * 1_048_576;
    const { node, client } = await pair(world, { node: { maxBody }, client: { maxBody } });
    const text = 'x'.repeat(3 * 1_048_576);
    await node.advertise('m.echo', ({ body }: { body: string }) => body);
    await world.settle(client.advertise('c.echo', ({ body }: { body: string }) => body));
    for (const [caller, name] of [
      [node, 'm.echo'],
      [client, 'm.echo'],
      [node, 'c.echo'],
      [client, 'c.echo'],
    ] as const) {
      expect(((await world.settle(caller.call(name, { body: text }))) as string).length).toBe(text.length);
    }
  });
});

describe('names', () => {
  test('a mode holds for calls, advertisements and registrations alike', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world, { node: { names: 'canonical' }, client: { names: 'any' } });
    expect((await world.failure(node.advertise('dotted.name', () => 1))).tag).toBe('invalid_args');
    expect(await world.failure(client.advertise('one-word', () => 1))).toMatchObject({
      tag: 'invalid_args',
      field: 'procedure',
    });
    expect((await world.failure(client.call('one-word'))).tag).toBe('invalid_args');
    expect((await world.failure(node.call('one-word'))).tag).toBe('invalid_args');
    expect(contextOf(client).advertised.size).toBe(0);
  });
});

describe('the ring of crashes', () => {
  test('keeps the last 200', async () => {
    const world = meshWorld();
    const { node } = await pair(world);
    await node.advertise('m.crash', ({ n }: { n: number }) => {
      throw n;
    });
    const ids: string[] = [];
    for (let n = 0; n < 250; n++)
      ids.push(((await world.failure(node.call('m.crash', { n }))) as { id: string }).id);
    const events = new ServerRef<EventsCalls>(runtimeOf(node), {
      scope: contextOf(node).scope,
      name: 'events',
    });
    const crashes = await world.settle(events.call('crashes'));
    expect(crashes.map(({ id }) => id)).toEqual(ids.slice(50));
    expect(await world.settle(events.call('counters'))).toEqual(contextOf(node).counters);
  });
});

describe('a crash in the ring', () => {
  test('is plain data: the class and places of what was thrown, nothing that lives', async () => {
    const world = meshWorld();
    const { node } = await pair(world);
    await node.advertise('m.crash', () => {
      throw new TypeError('no\nsuch thing', { cause: { huge: new Uint8Array(10) } });
    });
    const failure = await world.failure(node.call('m.crash'));
    const events = new ServerRef<EventsCalls>(runtimeOf(node), {
      scope: contextOf(node).scope,
      name: 'events',
    });
    const [crash] = await world.settle(events.call('crashes'));
    expect(crash).toEqual({
      id: (failure as { id: string }).id,
      at: expect.any(Number) as number,
      pid: expect.stringMatching(/^<[0-9.]+>$/) as string,
      label: expect.any(String) as string,
      type: 'Invocation',
      path: ['node', 'handlers', 'm.crash'],
      reason: 'TypeError',
      cause: ['an object'],
      stack: expect.any(Array) as string[],
    });
    expect(crash?.stack.length).toBeGreaterThan(0);
    expect(crash?.stack.length).toBeLessThanOrEqual(12);
    expect(structuredClone(crash)).toEqual(crash);
  });
});

describe('10,000 calls that time out', () => {
  test('leave no process, timer, pending call or in-flight count behind, and every handler was told', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    let aborted = 0;
    await node.advertise(
      'm.hang',
      (_args, { signal }) => {
        signal.addEventListener('abort', () => aborted++);
        return new Promise(() => undefined);
      },
      { limits: { maxConcurrent: 10_000 } },
    );
    await world.clock.advance(100);
    const timers = (): number[] => [runtimeOf(node).timers.size, runtimeOf(client).timers.size];
    const before = [runtimeOf(node).alive, runtimeOf(client).alive, ...timers()];
    for (let round = 0; round < 5; round++) {
      const calls = Array.from({ length: 2_000 }, (_, n) =>
        (n % 2 === 0 ? node : client).tryCall('m.hang', {}, { timeout: 100 + n / 10 }),
      );
      const results = await world.settle(Promise.all(calls));
      expect(results.every((result) => !result.ok && result.error.failure.tag === 'timeout')).toBe(true);
    }
    await world.clock.advance(100);
    expect(aborted).toBe(10_000);
    expect([runtimeOf(node).alive, runtimeOf(client).alive, ...timers()]).toEqual(before);
    const [provider] = contextOf(node)
      .scope.shared<{ providers(name: string): { inFlight: number }[] }>('serviceRegistry')!
      .providers('m.hang');
    expect(provider?.inFlight).toBe(0);
  });

  test('replies spread over twice the timeout settle each call once; late ones are counted', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    const random = world.random.fork('delays');
    await node.advertise(
      'm.random',
      () =>
        new Promise((resolve) => void world.clock.setTimer(random.float() * 200, () => resolve('in time'))),
      { limits: { maxConcurrent: 4_000 } },
    );
    let settled = 0;
    const calls = Array.from({ length: 4_000 }, async () => {
      const result = await client.tryCall('m.random', {}, { timeout: 100 });
      settled++;
      return result.ok;
    });
    const oks = (await world.settle(Promise.all(calls))).filter(Boolean).length;
    await world.clock.advance(300);
    expect(settled).toBe(4_000);
    expect(oks).toBeGreaterThan(1_500);
    expect(oks).toBeLessThan(2_500);
    expect([
      contextOf(client).calls.size,
      runtimeOf(client).timers.size,
      processesOf(node).filter((process: Process) => process.behavior.type === 'Invocation').length,
    ]).toEqual([0, 0, 0]);
  });
});

test('a client that is told to go during a nested call still answers it', async () => {
  const world = meshWorld();
  const { node, client } = await pair(world);
  const held = gate<string>();
  await node.advertise('node.inner', () => held.promise);
  await world.settle(client.advertise('client.outer', () => client.call('node.inner')));
  const call = node.call('client.outer');
  await world.clock.advance(10);
  const leaving = client.disconnect();
  await world.clock.advance(10);
  held.open('inner');
  expect(await world.settle(call)).toBe('inner');
  await world.settle(leaving);
});
