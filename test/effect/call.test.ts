import * as Effect from 'effect/Effect';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { exit } from '../../src/actor/exit-reason.ts';
import { NameScope } from '../../src/actor/names.ts';
import { RemoteName } from '../../src/actor/pid.ts';
import type { Process } from '../../src/actor/process.ts';
import type { Runtime } from '../../src/actor/runtime.ts';
import {
  Actor,
  awaitExit,
  call,
  cast,
  effectWorker,
  send,
  startActor,
  startServer,
  type CallError,
} from '../../src/effect.ts';
import { noReply, reply, startServer as startPlain, type From, type GenServer } from '../../src/otp.ts';
import { ServerRef } from '../../src/otp/server-ref.ts';
import { startSupervisor } from '../../src/otp/supervisor.ts';
import { effectWorld, failureOf } from './world.ts';

interface Calls {
  add(amount: number): number;
  never(): number;
  exit(reason: unknown): number;
}
interface Casts {
  put(total: number): void;
}

/** Adds up; `held` are the calls it owes an answer. */
function counter(held: From[] = []): GenServer<number, number, Calls, Casts> {
  return {
    init: (start) => start,
    handleCall: {
      add: (amount, total) => reply(total + amount, total + amount),
      never: (_, total, __, from) => {
        held.push(from);
        return noReply(total);
      },
      exit: (reason) => exit(reason),
    },
    handleCast: { put: (total) => noReply(total) },
    handleInfo: (message, total) => noReply(typeof message === 'number' ? message : total),
  };
}

describe('call', () => {
  test('gives the answer, typed by the server, after what was cast and sent before', async () => {
    const { value } = effectWorld();
    const total = await value(
      Effect.gen(function* () {
        const ref = yield* startServer(counter(), 1);
        expect(yield* cast(ref, 'put', 10)).toBe(true);
        expect(yield* call(ref, 'add', 2)).toBe(12);
        expect(yield* send(ref, 100)).toBe(true);
        const answer = call(ref, 'add', 5);
        expectTypeOf(answer).toEqualTypeOf<Effect.Effect<number, CallError>>();
        return yield* answer;
      }),
    );
    expect(total).toBe(105);
  });

  test('reads the types off handlers, where the server declares none', async () => {
    const { value } = effectWorld();
    const plain = {
      init: () => 7,
      handleCall: { double: (by: number, state: number) => reply(state * by, state) },
    };
    const asked = Effect.flatMap(startServer(plain, undefined), (ref) => call(ref, 'double', 3));
    expectTypeOf<Effect.Success<typeof asked>>().toEqualTypeOf<number>();
    expect(await value(asked)).toBe(21);
  });

  test('NoProc: a name nobody holds, and a process that is dead', async () => {
    const { runtime, run } = effectWorld();
    const free = new ServerRef<Calls, Casts>(runtime, { scope: new NameScope(), name: 'free' });
    expect(failureOf(await run(call(free, 'add', 1)))).toMatchObject({ _tag: 'NoProc', call: 'add' });
    const dead = Effect.gen(function* () {
      const ref = yield* startServer(counter(), 0);
      runtime.exit(ref.pid as Process, 'kill');
      return yield* call(ref, 'add', 1);
    });
    expect(failureOf(await run(dead))).toMatchObject({ _tag: 'NoProc' });
  });

  test('NoConnection: a name on another node; a table of names that throws is a defect', async () => {
    const { runtime, run } = effectWorld();
    const elsewhere = new ServerRef<Calls, Casts>(runtime, new RemoteName('b@host', 'counter'));
    const ended = await run(call(elsewhere, 'add', 1));
    expect(failureOf(ended)).toMatchObject({ _tag: 'NoConnection', call: 'add' });
    const broken = await run(call(throwing(runtime), 'add', 1));
    expect([failureOf(broken), String(broken)]).toEqual([undefined, expect.stringContaining('broken table')]);
  });

  test('CallTimeout: after the timeout of the runtime’s clock, 5,000 ms by default', async () => {
    const { clock, run } = effectWorld();
    const asked = (options?: { readonly timeout: number }) =>
      Effect.flatMap(startServer(counter(), 0), (ref) => call(ref, 'never', undefined, options));
    expect(failureOf(await run(asked()))).toMatchObject({ _tag: 'CallTimeout', timeout: 5_000 });
    expect(clock.now()).toBe(5_000);
    expect(failureOf(await run(asked({ timeout: 20 })))).toMatchObject({ _tag: 'CallTimeout', timeout: 20 });
    expect(clock.now()).toBe(5_020);
  });

  test('an invalid timeout is a defect', async () => {
    const { run } = effectWorld();
    const ended = await run(
      Effect.flatMap(startServer(counter(), 0), (ref) => call(ref, 'add', 1, { timeout: -1 })),
    );
    expect(failureOf(ended)).toBeUndefined();
    expect(String(ended)).toContain('RangeError');
  });

  test('ServerExit: the reason the server died of, even when it is called timeout or noproc', async () => {
    const { run } = effectWorld();
    for (const reason of ['boom', 'timeout', 'noproc', 'noconnection']) {
      const asked = Effect.flatMap(startServer(counter(), 0), (ref) => call(ref, 'exit', reason));
      expect(failureOf(await run(asked))).toMatchObject({ _tag: 'ServerExit', reason });
    }
  });

  test('Overloaded: the mailbox is full', async () => {
    const { run, runtime } = effectWorld();
    const asked = Effect.gen(function* () {
      const ref = yield* startServer(counter(), 0, { mailbox: 1 });
      // the first waits in the mailbox, for nobody has had a turn
      runtime.send(ref.pid as Process, 1);
      return yield* call(ref, 'add', 1);
    });
    expect(failureOf(await run(asked))).toMatchObject({ _tag: 'Overloaded', bound: 'mailbox' });
  });

  test('CallingSelf: an actor that calls itself, at once, in any of its turns', async () => {
    const { clock, run, runtime } = effectWorld();
    const scope = new NameScope();
    const self = new ServerRef<Calls, Casts>(runtime, { scope, name: 'self' });
    const found: unknown[] = [];
    const body = Effect.gen(function* () {
      found.push(yield* Effect.flip(call(self, 'add', 1)));
      yield* Effect.sleep(10);
      found.push(yield* Effect.flip(call(self, 'add', 1, { timeout: Infinity })));
    });
    await run(Effect.flatMap(startActor(body, { name: 'self', scope }), (ref) => awaitExit(ref)));
    expect(clock.now()).toBe(10);
    expect(found).toMatchObject([{ _tag: 'CallingSelf' }, { _tag: 'CallingSelf' }]);
  });

  test('catchTag picks one failure and leaves the others in the type', async () => {
    const { value } = effectWorld();
    const asked = Effect.flatMap(startServer(counter(), 0), (ref) =>
      call(ref, 'never', undefined, { timeout: 1 }).pipe(
        Effect.catchTag('CallTimeout', ({ timeout }) => Effect.succeed(`late after ${timeout}`)),
      ),
    );
    expect(await value(asked)).toBe('late after 1');
  });

  test('a fiber that is interrupted gives its call up: the answer goes nowhere, no timer is left', async () => {
    const { clock, fork, runtime, reports } = effectWorld();
    const held: From[] = [];
    const ref = await startPlain(runtime, counter(held), 0);
    const fiber = fork(call(ref, 'never', undefined));
    await clock.settle();
    expect(held).toMatchObject([{ settled: false }]);
    expect(runtime.timers.size).toBe(1);
    fiber.interruptUnsafe();
    await clock.settle();
    expect(held).toMatchObject([{ settled: true }]);
    expect(runtime.timers.size).toBe(0);
    expect(runtime.alive).toBe(1);
    expect(reports).toEqual([]);
  });

  test('3,000 actors that call each other in a ring need no stack', async () => {
    const { runtime } = effectWorld();
    const scope = new NameScope();
    const size = 3_000;
    const member = (at: number) =>
      Effect.gen(function* () {
        const { receive } = yield* Actor;
        const next = new ServerRef(runtime, { scope, name: `m${at + 1}` });
        for (;;) {
          const message = yield* receive;
          if (message._tag !== 'Call') continue;
          const sum = at + 1 === size ? 0 : yield* call(next, 'sum', undefined, { timeout: Infinity });
          message.from.reply((sum as number) + 1);
        }
      });
    await startSupervisor(runtime, {
      children: Array.from({ length: size }, (_, at) => effectWorker(`m${at}`, member(at), { scope })),
    });
    expect(await new ServerRef(runtime, { scope, name: 'm0' }).call('sum')).toBe(size);
  });
});

