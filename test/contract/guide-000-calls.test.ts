/**
 * Guide 000, calling, errors and performance: one test per built row of docs/from-macula.md, in its order.
 */
import { expect, test } from 'vitest';
import { createRuntime } from '../../src/otp.ts';
import {
  connect,
  connectLocal,
  err,
  isNotFound,
  RpcError,
  startNode,
  type Client,
  type RpcFailure,
  type RpcFailureTag,
} from '../../src/index.ts';
import { memoryNetwork, seededRandom, silentLogger, virtualClock } from '../../src/testing.ts';
import { contextOf } from '../mesh-world.ts';
import { rawPeer } from '../mesh/raw-peer.ts';
import { forever, onBothPaths, openMesh, traffic } from './mesh.ts';

interface Numbers {
  readonly a: number;
  readonly b: number;
}

const add = ({ a, b }: Numbers): object => ({ result: a + b });

const hostOf = (client: Client): string =>
  contextOf(client).scope.shared<{ local: { host: string } }>('endpoint')?.local.host ?? '';

// --- calling --------------------------------------------------------------------------------------------------

test('000-call-example: call myapp.user.get with a user id', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    await world.settle(
      provider.advertise('myapp.user.get', ({ user_id }: { user_id: string }) => ({
        user_id,
        name: 'Alice',
      })),
    );
    expect(await world.settle(caller.call('myapp.user.get', { user_id: 'user-123' }))).toEqual({
      user_id: 'user-123',
      name: 'Alice',
    });
  });
});

test('000-call-example-elixir: the same line; tryCall gives the same value beside ok', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    await world.settle(provider.advertise('myapp.user.get', (args) => args));
    const result = await world.settle(caller.tryCall('myapp.user.get', { user_id: 'user-123' }));
    expect(result).toMatchObject({ ok: true, value: { user_id: 'user-123' } });
  });
});

test('000-call-timeout: one total budget from 1 to 2^31-1 ms, the rest of it travels to the provider', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    const left: number[] = [];
    await world.settle(
      provider.advertise('slow.operation', async (_args, { timeLeft }) => {
        left.push(timeLeft);
        await new Promise<void>((resolve) => {
          world.clock.setTimer(20_000, resolve);
        });
        return 'done';
      }),
    );
    expect(await world.settle(caller.call('slow.operation', { data: 1 }, { timeout: 30_000 }))).toBe('done');
    expect(left[0]).toBeGreaterThan(29_900);
    expect(left[0]).toBeLessThanOrEqual(30_000);
    expect(await world.failure(caller.call('slow.operation', {}, { timeout: 10_000 }))).toEqual({
      tag: 'timeout',
      timeout: 10_000,
      sent: true,
    });
    await world.settle(provider.advertise('fast.operation', () => 'fast'));
    expect(await world.settle(caller.call('fast.operation', {}, { timeout: 2_147_483_647 }))).toBe('fast');
    for (const timeout of [0, -1, 0.5, 2_147_483_648, Infinity, NaN, '5000']) {
      const refused = await traffic(world, () =>
        caller.tryCall('fast.operation', {}, { timeout: timeout as number }),
      );
      expect(refused).toMatchObject({
        sent: false,
        value: { error: { failure: { tag: 'invalid_args', field: 'timeout' } } },
      });
    }
  });
});

test('000-call-timeout-default: 5,000 ms', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    await world.settle(provider.advertise('slow.operation', forever));
    const start = world.clock.now();
    expect(await world.failure(caller.call('slow.operation'))).toEqual({
      tag: 'timeout',
      timeout: 5_000,
      sent: true,
    });
    expect(world.clock.now() - start).toBe(5_000);
  });
});

test('000-call-local-example: calc.add advertised and called on one client gives 15, without the network', async () => {
  const { world, node, alice } = await openMesh();
  for (const client of [alice, node, connectLocal(node)]) {
    await world.settle(client.advertise('calc.add', add));
    const answer = await traffic(world, () => client.call('calc.add', { a: 10, b: 5 }));
    expect(answer).toEqual({ value: { result: 15 }, sent: false });
    await world.settle(client.unadvertise('calc.add'));
  }
});

