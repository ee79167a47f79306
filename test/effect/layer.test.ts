import * as Effect from 'effect/Effect';
import { describe, expect, test } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import type { Runtime } from '../../src/actor/runtime.ts';
import { silentLogger } from '../../src/actor/logger.ts';
import {
  ActorRuntime,
  call,
  layer,
  layerOf,
  startDynamicSupervisor,
  startServer,
  startSupervisor,
} from '../../src/effect.ts';
import { ignore, reply, startServer as startPlain, type GenServer } from '../../src/otp.ts';
import { worker } from '../../src/otp/supervisor.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import { effectWorld, failureOf } from './world.ts';

/** Writes its start and its end; ending takes `linger` ms. */
function member(log: string[], id: string, linger = 0): GenServer<undefined, null, { ping(): string }> {
  return {
    trapExit: true,
    init: () => {
      log.push(`start ${id}`);
      return null;
    },
    handleCall: { ping: (_, state) => reply('pong', state) },
    terminate: (_reason, _state, self) =>
      new Promise((resolve) => {
        self.runtime.timers.after(linger, () => {
          log.push(`stop ${id}`);
          resolve();
        });
      }),
  };
}

describe('layer', () => {
  /** Runs a program in a layer of its own on a virtual clock. */
  async function inLayer<A, E>(
    program: Effect.Effect<A, E, ActorRuntime>,
    options: { readonly shutdown?: number } = {},
  ): Promise<{ readonly value: A; readonly elapsed: number }> {
    const clock = virtualClock();
    const provided = program.pipe(
      Effect.provide(layer({ clock, logger: silentLogger, budget: { milliseconds: Infinity }, ...options })),
    );
    const fiber = Effect.runFork(provided);
    await clock.until(() => fiber.pollUnsafe() !== undefined);
    const exit = fiber.pollUnsafe();
    if (exit?._tag !== 'Success') throw new Error(String(exit));
    return { value: exit.value, elapsed: clock.now() };
  }

  test('makes one runtime, and closes it with the scope: whatever lives in it ends, the youngest first', async () => {
    const log: string[] = [];
    const { value: runtime, elapsed } = await inLayer(
      Effect.gen(function* () {
        const made: Runtime = yield* ActorRuntime;
        expect(yield* ActorRuntime).toBe(made);
        for (const id of ['a', 'b']) {
          yield* Effect.promise(() => startPlain(made, member(log, id, 10), undefined));
        }
        return made;
      }),
    );
    expect(log).toEqual(['start a', 'start b', 'stop b', 'stop a']);
    expect([runtime.alive, elapsed]).toEqual([0, 20]);
  });

  test('what does not end in time is killed, with all below it', async () => {
    const log: string[] = [];
    const { value: runtime, elapsed } = await inLayer(
      Effect.gen(function* () {
        const made = yield* ActorRuntime;
        yield* Effect.promise(() => startPlain(made, member(log, 'slow', 10_000), undefined));
        return made;
      }),
      { shutdown: 100 },
    );
    expect([runtime.alive, elapsed, log]).toEqual([0, 100, ['start slow']]);
  });

  test('layerOf gives a runtime that outlives the scope', async () => {
    const { runtime, value } = effectWorld();
    await startPlain(runtime, member([], 'a'), undefined);
    const given = await value(
      Effect.flatMap(ActorRuntime, Effect.succeed).pipe(Effect.provide(layerOf(runtime))),
    );
    expect(given).toBe(runtime);
    expect(runtime.alive).toBe(1);
  });
});

describe('started in a scope', () => {
  test('processes stop when it closes, in reverse order, each within its shutdown', async () => {
    const world = effectWorld();
    const log: string[] = [];
    const refs = await world.value(
      Effect.gen(function* () {
        const a = yield* startServer(member(log, 'a', 10), undefined);
        const b = yield* startSupervisor({ children: [worker('b', member(log, 'b', 10), undefined)] });
        const c = yield* startDynamicSupervisor();
        const d = yield* startServer(member(log, 'd', 500), undefined, { shutdown: 100 });
        expect(yield* call(a, 'ping')).toBe('pong');
        return [a, b, c, d];
      }),
    );
    expect(log).toEqual(['start a', 'start b', 'start d', 'stop b', 'stop a']);
    const reasons = refs.map(({ pid }) => (pid as Process).reason);
    expect(reasons).toEqual(['shutdown', 'shutdown', 'shutdown', 'killed']);
    expect([world.runtime.alive, world.clock.now()]).toEqual([0, 120]);
  });

  test('StartFailed: what init failed with, a name that is taken, or ignore', async () => {
    const world = effectWorld();
    const broken: GenServer = {
      init: () => {
        throw new TypeError('no start');
      },
    };
    const failed = failureOf(await world.run(startServer(broken, undefined)));
    expect(failed).toMatchObject({ _tag: 'StartFailed', reason: { message: 'no start' } });
    const twice = Effect.gen(function* () {
      const first = yield* startServer(member([], 'a'), undefined, { name: 'a' });
      const error = yield* Effect.flip(startServer(member([], 'a'), undefined, { name: 'a' }));
      expect(error.reason).toEqual({ already_started: first.pid });
      const tree = { children: [worker('child', broken, undefined)] };
      return yield* Effect.flip(startSupervisor(tree));
    });
    expect(await world.value(twice)).toMatchObject({
      _tag: 'StartFailed',
      message: expect.stringContaining('child did not start: TypeError: no start') as string,
    });
    expect(world.runtime.alive).toBe(0);
  });

  test('args that init does not take may be left out; a supervisor takes the function form of its definition', async () => {
    const world = effectWorld();
    const log: string[] = [];
    const counts = await world.value(
      Effect.gen(function* () {
        const a = yield* startServer(member(log, 'a'));
        expect(yield* call(a, 'ping')).toBe('pong');
        // @ts-expect-error its init takes a number
        const takes = startServer({ init: (start: number) => start });
        expect(yield* takes).toBeDefined();
        const b = yield* startSupervisor(async () => ({ children: [worker('b', member(log, 'b'))] }));
        const c = yield* startDynamicSupervisor(() => ({ maxChildren: 1 }));
        yield* Effect.promise(() => c.startChild(worker('c', member(log, 'c'))));
        return yield* Effect.promise(async () => [
          (await b.countChildren()).workers,
          (await c.countChildren()).workers,
        ]);
      }),
    );
    expect(counts).toEqual([1, 1]);
    expect(log.slice(0, 3)).toEqual(['start a', 'start b', 'start c']);
    expect(failureOf(await world.run(startSupervisor(() => ignore)))).toMatchObject({ reason: 'ignore' });
  });

  test('a start that is interrupted is given up: the process is gone', async () => {
    const world = effectWorld();
    const slow: GenServer = { init: () => new Promise(() => undefined) };
    const fiber = world.fork(startServer(slow, undefined, { name: 'slow' }));
    await world.clock.settle();
    expect(world.runtime.alive).toBe(1);
    fiber.interruptUnsafe();
    await world.clock.settle();
    expect([world.runtime.alive, world.runtime.names.whereis('slow')]).toEqual([0, undefined]);
  });

  test('a start that ends in the moment it is interrupted is stopped again', async () => {
    const world = effectWorld();
    const log: string[] = [];
    const fiber = world.fork(startServer(member(log, 'a'), undefined));
    // it has started in this very turn; its fiber does not know yet
    expect(log).toEqual(['start a']);
    fiber.interruptUnsafe();
    await world.clock.until(() => fiber.pollUnsafe() !== undefined);
    expect([log, world.runtime.alive]).toEqual([['start a', 'stop a'], 0]);
  });
});
