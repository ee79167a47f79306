/**
 * The promises of the client API, proven on both paths: a local client of the node, and a client that serves
 * while another one calls, each over its own connection.
 */
import { describe, expect, test } from 'vitest';
import { reply } from '../../../src/otp/result.ts';
import { startServer, type GenServer } from '../../../src/otp/gen-server.ts';
import { worker } from '../../../src/otp/supervisor.ts';
import { err, isNotFound, type RpcError } from '../../../src/mesh/errors/rpc-error.ts';
import { isRetryable } from '../../../src/mesh/errors/rpc-failure.ts';
import { server } from '../../../src/mesh/handlers/server-handler.ts';
import type { Client } from '../../../src/mesh/client/client.ts';
import type { HandlerContext } from '../../../src/mesh/handlers/handler.ts';
import { connectLocal } from '../../../src/index.ts';
import { closeAtEnd, contextOf, gate, meshWorld, runtimeOf, told, type MeshWorld } from '../../mesh-world.ts';

interface Sides {
  readonly world: MeshWorld;
  readonly provider: Client;
  readonly caller: Client;
  /** Hex id that the provider must see as the caller's. */
  readonly callerId: string;
  readonly remote: boolean;
}

const SETUPS: Readonly<Record<string, (world: MeshWorld) => Promise<Omit<Sides, 'world'>>>> = {
  'two local clients of one node': async (world) => {
    const node = await world.node();
    const [provider, caller] = [connectLocal(node), connectLocal(node)];
    closeAtEnd(world, node);
    return { provider, caller, callerId: node.id, remote: false };
  },
  'a node and itself': async (world) => {
    const node = await world.node();
    closeAtEnd(world, node);
    return { provider: node, caller: node, callerId: node.id, remote: false };
  },
  'a client and its own procedure': async (world) => {
    const node = await world.node();
    const client = await world.client(node);
    closeAtEnd(world, client, node);
    return { provider: client, caller: client, callerId: client.id, remote: false };
  },
  'client to node': async (world) => {
    const node = await world.node();
    const client = await world.client(node);
    closeAtEnd(world, client, node);
    return { provider: node, caller: client, callerId: client.id, remote: true };
  },
  'node to client': async (world) => {
    const node = await world.node();
    const client = await world.client(node);
    closeAtEnd(world, client, node);
    return { provider: client, caller: node, callerId: node.id, remote: true };
  },
  'client to client through the node': async (world) => {
    const node = await world.node();
    const provider = await world.client(node);
    const caller = await world.client(node);
    closeAtEnd(world, provider, caller, node);
    return { provider, caller, callerId: caller.id, remote: true };
  },
};