test('000-call-local-self-service: a handler may call through its own client', async () => {
  await onBothPaths(async ({ world, provider, caller, remote }) => {
    await world.settle(provider.advertise('calc.add', add));
    let nearby = true;
    await world.settle(
      provider.advertise('calc.twice', async (args: Record<string, unknown>) => {
        const before = world.network.trace();
        const sums = await Promise.all([provider.call('calc.add', args), provider.call('calc.add', args)]);
        nearby &&= before === world.network.trace();
        return sums;
      }),
    );
    const { value, sent } = await traffic(world, () => caller.call('calc.twice', { a: 10, b: 5 }));
    expect([value, nearby, sent]).toEqual([[{ result: 15 }, { result: 15 }], true, remote]);
  });
});

test("000-call-local-colocated: clients of one node find each other's procedures", async () => {
  const { world, node, alice, bob } = await openMesh();
  const [one, two] = [connectLocal(node), connectLocal(node)];
  await one.advertise('calc.add', add);
  const near = await traffic(world, () => two.call('calc.add', { a: 10, b: 5 }));
  expect(near).toEqual({ value: { result: 15 }, sent: false });
  expect(await world.settle(alice.call('calc.add', { a: 10, b: 5 }))).toEqual({ result: 15 });
  await world.settle(alice.advertise('calc.subtract', ({ a, b }: Numbers) => ({ result: a - b })));
  expect(await world.settle(bob.call('calc.subtract', { a: 10, b: 5 }))).toEqual({ result: 5 });
  expect(await world.settle(two.call('calc.subtract', { a: 10, b: 5 }))).toEqual({ result: 5 });
});

test('000-call-local-testing: connectLocal, and a whole mesh from espalier/testing', async () => {
  const clock = virtualClock();
  const random = seededRandom('42');
  const network = memoryNetwork({ clock, random });
  const common = (host: string): object => ({
    runtime: createRuntime({ clock, random: random.fork(host), logger: silentLogger }),
    transport: network.transport(host),
    realm: 'test',
  });
  const settled = async <T>(promise: Promise<T>): Promise<T> => {
    let over = false;
    const end = (): void => void (over = true);
    promise.then(end, end);
    await clock.until(() => over);
    return promise;
  };
  const node = await settled(startNode({ ...common('198.18.0.1'), listen: '198.18.0.1:9443' }));
  const client = await settled(connect('https://198.18.0.1:9443', common('198.18.0.2')));
  await node.advertise('calc.add', add);
  expect(await settled(connectLocal(node).call('calc.add', { a: 10, b: 5 }))).toEqual({ result: 15 });
  expect(await settled(client.call('calc.add', { a: 10, b: 5 }))).toEqual({ result: 15 });
  await settled(client.disconnect());
  await settled(node.close());
});

// --- errors ---------------------------------------------------------------------------------------------------

test('000-error-timeout: at the total deadline, with sent; the handler is canceled', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    let aborted = 0;
    await world.settle(
      provider.advertise(
        'slow.operation',
        (_args, { signal }) => {
          signal.addEventListener('abort', () => aborted++);
          return forever();
        },
        { limits: { maxConcurrent: 1 } },
      ),
    );
    const start = world.clock.now();
    const running = caller.call('slow.operation', {}, { timeout: 10_000 });
    expect(await world.failure(running)).toEqual({ tag: 'timeout', timeout: 10_000, sent: true });
    expect(world.clock.now() - start).toBe(10_000);
    await world.clock.advance(10);
    expect(aborted).toBe(1);
  });
  // one that only waited for its turn says so
  const { world, node } = await openMesh();
  await node.advertise('slow.operation', forever, { limits: { maxConcurrent: 1 } });
  const calls = [10_000, 1_000].map((timeout) => node.tryCall('slow.operation', {}, { timeout }));
  const [first, waiting] = await world.settle(Promise.all(calls));
  expect(first).toMatchObject({ error: { failure: { tag: 'timeout', sent: true } } });
  expect(waiting).toMatchObject({ error: { failure: { tag: 'timeout', timeout: 1_000, sent: false } } });
});

