/** Every kind of child takes the same options. */
import { describe, expect, test } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import {
  agent,
  AgentRef,
  dynamicSupervisor,
  keepStateAndData,
  nextState,
  NameScope,
  partitionSupervisor,
  PartitionSupervisorRef,
  Registry,
  ServerRef,
  startSupervisor,
  statemWorker,
  supervisor,
  SpecError,
  worker,
  type ChildOptions,
  type ChildSpec,
  type GenServer,
  type SupervisorRef,
} from '../../src/otp.ts';
import { failure, reasonOf, world, type World } from '../actor/world.ts';

const server: GenServer<undefined, null> = { init: () => null };

const KINDS: readonly [name: string, make: (options?: ChildOptions) => ChildSpec][] = [
  ['worker', (options) => worker('child', server, undefined, options)],
  ['agent', (options) => agent('child', () => 0, options)],
  [
    'statemWorker',
    (options) =>
      statemWorker(
        'child',
        { init: () => nextState('on', null), states: { on: () => keepStateAndData() } },
        undefined,
        options,
      ),
  ],
  ['supervisor', (options) => supervisor('child', { children: [] }, options)],
  ['dynamicSupervisor', (options) => dynamicSupervisor('child', {}, options)],
  [
    'partitionSupervisor',
    (options) => partitionSupervisor('child', { child: worker('p', server), partitions: 2 }, options),
  ],
];

async function begin(
  spec: ChildSpec,
): Promise<World & { readonly ref: SupervisorRef; readonly pid: Process }> {
  const made = world();
  const ref = await startSupervisor(made.runtime, { autoShutdown: 'anySignificant', children: [spec] });
  return { ...made, ref, pid: (await ref.whichChildren())[0]?.pid as Process };
}

describe.each(KINDS)('%s', (_name, make) => {
  test('restart, shutdown, significant and restartDelay are in its specification', () => {
    const restartDelay = (): number => 5;
    const spec = { restart: 'transient', shutdown: 7, significant: true, restartDelay } as const;
    expect(make(spec)).toMatchObject(spec);
    expect(Object.keys(make()).toSorted()).toEqual(['id', 'start', 'type']);
  });

  test('label, mailbox and name are those of its process, also after a restart', async () => {
    const made = await begin(
      make({ label: 'somebody', mailbox: { bound: 3, full: 'dropOldest' }, name: 'its name' }),
    );
    const { runtime, clock, pid } = made;
    for (const kill of [true, false]) {
      const child = runtime.names.whereis('its name') as Process;
      expect([child.label, child.info?.id, child.bound, child.full]).toEqual([
        'somebody',
        'child',
        3,
        'dropOldest',
      ]);
      if (kill) runtime.exit(child, 'kill');
      await clock.settle();
    }
    expect([runtime.names.whereis('child'), pid.alive]).toEqual([undefined, false]);
  });

  test('with a scope it has its id there, with a name that name; without both none', async () => {
    const scope = new NameScope();
    const { pid } = await begin(make({ scope }));
    expect(scope.whereis('child')).toBe(pid);
    const other = await begin(make({ scope, name: 'other' }));
    expect(scope.whereis('other')).toBe(other.pid);
    expect((await begin(make())).pid.names).toEqual([]);
  });

  test('a significant one ends its supervisor', async () => {
    const { ref, pid, runtime, clock } = await begin(make({ restart: 'temporary', significant: true }));
    runtime.exit(pid, 'kill');
    await clock.settle();
    expect(ref.pid).toMatchObject({ alive: false, reason: 'shutdown' });
  });

  test.each([Number.NaN, -1, '5'])('a timeout of %s is refused at once', (timeout) => {
    expect(() => make({ timeout: timeout as number })).toThrow(
      /child child: timeout must be milliseconds or Infinity/,
    );
  });

  test('options that are none are refused at once', () => {
    expect(() => make(null as never)).toThrow(/child child: options must be an object, not null/);
  });

  test.each([Number.NaN, -1, '5'])('a shutdown of %s fails the start of the supervisor', async (shutdown) => {
    const start = startSupervisor(world().runtime, { children: [make({ shutdown: shutdown as number })] });
    expect(await reasonOf(start)).toBeInstanceOf(SpecError);
  });
});

