/** What the signatures of `espalier/otp` say: pids and `Self`, never the kernel's own record of a process. */
import { expect, expectTypeOf, test } from 'vitest';
import * as otp from '../../src/otp.ts';
import {
  defineApplication,
  loadApplications,
  NameScope,
  nextState,
  Registry,
  startDynamicSupervisorLink,
  startPartitionSupervisor,
  startServer,
  startServerLink,
  startServerMonitor,
  startStatemMonitor,
  startSupervisor,
  startTaskSupervisor,
  worker,
  type ApplicationInfo,
  type Budget,
  type CallbackModule,
  type ChildInfo,
  type GenServer,
  type GenStatem,
  type MaybePromise,
  type MonitoredStart,
  type NameTable,
  type Pid,
  type QueuedEvent,
  type Ref,
  type ResponseTimeout,
  type RunQueuePolicy,
  type Self,
  type ServerOptions,
  type StartOptions,
  type StartResult,
  type Target,
  type TimeoutName,
  type TimerEntry,
} from '../../src/otp.ts';
import { spawn, world } from '../actor/world.ts';

const idle: GenServer<undefined, null> = { init: () => null };

test('a process starts others below itself with what its callbacks are given', async () => {
  const { runtime } = world();
  const started: Pid[] = [];
  const parent: GenServer<undefined, null> = {
    init: async (_, self) => {
      const ref = await startServer(runtime, idle, undefined, { parent: self });
      started.push(ref.pid as Pid);
      return null;
    },
  };
  const { pid } = await startServer(runtime, parent);
  expect(started).toMatchObject([{ parent: pid }]);
  runtime.exit(pid as Pid, 'kill');
  expect(started).toMatchObject([{ alive: false, reason: 'killed' }]);
});

test('options for the runtime itself are not offered', async () => {
  const { runtime } = world();
  const self: Self = spawn(runtime);
  expectTypeOf<StartOptions['parent']>().toEqualTypeOf<Self | null | undefined>();
  const refused = [
    // @ts-expect-error the link to a parent is what the function is for
    () => startServerLink(self, idle, undefined, { linked: false }),
    // @ts-expect-error an id is a supervisor's
    () => startServer(runtime, idle, undefined, { id: 'x' }),
    // @ts-expect-error as above
    () => startSupervisor(runtime, { children: [] }, { linked: false }),
  ];
  expect(refused).toHaveLength(3);
  expectTypeOf<keyof ServerOptions>().not.toEqualTypeOf<keyof ServerOptions | 'linked'>();
  expect(await startDynamicSupervisorLink(self)).toMatchObject({ tag: 'ok' });
});

test('a start that monitors has its ref when it succeeded, and none when not', async () => {
  const { runtime } = world();
  const self: Self = spawn(runtime);
  const door: GenStatem<undefined, 'open', null> = {
    init: () => nextState('open', null),
    states: { open: () => otp.keepStateAndData() },
  };
  for (const start of [startServerMonitor(self, idle), startStatemMonitor(self, door)]) {
    expectTypeOf(start).toEqualTypeOf<MaybePromise<MonitoredStart>>();
    const result = await start;
    if (result.tag !== 'ok') expect.fail();
    expectTypeOf(result.ref).toEqualTypeOf<Ref>();
    expect(self.demonitor(result.ref)).toBe(true);
  }
  const failed = await startServerMonitor(self, { init: () => otp.stop('no', null) } as typeof idle);
  expect(failed).toEqual({ tag: 'error', reason: 'no' });
  expectTypeOf<MonitoredStart>().toExtend<StartResult>();
});

test('processes are pids wherever they are given', async () => {
  const { runtime } = world();
  const tasks = await startTaskSupervisor(runtime);
  expectTypeOf(tasks.startChild(() => 1)).toEqualTypeOf<Pid>();
  expectTypeOf(tasks.children).toEqualTypeOf<readonly Pid[]>();
  const registry = new Registry({ keys: 'unique' });
  expectTypeOf(registry.whereis('x')).toEqualTypeOf<Pid | undefined>();
  expectTypeOf(new NameScope().whereis('x')).toEqualTypeOf<Pid | undefined>();
  expectTypeOf<ReturnType<NameTable['whereis']>>().toEqualTypeOf<Pid | undefined>();
  expectTypeOf<Parameters<NameTable['register']>[1]>().toEqualTypeOf<Pid>();
  const parts = await startPartitionSupervisor(runtime, { child: worker('x', idle), partitions: 1 });
  expectTypeOf(parts.whereis(0)).toEqualTypeOf<Pid | undefined>();
  expectTypeOf<ChildInfo['pid']>().toEqualTypeOf<Pid | 'restarting' | undefined>();
  expectTypeOf<ApplicationInfo['pid']>().toEqualTypeOf<Pid>();
  const applications = loadApplications(runtime, [defineApplication({ name: 'none' })]);
  expectTypeOf(applications.pid).toEqualTypeOf<Pid>();
  expect([registry.whereis('x'), parts.whereis(0)]).toMatchObject([undefined, { alive: true }]);
});

test('every type that a signature names can be named, and what is for the runtime is not there', () => {
  expectTypeOf<Parameters<Self['send']>[0]>().toEqualTypeOf<Target>();
  expectTypeOf<ReturnType<Self['sendAfter']>>().toEqualTypeOf<TimerEntry>();
  expectTypeOf<Parameters<typeof otp.nextEvent>[0]>().toEqualTypeOf<QueuedEvent>();
  expectTypeOf<Parameters<typeof otp.changeCallbackModule>[0]>().toEqualTypeOf<CallbackModule>();
  expectTypeOf<Parameters<typeof otp.genericTimeout>[0]>().toExtend<TimeoutName>();
  expectTypeOf<otp.RuntimeOptions['runQueue']>().toEqualTypeOf<RunQueuePolicy | undefined>();
  expectTypeOf<keyof NonNullable<otp.RuntimeOptions['budget']>>().toEqualTypeOf<keyof Budget>();
  expectTypeOf<ResponseTimeout>().toEqualTypeOf<number | { readonly until: number }>();
  expectTypeOf<otp.EnterLoop>().toBeObject();
  expect(Object.keys(otp)).not.toEqual(expect.arrayContaining(['startDynamicChild']));
  expect('EnterLoop' in otp).toBe(false);
});