test('000-error-service-not-found: promptly; isNotFound covers procedure_not_found and no_handler too', async () => {
  await onBothPaths(async ({ world, caller }) => {
    const start = world.clock.now();
    const error = await world.rejection(caller.call('no.body'));
    expect(error).toMatchObject({ failure: { tag: 'service_not_found' } });
    expect(world.clock.now() - start).toBeLessThan(20);
    expect(isNotFound(error)).toBe(true);
  });
  for (const tag of ['procedure_not_found', 'no_handler'] as const) {
    expect(isNotFound(new RpcError({ tag }))).toBe(true);
  }
  expect(isNotFound(new RpcError({ tag: 'canceled' }))).toBe(false);
});

test('000-error-handler-error: with the reason of the handler, any value that can be encoded', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    const reasons = ['not_found', 7, null, ['a', 1], { validation: { email: 'missing' } }];
    await world.settle(provider.advertise('m.fail', ({ at }: { at: number }) => err(reasons[at])));
    for (const [at, reason] of reasons.entries()) {
      expect(await world.failure(caller.call('m.fail', { at }))).toEqual({ tag: 'handler_error', reason });
    }
  });
});

test('000-error-handler-crash: local callers get the thrown value; remote ones text only with crashDetails', async () => {
  for (const crashDetails of [false, true]) {
    await onBothPaths(
      async ({ world, provider, caller, remote }) => {
        const thrown = new TypeError('no such row');
        await world.settle(
          provider.advertise('m.crash', () => {
            throw thrown;
          }),
        );
        const error = (await world.rejection(caller.call('m.crash'))) as RpcError;
        expect(error.failure).toEqual({
          tag: 'handler_crash',
          id: expect.any(String) as string,
          reason: 'error',
          ...(crashDetails ? { detail: 'TypeError: no such row' } : {}),
        });
        expect(error.cause).toBe(remote ? undefined : thrown);
      },
      { clients: { crashDetails }, node: { crashDetails } },
    );
  }
});

test('000-error-connection-error: sent says whether the request may have been executed', async () => {
  const { world, node, alice } = await openMesh();
  let runs = 0;
  await node.advertise('m.held', () => {
    runs++;
    return forever();
  });
  const call = alice.call('m.held');
  await world.clock.advance(10);
  world.network.faults.reset(hostOf(alice), hostOf(node));
  const lost = await world.failure(call);
  expect(lost).toEqual({ tag: 'connection_error', sent: true, detail: expect.any(String) as string });
  const unsent = await world.failure(alice.call('m.held'));
  expect(unsent).toEqual({ tag: 'connection_error', sent: false, detail: expect.any(String) as string });
  expect(runs).toBe(1);
});

/** The union, complete: the compiler refuses a missing tag, and one too many. */
const TAGS: Readonly<Record<RpcFailureTag, true>> = {
  timeout: true,
  service_not_found: true,
  handler_error: true,
  handler_crash: true,
  connection_error: true,
  no_handler: true,
  procedure_not_found: true,
  cross_relay_error: true,
  overloaded: true,
  canceled: true,
  unauthorized: true,
  frame_too_large: true,
  invalid_args: true,
  unencodable: true,
  protocol_error: true,
};