describe.each(Object.entries(SETUPS))('%s', (name, setup) => {
  const sides = async (): Promise<Sides> => {
    const world = meshWorld();
    return { world, ...(await setup(world)) };
  };

  test('a returned value, a promised value and a thenable are the success', async () => {
    const { world, provider, caller } = await sides();
    await world.settle(provider.advertise('m.sync', ({ a, b }: { a: number; b: number }) => a + b));
    await world.settle(provider.advertise('m.promise', async () => ({ yes: true })));
    // eslint-disable-next-line unicorn/no-thenable
    await world.settle(
      provider.advertise('m.thenable', () => ({ then: (done: (value: number) => void) => done(7) })),
    );
    expect(await world.settle(caller.call('m.sync', { a: 1, b: 2 }))).toBe(3);
    expect(await world.settle(caller.call('m.promise'))).toEqual({ yes: true });
    expect(await world.settle(caller.call('m.thenable'))).toBe(7);
  });

  test('err(reason) is handler_error with any reason that can be encoded', async () => {
    const { world, provider, caller } = await sides();
    const reasons = ['plain', 42, null, { nested: [1, { two: 2n ** 60n }] }, '😀'.repeat(600)];
    await world.settle(provider.advertise('m.err', ({ at }: { at: number }) => err(reasons[at])));
    for (const [at, reason] of reasons.entries()) {
      expect(await world.failure(caller.call('m.err', { at }))).toEqual({ tag: 'handler_error', reason });
    }
  });

  test('a reason or result that cannot be encoded is unencodable, and says where', async () => {
    const { world, provider, caller } = await sides();
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    await world.settle(
      provider.advertise('m.bad', ({ what }: { what: string }) => {
        if (what === 'reason') return err({ fn: () => 1 });
        if (what === 'getter')
          return {
            get a(): never {
              throw new Error('no');
            },
          };
        return what === 'cycle' ? circle : new Map();
      }),
    );
    expect(await world.failure(caller.call('m.bad', { what: 'reason' }))).toEqual({
      tag: 'unencodable',
      path: '$.fn',
      detail: 'error reason: function',
    });
    for (const what of ['cycle', 'map', 'getter']) {
      expect((await world.failure(caller.call('m.bad', { what }))).tag).toBe('unencodable');
    }
  });

  test('every way to crash is handler_crash with an id that is in the log of the provider', async () => {
    const { world, provider, caller, remote } = await sides();
    await world.settle(provider.advertise('m.crash', ({ how }: { how: number }) => CRASHES[how]?.()));
    for (const how of CRASHES.keys()) {
      const result = await world.settle(caller.tryCall('m.crash', { how }));
      if (result.ok) throw new Error(`crash ${how} gave ${String(result.value)}`);
      const { failure, cause } = result.error;
      if (failure.tag !== 'handler_crash') throw new Error(`crash ${how} gave ${failure.tag}`);
      expect(failure).toEqual({ tag: 'handler_crash', id: failure.id, reason: 'error' });
      const report = world.reports.findLast((entry) => entry.tag === 'crash');
      expect(report?.tag === 'crash' && report.id).toBe(failure.id);
      if (remote) expect(cause).toBe(undefined);
      else expect(report?.tag === 'crash' && Object.is(report.reason, cause)).toBe(true);
    }
  });

  test('args are frozen, plain, and the same as sent; undefined is null; omitted is {}', async () => {
    const { world, provider, caller } = await sides();
    const seen: unknown[] = [];
    await world.settle(
      provider.advertise('m.args', (args: Record<string, unknown>) => {
        seen.push(args);
        expect(() => {
          args['x'] = 1;
        }).toThrow(TypeError);
        return args;
      }),
    );
    const args = {
      text: 'é😀',
      gone: undefined,
      list: [undefined, 1.5, -0.5, [{}]],
      big: 2n ** 63n,
      small: 7n,
      bytes: Buffer.from('abc'),
      constructor: 1,
      nested: Object.assign(Object.create(null), { a: 1 }) as object,
    };
    const expected = {
      text: 'é😀',
      gone: null,
      list: [null, 1.5, -0.5, [{}]],
      big: 2n ** 63n,
      small: 7,
      bytes: new Uint8Array([97, 98, 99]),
      constructor: 1,
      nested: { a: 1 },
    };
    const result = await world.settle(caller.call('m.args', args));
    expect(result).toEqual(expected);
    expect(seen[0]).toEqual(expected);
    expect(Object.isFrozen(result) && Object.isFrozen((seen[0] as typeof expected).list)).toBe(true);
    expect(await world.settle(caller.call('m.args'))).toEqual({});
  });

  test('the context says who called, what, until when, with which trace, in a process of its own', async () => {
    const { world, provider, caller, callerId, remote } = await sides();
    let context: HandlerContext | undefined;
    await world.settle(
      provider.advertise('m.context', (_args, given) => {
        context = given;
        return [given.timeLeft, given.deadline, String(given.self.pid)];
      }),
    );
    const trace = {
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      tracestate: 'a=b',
    };
    const before = world.clock.wall();
    const first = (await world.settle(caller.call('m.context', {}, { timeout: 3_000, trace }))) as [
      number,
      number,
      string,
    ];
    const second = (await world.settle(caller.call('m.context'))) as [number, number, string];
    expect(context?.procedure).toBe('m.context');
    expect(first[0]).toBeGreaterThan(2_900);
    expect(first[0]).toBeLessThanOrEqual(3_000);
    expect(first[1]).toBeLessThanOrEqual(before + 3_010);
    expect(first[2]).not.toBe(second[2]);
    expect(context?.caller).toEqual({ nodeId: callerId, local: !remote });
    expect(context?.trace).toBe(undefined);
    let seen: unknown;
    await world.settle(
      provider.advertise('m.trace', (_args, given) => {
        seen = given.trace;
      }),
    );
    expect(await world.settle(caller.call('m.trace', {}, { trace }))).toBe(null);
    expect(seen).toEqual(trace);
  });

  test('one total deadline: timeout comes on time, aborts the handler and leaves nothing', async () => {
    const { world, provider, caller } = await sides();
    const aborted: number[] = [];
    await world.settle(
      provider.advertise('m.slow', (_args, { signal }) => {
        signal.addEventListener('abort', () => aborted.push(world.clock.now()));
        return new Promise(() => undefined);
      }),
    );
    const start = world.clock.now();
    const failure = await world.failure(caller.call('m.slow', {}, { timeout: 800 }));
    expect(failure).toEqual({ tag: 'timeout', timeout: 800, sent: true });
    expect(world.clock.now() - start).toBeLessThanOrEqual(802);
    expect(world.clock.now() - start).toBeGreaterThanOrEqual(800);
    await world.clock.advance(10);
    expect(aborted.length).toBe(1);
    expect(Math.abs((aborted[0] ?? 0) - start - 800)).toBeLessThanOrEqual(5);
  });

  test("the caller's signal aborts the handler's signal, and the call is canceled", async () => {
    const { world, provider, caller } = await sides();
    const begun = gate();
    let aborted = false;
    await world.settle(
      provider.advertise('m.wait', (_args, { signal }) => {
        begun.open();
        return new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            aborted = true;
            resolve('too late');
          });
        });
      }),
    );
    const control = new AbortController();
    const call = caller.call('m.wait', {}, { signal: control.signal });
    await world.settle(begun.promise);
    control.abort(new Error('enough'));
    expect(await world.failure(call)).toEqual({ tag: 'canceled' });
    await world.clock.advance(10);
    expect(aborted).toBe(true);
    expect(await world.failure(caller.call('m.wait', {}, { signal: AbortSignal.abort() }))).toEqual({
      tag: 'canceled',
      detail: 'aborted before the call',
    });
  });

  test('admission: 64 run, 256 wait in order, the rest is overloaded; places come back', async () => {
    const { world, provider, caller } = await sides();
    const gates: (() => void)[] = [];
    const order: number[] = [];
    await world.settle(
      provider.advertise('m.held', ({ n }: { n: number }) => {
        order.push(n);
        return new Promise<number>((resolve) => gates.push(() => resolve(n)));
      }),
    );
    const results = Array.from({ length: 400 }, (_, n) =>
      caller.tryCall('m.held', { n }, { timeout: 60_000 }),
    );
    await world.clock.advance(50);
    expect(gates.length).toBe(64);
    for (let at = 0; at < gates.length; at++) {
      gates[at]?.();
      if (at % 64 === 63) await world.clock.advance(10);
    }
    while (gates.length < 320) await world.clock.advance(5);
    for (const open of gates) open();
    const outcomes = (await world.settle(Promise.all(results))).map(told);
    expect(outcomes.slice(0, 320)).toEqual(Array.from({ length: 320 }, (_, n) => n));
    expect(new Set(outcomes.slice(320))).toEqual(new Set(['overloaded']));
    expect(order).toEqual(Array.from({ length: 320 }, (_, n) => n));
  });

  test('a GenServer answers: value, err(reason), crash, full mailbox, and it is restarted', async () => {
    const { world, provider, caller } = await sides();
    await world.settle(provider.advertise('counter.add', server(worker('counter', counter, 10))));
    expect(await world.settle(caller.call('counter.add', { by: 5 }))).toBe(15);
    expect(await world.failure(caller.call('counter.add', { by: -1 }))).toEqual({
      tag: 'handler_error',
      reason: { negative: -1 },
    });
    expect((await world.failure(caller.call('counter.add', { by: 0 }))).tag).toBe('handler_crash');
    expect(await world.settle(caller.call('counter.add', { by: 1 }))).toBe(11);
    const ref = await world.settle(startServer(runtimeOf(provider), counter, 100));
    await world.settle(provider.advertise('shared.add', server(ref)));
    expect(await world.settle(caller.call('shared.add', { by: 1 }))).toBe(101);
    runtimeOf(provider).exit(ref.pid!, 'kill');
    expect(await world.failure(caller.call('shared.add', { by: 1 }))).toMatchObject({
      tag: 'connection_error',
      sent: false,
    });
  });

  test('nobody serves it: promptly not found, which isNotFound knows and may be tried later', async () => {
    const { world, provider, caller } = await sides();
    const start = world.clock.now();
    const error = (await world.rejection(caller.call('no.body'))) as RpcError;
    expect(isNotFound(error)).toBe(true);
    expect([error.failure.tag, error.retryable, error.procedure]).toEqual([
      'service_not_found',
      true,
      'no.body',
    ]);
    expect(isRetryable(error.failure)).toBe(true);
    expect(world.clock.now() - start).toBeLessThan(20);
    const ad = await world.settle(provider.advertise('no.body', () => 1));
    expect(await world.settle(caller.call('no.body'))).toBe(1);
    await world.settle(ad.unadvertise());
    expect(isNotFound(await world.rejection(caller.call('no.body')))).toBe(true);
  });

  test('a second advertise replaces: running calls finish, the old handle does nothing', async () => {
    const { world, provider, caller } = await sides();
    const held = gate<string>();
    const old = await world.settle(provider.advertise('m.twice', () => held.promise));
    const running = caller.call('m.twice');
    await world.clock.advance(10);
    const fresh = await world.settle(provider.advertise('m.twice', () => 'new'));
    expect(fresh.id).not.toBe(old.id);
    expect(await world.settle(caller.call('m.twice'))).toBe('new');
    await world.settle(old.unadvertise());
    await world.settle(provider.unadvertise(old));
    expect(await world.settle(caller.call('m.twice'))).toBe('new');
    held.open('old');
    expect(await world.settle(running)).toBe('old');
    await world.settle(provider.unadvertise('m.twice'));
    await world.settle(fresh.unadvertise());
    await world.settle(provider.unadvertise('m.twice'));
    expect(isNotFound(await world.rejection(caller.call('m.twice')))).toBe(true);
  });

  test('unadvertise lets running calls finish, also those of a server that goes with it', async () => {
    const { world, provider, caller } = await sides();
    const held = gate<number>();
    const slow: GenServer<undefined, null, { get(): number }> = {
      label: 'slow',
      init: () => null,
      handleCall: { get: async (_none, state) => reply(await held.promise, state) },
    };
    await world.settle(provider.advertise('m.handler', () => held.promise));
    await world.settle(provider.advertise('m.get', server(worker('slow', slow, undefined))));
    const calls = [caller.call('m.handler'), caller.call('m.get')];
    await world.clock.advance(10);
    await world.settle(provider.unadvertise('m.handler'));
    await world.settle(provider.unadvertise('m.get'));
    held.open(9);
    expect(await world.settle(Promise.all(calls))).toEqual([9, 9]);
    await world.clock.advance(10);
    expect(labels(provider)).not.toContain('slow');
  });

  test('authorize decides per caller; whatever is not true refuses', async () => {
    const { world, provider, caller, callerId } = await sides();
    const seen: unknown[] = [];
    const verdicts: (() => unknown)[] = [
      () => true,
      async () => true,
      () => false,
      () => 'yes',
      () => {
        throw new Error('no idea');
      },
      () => Promise.reject(new Error('no idea')),
    ];
    let verdict: () => unknown = () => true;
    await world.settle(
      provider.advertise('m.guarded', () => 'in', {
        authorize: (who) => {
          seen.push(who.nodeId);
          return verdict() as boolean;
        },
      }),
    );
    const outcomes: unknown[] = [];
    for (verdict of verdicts) outcomes.push(told(await world.settle(caller.tryCall('m.guarded'))));
    expect(outcomes).toEqual(['in', 'in', ...Array.from({ length: 4 }, () => 'unauthorized')]);
    expect(new Set(seen)).toEqual(new Set([callerId]));
  });

  test('a handler calls through its own client; budgets add up to one', async () => {
    const { world, provider, caller } = await sides();
    await world.settle(provider.advertise('m.inner', (_a, { timeLeft }) => timeLeft));
    await world.settle(
      provider.advertise('m.outer', async (_a, { timeLeft }) => [
        timeLeft,
        await provider.call('m.inner', {}, { timeout: timeLeft }),
      ]),
    );
    const [outer, inner] = (await world.settle(caller.call('m.outer', {}, { timeout: 1_000 }))) as [
      number,
      number,
    ];
    expect(outer).toBeLessThanOrEqual(1_000);
    expect(inner).toBeLessThanOrEqual(outer);
    expect(inner).toBeGreaterThan(900);
  });

  test('results of 100 KiB come back whole, 300 times over', async () => {
    const { world, provider, caller } = await sides();
    await world.settle(
      provider.advertise('m.echo', ({ n, body }: { n: number; body?: string }) => ({
        n,
        body: body ?? 'x'.repeat(102_400),
      })),
    );
    for (let n = 0; n < 300; n++) {
      const large = n % 10 === 0 ? { n, body: 'y'.repeat(102_400) } : { n };
      const result = (await world.settle(caller.call('m.echo', large))) as { n: number; body: string };
      expect([result.n, result.body.length]).toEqual([n, 102_400]);
    }
  });

  test('args and results over maxBody are frame_too_large', async () => {
    const { world, provider, caller } = await sides();
    const most = 1_048_576;
    await world.settle(provider.advertise('m.large', ({ n }: { n: number }) => 'x'.repeat(n)));
    const limit = { tag: 'frame_too_large', limit: most };
    expect(await world.failure(caller.call('m.large', { n: 1, pad: 'x'.repeat(most) }))).toEqual(limit);
    expect(await world.failure(caller.call('m.large', { n: most + 1 }))).toEqual(limit);
    expect(((await world.settle(caller.call('m.large', { n: most - 300 }))) as string).length).toBe(
      most - 300,
    );
  });

  test('what a value may be is the same on every path, up to the deepest level', async () => {
    const { world, provider, caller } = await sides();
    const deep = (levels: number): unknown => (levels === 0 ? 1 : { d: deep(levels - 1) });
    await world.settle(provider.advertise('m.deep', (args: { d: unknown }) => args));
    await world.settle(provider.advertise('m.why', ({ levels }: { levels: number }) => err(deep(levels))));
    expect(
      told(await world.settle(caller.tryCall('m.deep', deep(31) as object as Record<string, unknown>))),
    ).toEqual(deep(31));
    expect(told(await world.settle(caller.tryCall('m.deep', deep(32) as Record<string, unknown>)))).toBe(
      'unencodable',
    );
    expect(told(await world.settle(caller.tryCall('m.why', { levels: 29 })))).toBe('handler_error');
    expect(told(await world.settle(caller.tryCall('m.why', { levels: 30 })))).toBe('unencodable');
  });

  const storm = name === 'a node and itself' || name.startsWith('client to client') ? 10_000 : 1_000;
  test(`${storm} calls of which 30 % crash in every way leave nothing behind`, async () => {
    const { world, provider, caller } = await sides();
    let crashed = 0;
    await world.settle(
      provider.advertise(
        'm.storm',
        ({ n }: { n: number }) => {
          if (n % 10 < 3) {
            crashed++;
            return CRASHES[n % CRASHES.length]?.();
          }
          return n % 2 === 0 ? n : Promise.resolve(n);
        },
        { limits: { maxConcurrent: 10_000, maxQueue: 0 } },
      ),
    );
    await world.clock.advance(100);
    const before = [provider, caller].map(rest);
    let wrong = 0;
    for (let batch = 0; batch < storm; batch += 1_000) {
      const results = await world.settle(
        Promise.all(Array.from({ length: 1_000 }, (_, at) => caller.tryCall('m.storm', { n: batch + at }))),
      );
      for (const [at, result] of results.entries()) {
        const n = batch + at;
        if (told(result) !== (n % 10 < 3 ? 'handler_crash' : n)) wrong++;
      }
    }
    expect(wrong).toBe(0);
    expect(crashed).toBe(storm * 0.3);
    await world.clock.advance(6_000);
    expect([provider, caller].map(rest)).toEqual(before);
  });
});