describe('the timeout of a child', () => {
  const hanging: GenServer<undefined, null> = { init: () => new Promise<null>(() => {}) };
  test.each([
    ['worker', worker('child', hanging, undefined, { timeout: 50 })],
    ['agent', agent('child', () => new Promise<number>(() => {}), { timeout: 50 })],
    ['supervisor', supervisor('child', { children: [worker('deep', hanging)] }, { timeout: 50 })],
    ['dynamicSupervisor', dynamicSupervisor('child', () => new Promise(() => {}), { timeout: 50 })],
    [
      'partitionSupervisor',
      partitionSupervisor('child', { child: worker('deep', hanging), partitions: 2 }, { timeout: 50 }),
    ],
  ])('%s: is that of each start', async (_name, spec) => {
    const { runtime, clock } = world();
    const reason = reasonOf(startSupervisor(runtime, { children: [spec] }));
    await clock.advance(50);
    expect(await reason).toEqual({ shutdown: { failed_to_start_child: 'child', reason: 'timeout' } });
    expect([runtime.alive, runtime.timers.size]).toEqual([0, 0]);
  });
});

test('an agent and a partition supervisor are found by their names', async () => {
  const names = new Registry<string>({ keys: 'unique' });
  const { runtime } = world();
  await startSupervisor(runtime, {
    children: [
      agent('hits', () => 7, { scope: names }),
      partitionSupervisor(
        'parts',
        { child: worker('p', server), partitions: 3 },
        { scope: names, name: 'P' },
      ),
    ],
  });
  expect(await new AgentRef<number>(runtime, names.via('hits')).get((n) => n)).toBe(7);
  expect(new PartitionSupervisorRef(runtime, names.via('P')).partitions).toBe(3);
});

test('trapExit and hibernateAfter are those of servers, agents and machines', async () => {
  const spec = worker('child', server, undefined, { trapExit: true, hibernateAfter: 50 });
  expect((await begin(spec)).pid.trapExit).toBe(true);
  expect((await begin(agent('child', () => 0, { trapExit: true }))).pid.trapExit).toBe(true);
  expect(() => worker('child', server, undefined, { hibernateAfter: -1 })).toThrow(RangeError);
});

test('the supervisors trap exits whatever is said', async () => {
  const options = { trapExit: false } as ChildOptions;
  for (const spec of [
    supervisor('child', { children: [] }, options),
    dynamicSupervisor('child', {}, options),
  ])
    expect((await begin(spec)).pid.trapExit).toBe(true);
});

describe('what runs', () => {
  const none = undefined as never;
  test('is named when it was forgotten', () => {
    for (const [make, message] of [
      [() => worker('x', none), 'worker x: server must be '],
      [() => worker('x', 'counter' as never), 'worker x: server must be '],
      [() => agent('x', none), 'agent x: init must be '],
      [() => supervisor('x', none), 'supervisor x: init must be '],
      [() => dynamicSupervisor('x', null as never), 'dynamic supervisor x: init must be '],
      [() => partitionSupervisor('x', none), 'partition supervisor x: spec must be '],
      [() => partitionSupervisor('x', {} as never), 'partition supervisor x: spec.child must be '],
      [() => statemWorker('x', none, undefined), 'x: statem must be '],
      [() => new ServerRef(none, none), 'runtime must be '],
      [() => new ServerRef(world().runtime, none), 'target must be '],
      [() => new ServerRef(world().runtime, { scope: none, name: 'x' }), 'scope must be '],
    ] as const) {
      expect(make).toThrow(TypeError);
      expect(make).toThrow(message);
    }
  });

  test.each([undefined, null, 'worker'])('%s among the children is told by its place', async (child) => {
    const start = startSupervisor(world().runtime, { children: [worker('a', server), child as never] });
    expect(await reasonOf(start)).toMatchObject({
      name: 'SpecError',
      message: `supervisor: child 2 of 2 must be a child specification, not ${String(child)}`,
    });
  });

  test('a partition without a child is a SpecError', async () => {
    const { runtime } = world();
    const { startPartitionSupervisor } = await import('../../src/otp.ts');
    const start = startPartitionSupervisor(runtime, { child: () => undefined as never, partitions: 2 });
    expect(await failure(start)).toMatchObject({ reason: { name: 'SpecError', reason: 'missing_start' } });
  });
});
