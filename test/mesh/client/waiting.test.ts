/**
 * `{ timeout, signal }` of everything asynchronous: what ends in time, what is told, and that nothing is left.
 */
import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { connectLocal } from '../../../src/index.ts';
import type { RpcError } from '../../../src/mesh/errors/rpc-error.ts';
import { server } from '../../../src/mesh/handlers/server-handler.ts';
import { startNode } from '../../../src/node.ts';
import { StartError } from '../../../src/otp/errors.ts';
import { supervisor, worker, type GenServer } from '../../../src/otp.ts';
import {
  contextOf,
  gate,
  left,
  meshWorld,
  pair,
  REALM,
  runtimeOf,
  type MeshWorld,
} from '../../mesh-world.ts';

const forever = (): Promise<never> => new Promise(() => undefined);
/** What it fails with, without moving time. */
const failing = (promise: Promise<unknown>): Promise<RpcError> =>
  promise.then(
    () => expect.fail('resolved'),
    (error: unknown) => error as RpcError,
  );
const hangs: GenServer<undefined, null> = { label: 'hangs', init: forever };
const idle: GenServer<undefined, null> = { init: () => null };

const nodeOptions = (world: MeshWorld, host: string) => ({
  realm: REALM,
  listen: '0.0.0.0:9443',
  runtime: world.runtime(),
  transport: world.network.transport(host),
});

describe('startNode with a child whose init never settles', () => {
  test('ends with timeout in time, names the child, and leaves nothing: the port is free', async () => {
    const world = meshWorld();
    const order: string[] = [];
    const before: GenServer<undefined, null> = {
      trapExit: true,
      init: () => null,
      terminate: () => void order.push('terminated'),
    };
    const options = nodeOptions(world, '198.18.77.1');
    const children = [
      worker('first', before, undefined),
      supervisor('mine', { children: [worker('inner', hangs, undefined)] }),
    ];
    const start = world.clock.now();
    const error = (await world.rejection(startNode({ ...options, children, timeout: 700 }))) as RpcError;
    expect(error.failure).toEqual({ tag: 'timeout', timeout: 700, sent: false });
    expect(world.clock.now() - start).toBe(700);
    expect(error.cause).toBeInstanceOf(StartError);
    expect((error.cause as Error).message).toContain('node/app/mine/inner did not start');
    // what had started was stopped in good order
    expect(order).toEqual(['terminated']);
    expect([options.runtime.alive, options.runtime.timers.size]).toEqual([0, 0]);
    const again = await world.settle(startNode({ ...options, children: [] }));
    await world.settle(again.close());
  });

  test('an aborted signal is canceled at once, before and during the start', async () => {
    const world = meshWorld();
    const options = nodeOptions(world, '198.18.77.2');
    const early = startNode({ ...options, signal: AbortSignal.abort('no') });
    expect((await failing(early)).tag).toBe('canceled');
    expect(options.runtime.spawned).toBe(0);
    const controller = new AbortController();
    const starting = startNode({
      ...options,
      signal: controller.signal,
      children: [worker('hangs', hangs, undefined)],
    });
    const failed = failing(starting);
    await world.clock.advance(50);
    controller.abort('changed my mind');
    const error = await world.settle(failed);
    expect([error.tag, error.cause]).toEqual(['canceled', 'changed my mind']);
    expect([options.runtime.alive, options.runtime.timers.size]).toEqual([0, 0]);
  });

  test('what does not even stop is killed a second later', async () => {
    const world = meshWorld();
    const options = nodeOptions(world, '198.18.77.3');
    const stubborn: GenServer<undefined, null> = { trapExit: true, init: () => null, terminate: forever };
    const children = [
      worker('stubborn', stubborn, undefined, { shutdown: Infinity }),
      worker('hangs', hangs, undefined),
    ];
    const start = world.clock.now();
    const failure = await world.failure(startNode({ ...options, children, timeout: 500 }));
    expect(failure.tag).toBe('timeout');
    expect(world.clock.now() - start).toBeLessThanOrEqual(1_500);
    expect(options.runtime.alive).toBe(0);
  });

  test('without a timeout it is given up after a minute', async () => {
    const world = meshWorld();
    const options = nodeOptions(world, '198.18.77.4');
    const start = world.clock.now();
    const starting = startNode({ ...options, children: [worker('hangs', hangs, undefined)] });
    expect((await world.failure(starting, 70_000)).tag).toBe('timeout');
    expect(world.clock.now() - start).toBe(60_000);
  });

  test('a client with such a child is given up by its own timeout', async () => {
    const world = meshWorld();
    const { node } = await pair(world);
    const runtime = world.runtime();
    const dialing = world.dial(node, {
      runtime,
      timeout: 400,
      children: [worker('hangs', hangs, undefined)],
    });
    expect(await world.failure(dialing)).toEqual({ tag: 'timeout', timeout: 400, sent: false });
    expect([runtime.alive, runtime.timers.size]).toEqual([0, 0]);
  });
});

