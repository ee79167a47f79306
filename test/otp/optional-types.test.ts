/**
 * An option that is `undefined` is one that is not said, for the compiler too (`exactOptionalPropertyTypes`): what is
 * wrong here is a compile error. The tests show that the code keeps that promise.
 */
import { describe, expect, expectTypeOf, test } from 'vitest';
import type { EffectWorkerOptions } from '../../src/effect/actor.ts';
import type { EffectCallOptions } from '../../src/effect/call.ts';
import type { ScopedStartOptions } from '../../src/effect/start.ts';
import type { ThreadOptions } from '../../src/isolation/thread.ts';
import { workerPool } from '../../src/isolation/worker-pool.ts';
import {
  createRuntime,
  noReply,
  reply,
  startServer,
  startSupervisor,
  startTaskSupervisor,
  worker,
  type Application,
  type ApplicationsOptions,
  type CallOptions,
  type ChildOptions,
  type ChildSpec,
  type DynamicSupervisorSpec,
  type EnterOptions,
  type EnterStatemOptions,
  type FormatLimits,
  type GenServer,
  type HandleEvent,
  type Logger,
  type MailboxOptions,
  type Next,
  type PartitionSupervisorSpec,
  type ProcessGroupsOptions,
  type RegistryOptions,
  type RequestOptions,
  type RuntimeOptions,
  type ServerChildOptions,
  type ServerOptions,
  type StartOptions,
  type StartSettings,
  type StateFunctions,
  type StreamOptions,
  type SupervisorSpec,
  type TakeOptions,
  type TaskOptions,
  type TaskSupervisorSpec,
  type TimeoutOptions,
  type WatchdogOptions,
} from '../../src/otp.ts';
import { world } from '../actor/world.ts';

/** The names of the optional members that may be left out and not be undefined; methods left aside. */
type Refusing<T> = T extends unknown
  ? {
      [K in keyof T]-?: object extends Pick<T, K>
        ? Record<K, undefined> extends Pick<T, K>
          ? never
          : K
        : never;
    }[keyof T]
  : never;
/** Callbacks of a definition: written as methods, so they are what they are or not there. */
type Callbacks =
  | 'handleRequest'
  | 'handleInfo'
  | 'handleContinue'
  | 'terminate'
  | 'formatStatus'
  | 'codeChange'
  | 'start'
  | 'stop';

describe('an option that is undefined', () => {
  test('compiles wherever it may be left out', () => {
    expectTypeOf<Refusing<StartOptions | ServerOptions | ChildOptions | ServerChildOptions>>().toBeNever();
    expectTypeOf<Refusing<ChildSpec | SupervisorSpec | DynamicSupervisorSpec>>().toBeNever();
    expectTypeOf<Refusing<PartitionSupervisorSpec | TaskSupervisorSpec>>().toBeNever();
    expectTypeOf<Refusing<CallOptions | RequestOptions | TakeOptions | Next>>().toBeNever();
    expectTypeOf<Refusing<TaskOptions | StreamOptions | TimeoutOptions>>().toBeNever();
    expectTypeOf<Refusing<RegistryOptions | ProcessGroupsOptions | WatchdogOptions>>().toBeNever();
    expectTypeOf<Refusing<EnterOptions | EnterStatemOptions | MailboxOptions>>().toBeNever();
    expectTypeOf<Refusing<ApplicationsOptions | StartSettings>>().toBeNever();
    expectTypeOf<Refusing<RuntimeOptions | NonNullable<RuntimeOptions['budget']>>>().toBeNever();
    expectTypeOf<Refusing<FormatLimits | Logger>>().toBeNever();
    expectTypeOf<Refusing<ThreadOptions>>().toBeNever();
    expectTypeOf<Refusing<EffectCallOptions | EffectWorkerOptions | ScopedStartOptions>>().toBeNever();
    type Server = GenServer<number, number, { get(): number }, { put(n: number): void }>;
    type Machine = StateFunctions<undefined, 'a', 1, object, object>;
    type Single = HandleEvent<undefined, 'a', 1, object, object>;
    expectTypeOf<Exclude<Refusing<Server | Machine | Single | Application>, Callbacks>>().toBeNever();
    // what is looked for is found
    expectTypeOf<Refusing<{ a?: 1; b?: 1 | undefined; c: 1 }>>().toEqualTypeOf<'a'>();
    expect(Object.keys({ a: undefined })).toEqual(['a']);
  });

  test('is what is not said: of a child, of a server, of what follows a callback', async () => {
    const nothing = {
      restart: undefined,
      shutdown: undefined,
      significant: undefined,
      restartDelay: undefined,
      scope: undefined,
      name: undefined,
      label: undefined,
      mailbox: undefined,
      timeout: undefined,
      trapExit: undefined,
      hibernateAfter: undefined,
    };
    const quiet: GenServer<number, number, { get(): number }, { put(n: number): void }> = {
      label: undefined,
      trapExit: undefined,
      mailbox: undefined,
      hibernateAfter: undefined,
      init: (start) => start,
      handleCall: {
        get: (_none, n) => reply(n, n, { timeout: undefined, continue: undefined, hibernate: undefined }),
      },
      handleCast: { put: (n) => noReply(n) },
    };
    const { runtime } = world();
    const sup = await startSupervisor(runtime, {
      strategy: undefined,
      intensity: undefined,
      period: undefined,
      autoShutdown: undefined,
      children: [worker('quiet', quiet, 7, nothing)],
    });
    const spec = await sup.getChildSpec('quiet', { timeout: undefined, signal: undefined });
    expect(spec).toMatchObject({ restart: 'permanent', shutdown: 5_000, significant: false });
    const ref = await startServer(runtime, quiet, 7, { ...nothing, parent: undefined, signal: undefined });
    expect(await ref.call('get', undefined, { timeout: undefined, signal: undefined })).toBe(7);
    expect(await startServer(runtime, { ...quiet, handleCast: undefined }, 7)).toBeTypeOf('object');
    await sup.stop();
  });

  test('does not take the place of a default that is added: label, stop time, budget', async () => {
    const { runtime } = world();
    const tasks = await startTaskSupervisor(runtime, { maxChildren: undefined }, { label: undefined });
    expect(tasks.pid).toMatchObject({ label: 'TaskSupervisor' });
    const pool = workerPool(
      'pool',
      { module: 'data:text/javascript,export const one = 1', label: undefined, drain: 2_000 },
      { shutdown: undefined },
    );
    expect(pool.shutdown).toBe(3_000);
    const idle = createRuntime({
      clock: undefined,
      budget: { slice: undefined, messages: undefined, milliseconds: undefined },
    });
    const seen = await startServer(idle, {
      init: () => 0,
      handleCall: { get: (_none: undefined, n: number) => reply(n, n) },
    }).then((ref) => ref.call('get'));
    expect(seen).toBe(0);
  });
});