test('000-error-other: a closed union; an unknown code becomes handler_error and is kept', async () => {
  const { world, node, alice } = await openMesh();
  const peer = await (await rawPeer(world, node)).greeted();
  peer.channels.control.send('register_procedure', { request_id: peer.id(), procedure: 'raw.fail' });
  await world.clock.until(() => peer.channels.control.of('registered').length > 0);
  const { rpc } = peer.channels;
  const answered = async (code: string): Promise<RpcFailure> => {
    const seen = rpc.of('call').length;
    const call = alice.call('raw.fail');
    await world.clock.until(() => rpc.of('call').length > seen);
    const { call_id } = rpc.of('call').at(-1) ?? expect.fail('no call');
    rpc.send('reply', { call_id, error: { code, message: 'of another version' } });
    return world.failure(call);
  };
  expect(await answered('rate_limited')).toEqual({
    tag: 'handler_error',
    reason: 'of another version',
    code: 'rate_limited',
  });
  for (const tag of Object.keys(TAGS)) {
    // the one that never travels closes a stream instead
    if (tag !== 'protocol_error') expect((await answered(tag)).tag).toBe(tag);
  }
});

/** What the guide does in each branch; the compiler wants them all. */
function branch({ tag }: RpcFailure): string {
  switch (tag) {
    case 'timeout':
      return 'timeout';
    case 'service_not_found':
    case 'procedure_not_found':
    case 'no_handler':
      return 'unavailable';
    case 'handler_error':
      return 'business_logic_error';
    case 'handler_crash':
      return 'internal_error';
    case 'connection_error':
    case 'cross_relay_error':
      return 'network_error';
    case 'overloaded':
    case 'canceled':
    case 'unauthorized':
    case 'frame_too_large':
    case 'invalid_args':
    case 'unencodable':
    case 'protocol_error':
      return 'unknown_error';
  }
}

test('000-error-example: one branch per error, by error.failure.tag', async () => {
  await onBothPaths(async ({ world, provider, caller, alice, node, remote }) => {
    await world.settle(provider.advertise('m.error', () => err('why')));
    await world.settle(
      provider.advertise('m.crash', () => {
        throw new Error('bug');
      }),
    );
    await world.settle(provider.advertise('m.slow', forever));
    const taken = async (procedure: string): Promise<string> => {
      try {
        return String(await world.settle(caller.call(procedure, {}, { timeout: 1_000 })));
      } catch (error) {
        return error instanceof RpcError ? branch(error.failure) : 'not ours';
      }
    };
    expect(await taken('m.error')).toBe('business_logic_error');
    expect(await taken('m.crash')).toBe('internal_error');
    expect(await taken('m.slow')).toBe('timeout');
    expect(await taken('no.body')).toBe('unavailable');
    expect(await taken('bad-name')).toBe('unknown_error');
    if (!remote) return;
    world.network.faults.reset(hostOf(caller), hostOf(node));
    await world.clock.settle();
    expect(await taken('m.error')).toBe('network_error');
    expect(alice.id).toBe(provider.id);
  });
});

// --- performance and provider selection -----------------------------------------------------------------------

test('000-perf-local-first: a handler of its own is asked before any other', async () => {
  const { world, node, alice, bob } = await openMesh();
  await node.advertise('weather.get', () => 'node');
  await world.settle(bob.advertise('weather.get', () => 'bob'));
  await world.settle(alice.advertise('weather.get', () => 'alice'));
  for (let n = 0; n < 20; n++) {
    const answer = await traffic(world, () => alice.call('weather.get'));
    expect(answer).toEqual({ value: 'alice', sent: false });
  }
});

test('000-degraded-local: without the network local services still answer', async () => {
  const { world, node, alice } = await openMesh();
  await node.advertise('calc.add', add);
  await world.settle(alice.advertise('calc.add', add));
  world.network.faults.cut(hostOf(alice), hostOf(node));
  await world.clock.advance(60_000);
  expect((await world.failure(alice.call('no.body'))).tag).toBe('connection_error');
  for (const client of [alice, node, connectLocal(node)]) {
    const start = world.clock.now();
    expect(await world.settle(client.call('calc.add', { a: 10, b: 5 }))).toEqual({ result: 15 });
    expect(world.clock.now()).toBe(start);
  }
});