/** A server by a name in a table that throws. */
const throwing = (runtime: Runtime): ServerRef<Calls, Casts> =>
  new ServerRef<Calls, Casts>(runtime, {
    scope: {
      register: () => true,
      unregister: () => undefined,
      whereis: () => {
        throw new Error('broken table');
      },
    },
    name: 'counter',
  });

describe('awaitExit', () => {
  test('gives noconnection for a name on another node; a table of names that throws is a defect', async () => {
    const { runtime, run, value } = effectWorld();
    const elsewhere = new ServerRef(runtime, new RemoteName('b@host', 'counter'));
    expect(await value(awaitExit(elsewhere))).toBe('noconnection');
    const broken = await run(awaitExit(throwing(runtime)));
    expect(String(broken)).toContain('broken table');
  });

  test('gives the exit reason, and noproc for nobody', async () => {
    const { runtime, value } = effectWorld();
    const free = new ServerRef(runtime, { scope: new NameScope(), name: 'free' });
    expect(await value(awaitExit(free))).toBe('noproc');
    const killed = Effect.gen(function* () {
      const ref = yield* startServer(counter(), 0);
      yield* Effect.sync(() => runtime.sendAfter(5, ref.pid as Process, 'x'));
      yield* Effect.forkScoped(
        Effect.andThen(
          Effect.sleep(3),
          Effect.sync(() => runtime.exit(ref.pid as Process, 'boom')),
        ),
      );
      return yield* awaitExit(ref);
    });
    expect(await value(killed)).toBe('boom');
  });
});