const rest = (client: Client): unknown => ({
  alive: runtimeOf(client).alive,
  timers: runtimeOf(client).timers.size,
  calls: contextOf(client).calls.size,
  late: contextOf(client).counters.lateReplies,
});

const labels = (client: Client): string[] => {
  const found: string[] = [];
  const walk = (node: { firstChild: unknown }): void => {
    for (
      let child = node.firstChild as { label: string; firstChild: unknown; nextSibling: unknown } | null;
      child !== null;
      child = child.nextSibling as typeof child
    ) {
      found.push(child.label);
      walk(child);
    }
  };
  walk(runtimeOf(client));
  return found;
};

const counter: GenServer<number, number, { add(args: { by: number }): unknown }> = {
  label: 'counter',
  init: (start) => start,
  handleCall: {
    add: ({ by }, total) => {
      if (by === 0) throw new Error('nothing to add');
      return by < 0 ? reply(err({ negative: by }), total) : reply(total + by, total + by);
    },
  },
};

const hostile = (): object => {
  const trap = (): never => {
    throw new Error('do not touch');
  };
  const traps = Object.fromEntries(Object.getOwnPropertyNames(Reflect).map((name) => [name, trap]));
  return new Proxy({}, traps);
};

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

function raise(what: unknown): never {
  throw what;
}

/** Everything a handler may do to end badly. */
const CRASHES: readonly (() => unknown)[] = [
  () => raise(new Error('sync')),
  () => Promise.reject(new Error('async')),
  async () => {
    await Promise.resolve();
    raise(new Error('later'));
  },
  () => raise(null),
  () => raise(undefined),
  () => raise('a string'),
  () => raise(42n),
  () => raise(Symbol('s')),
  () =>
    raise({
      get message(): never {
        return raise(new Error('getter'));
      },
    }),
  () => raise(hostile()),
  () => raise(revoked()),
  () => Promise.reject(hostile()),
  () => Promise.reject(revoked()),
  // eslint-disable-next-line unicorn/no-thenable
  () => ({ then: () => raise(new Error('in then')) }),
  // eslint-disable-next-line unicorn/no-thenable
  () => ({
    get then(): never {
      return raise(new Error('no then'));
    },
  }),
  // eslint-disable-next-line unicorn/no-thenable
  () => ({
    then: (_ok: unknown, no: (why: unknown) => void) => {
      no(new Error('first'));
      raise(new Error('second'));
    },
  }),
  () => hostile(),
  () => revoked(),
  async () => hostile(),
  () => raise(Object.assign(new Error('x'), { stack: hostile() })),
];