describe('connect with children of its own that do not end', () => {
  const stubborn: GenServer<undefined, null> = { trapExit: true, init: () => null, terminate: forever };
  const three = ['a', 'b', 'c'].map((name) => worker(name, stubborn, undefined));
  const immortal = [worker('immortal', stubborn, undefined, { shutdown: Infinity })];

  test.each([
    ['of three with a default shutdown', three],
    ['of one with shutdown Infinity', immortal],
  ])('a timeout: %s, it is over a second later', async (_what, children) => {
    const world = meshWorld();
    const runtime = world.runtime();
    const start = world.clock.now();
    const dialing = world.dial('https://198.19.1.1:9443', { runtime, timeout: 500, children });
    expect((await world.failure(dialing, 120_000)).tag).toBe('timeout');
    expect(world.clock.now() - start).toBeLessThanOrEqual(500 + 1_000 + 10);
    expect([runtime.alive, runtime.timers.size]).toEqual([0, 0]);
  });

  test.each([
    ['before the timeout', 200],
    // what has no time left has a second to end, which an aborted signal ends too
    ['after it', 700],
  ])('an aborted signal ends it at once: %s', async (_when, abortAt) => {
    const world = meshWorld();
    const runtime = world.runtime();
    const controller = new AbortController();
    const { signal } = controller;
    const start = world.clock.now();
    const dialing = world.dial('https://198.19.1.1:9443', {
      runtime,
      timeout: 500,
      signal,
      children: immortal,
    });
    const failed = failing(dialing);
    await world.clock.advance(abortAt);
    controller.abort();
    const { tag } = await world.settle(failed, 120_000);
    expect(tag).toBe(abortAt < 500 ? 'canceled' : 'timeout');
    expect(world.clock.now() - start).toBeLessThanOrEqual(abortAt + 10);
    expect([runtime.alive, runtime.timers.size]).toEqual([0, 0]);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

test('a start that fails names the innermost child and what it failed with', async () => {
  const world = meshWorld();
  const options = nodeOptions(world, '198.18.77.5');
  const cause = new Error('no database');
  const fails: GenServer<undefined, null> = {
    init: () => {
      throw cause;
    },
  };
  const children = [
    worker('fine', idle, undefined),
    supervisor('mine', { children: [supervisor('deeper', { children: [worker('db', fails, undefined)] })] }),
  ];
  const error = (await world.rejection(startNode({ ...options, children }))) as StartError;
  expect(error).toBeInstanceOf(StartError);
  expect(error.message).toBe('node/app/mine/deeper/db did not start: Error: no database');
  expect(error.cause).toBe(cause);
  expect(options.runtime.alive).toBe(0);
});

describe('advertise and unadvertise', () => {
  test('a timeout ends the start of a server; nothing is served, and the name is free', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    for (const user of [node, client]) {
      const before = runtimeOf(user).alive;
      const slow = server(worker('hangs', hangs, undefined));
      const start = world.clock.now();
      expect(await world.failure(user.advertise('m.slow', slow, { timeout: 300 }))).toEqual({
        tag: 'timeout',
        timeout: 300,
        sent: false,
      });
      expect(world.clock.now() - start).toBe(300);
      await world.clock.advance(6_000);
      expect(runtimeOf(user).alive).toBe(before);
      expect((await world.failure(node.call('m.slow'))).tag).toBe('service_not_found');
      await world.settle(user.advertise('m.slow', () => 1));
      await world.settle(user.unadvertise('m.slow', { timeout: 1_000 }));
    }
  });

  test('a signal ends it, also while the node says nothing; nothing is served afterwards', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    expect((await world.failure(client.advertise('a.b', () => 1, { signal: AbortSignal.abort() }))).tag).toBe(
      'canceled',
    );
    const controller = new AbortController();
    const [from, to] = [client, node].map(hostOf) as [string, string];
    world.network.faults.cut(from, to);
    const start = world.clock.now();
    const failed = failing(client.advertise('a.b', () => 1, { signal: controller.signal }));
    await world.clock.advance(100);
    controller.abort();
    expect((await world.settle(failed)).tag).toBe('canceled');
    expect(world.clock.now() - start).toBeLessThan(150);
    world.network.faults.heal(from, to);
    await world.clock.advance(8_000);
    expect((await world.failure(node.call('a.b'))).tag).toBe('service_not_found');
    expect(contextOf(client).advertised.size).toBe(0);
  });

  test('unadvertise gives up waiting for a node that says nothing; it is withdrawn here at once', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    const ad = await world.settle(client.advertise('a.b', () => 1));
    const [from, to] = [client, node].map(hostOf) as [string, string];
    world.network.faults.cut(from, to);
    const start = world.clock.now();
    expect((await world.failure(ad.unadvertise({ timeout: 200 }))).tag).toBe('timeout');
    expect(world.clock.now() - start).toBe(200);
    expect(contextOf(client).advertised.size).toBe(0);
  });

  test.each([{ timeout: 0 }, { timeout: NaN }, { timeout: 2 ** 31 }, { signal: {} }, null, 5])(
    'options that make no sense are invalid_args everywhere: %o',
    async (options) => {
      const world = meshWorld();
      const { node, client } = await pair(world);
      const given = options as never;
      for (const user of [node, client, connectLocal(node)]) {
        for (const attempt of [
          () => user.advertise('a.b', () => 1, given),
          () => user.unadvertise('a.b', given),
          () => user.disconnect(given),
        ]) {
          expect((await world.failure(attempt())).tag).toBe('invalid_args');
        }
      }
      expect((await world.failure(node.close(given))).tag).toBe('invalid_args');
    },
  );
});

describe('many advertisements at once', () => {
  test('20,000 of a node, served all, withdrawn all', async () => {
    const world = meshWorld();
    // what it takes to publish them is measured elsewhere
    const { node } = await pair(world, { node: { dht: false } });
    const before = left(node);
    const names = Array.from({ length: 20_000 }, (_, n) => `many.n${n}`);
    const ads = await world.settle(Promise.all(names.map((name) => node.advertise(name, () => name))));
    expect(ads).toHaveLength(20_000);
    for (const name of [names[0]!, names[9_999]!, names[19_999]!]) {
      expect(await world.settle(node.call(name))).toBe(name);
    }
    expect(contextOf(node).advertised.size).toBe(20_000);
    await world.settle(Promise.all(ads.map((ad) => ad.unadvertise())));
    await world.clock.advance(10);
    expect(contextOf(node).advertised.size).toBe(0);
    expect(left(node)).toEqual(before);
  });

  test('10,000 of a client, as many as one may have; each further one is told overloaded', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world, { node: { dht: false } });
    const results = await world.settle(
      Promise.all(
        Array.from({ length: 10_100 }, (_, n) =>
          client
            .advertise(`many.n${n}`, () => n)
            .then(
              () => 'served',
              (error: RpcError) => `${error.tag} ${'bound' in error.failure ? error.failure.bound : ''}`,
            ),
        ),
      ),
      120_000,
    );
    expect(results.filter((one) => one === 'served')).toHaveLength(10_000);
    expect(new Set(results)).toEqual(new Set(['served', 'overloaded registrations']));
    expect(await world.settle(node.call('many.n9'))).toBe(9);
    expect(contextOf(client).advertised.size).toBe(10_000);
  });

  test('those that wait for their turn can be given up, and hold up nobody', async () => {
    const world = meshWorld();
    const { node } = await pair(world);
    const opened = gate();
    // as many as are under way at once wait for their servers
    const slow: GenServer<undefined, null> = { init: () => opened.promise.then(() => null) };
    const first = Array.from({ length: 512 }, (_, n) =>
      node.advertise(`slow.n${n}`, server(worker('slow', slow, undefined))),
    );
    const controller = new AbortController();
    const waiting = [
      failing(node.advertise('late.a', () => 1, { timeout: 100 })),
      failing(node.advertise('late.b', () => 1, { signal: controller.signal })),
    ];
    const served = node.advertise('late.c', () => 'c');
    await world.clock.advance(200);
    controller.abort();
    expect((await Promise.all(waiting)).map(({ tag }) => tag)).toEqual(['timeout', 'canceled']);
    opened.open();
    await world.settle(Promise.all([...first, served]));
    expect(await world.settle(node.call('late.c'))).toBe('c');
    expect((await world.failure(node.call('late.a'))).tag).toBe('service_not_found');
  });
});

test('a result that cannot be sent is told by the same path here and over a connection', async () => {
  const world = meshWorld();
  const { node, client } = await pair(world);
  await node.advertise('m.bad', ({ at }: { at: string }) =>
    at === 'x' ? { x: () => 1 } : at === 'result' ? { result: [{ y: Symbol('y') }] } : () => 1,
  );
  for (const at of ['x', 'result', 'top']) {
    const [here, there] = [
      await world.failure(node.call('m.bad', { at })),
      await world.failure(client.call('m.bad', { at })),
    ];
    expect(there).toEqual(here);
    expect(here).toMatchObject({ path: { x: '$.x', result: '$.result[0].y', top: '$' }[at] });
  }
});

function hostOf(client: Parameters<typeof contextOf>[0]): string {
  const endpoint = contextOf(client).scope.shared<{ local: { host: string } }>('endpoint');
  if (endpoint === undefined) throw new Error('no endpoint');
  return endpoint.local.host;
}
