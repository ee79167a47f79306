import { describe, expect, test } from 'vitest';
import { assign, createMachine } from 'xstate';
import type { Pid } from '../../src/actor/pid.ts';
import type { Process } from '../../src/actor/process.ts';
import type { StartOptions } from '../../src/otp/start.ts';
import { startSupervisor } from '../../src/otp/supervisor.ts';
import { NameScope } from '../../src/actor/names.ts';
import { MachineRef, machineWorker, startMachine } from '../../src/xstate/host.ts';
import { getState, replaceState } from '../../src/otp/sys.ts';
import { failure, reasonOf, recorder, world } from '../actor/world.ts';

const light = createMachine({
  id: 'light',
  context: { pressed: 0 },
  initial: 'off',
  states: {
    off: {
      on: { PRESS: { target: 'on', actions: assign({ pressed: ({ context }) => context.pressed + 1 }) } },
    },
    on: { entry: 'shine', after: { 60_000: 'off' }, on: { PRESS: 'off', SMASH: 'broken' } },
    broken: { after: { 5: 'gone' } },
    gone: { type: 'final' },
  },
  on: {
    BAD: {
      guard: () => {
        throw new Error('faulty');
      },
    },
  },
});
const perform = (): void => {};

describe('startMachine', () => {
  test('the mailbox feeds the machine and a view shows the state after all earlier events', async () => {
    const { runtime } = world();
    const ref = await startMachine(runtime, light, { perform });
    ref.send({ type: 'PRESS' });
    expect(await ref.view()).toEqual({ value: 'on', context: { pressed: 1 }, done: false });
  });

  test('what makes no sense of its process is a TypeError, here and of a child', async () => {
    const { runtime } = world();
    for (const options of [
      { mailbox: 'big' },
      { label: 5 },
      { trapExit: 'yes' },
    ] as unknown as StartOptions[]) {
      expect(await failure(startMachine(runtime, light, { perform }, options))).toMatchObject({
        name: 'TypeError',
      });
      expect(() => machineWorker('light', light, { perform, ...(options as object) })).toThrow(
        /^child light: /,
      );
    }
    expect(runtime.spawned).toBe(0);
  });

  test('it is a StateMachine whose state the inspector sees', async () => {
    const { runtime, clock } = world();
    const ref = await startMachine(runtime, light, { perform });
    ref.send({ type: 'PRESS' });
    await clock.settle();
    const process = ref.pid as Process;
    expect(process.behavior.type).toBe('StateMachine');
    expect(process.label).toBe('light');
    expect(process.behavior.inspect?.(process)).toEqual({ state: 'on' });
  });

  test('sys shows its view, which cannot be replaced', async () => {
    const { runtime } = world();
    const ref = await startMachine(runtime, light, { perform });
    expect(await getState(ref)).toEqual({ value: 'off', context: { pressed: 0 }, done: false });
    expect(await reasonOf(replaceState(ref, () => 'on'))).toEqual({ read_only: 'StateMachine' });
    expect(await ref.view()).toMatchObject({ value: 'off' });
  });

  test('a final state reached by a timer ends the process with normal', async () => {
    const { runtime, clock, reports } = world();
    const ref = await startMachine(runtime, light, { perform });
    const { pid, inbox } = recorder(runtime);
    runtime.monitor(pid, ref.pid as Pid);
    ref.send({ type: 'PRESS' });
    ref.send({ type: 'SMASH' });
    await clock.advance(4);
    expect(inbox).toEqual([]);
    await clock.advance(1);
    expect(inbox).toMatchObject([{ message: { tag: 'DOWN', reason: 'normal' } }]);
    expect(reports).toEqual([]);
  });

  test('an error in the machine crashes the process with that error and one report', async () => {
    const { runtime, clock, reports } = world();
    const ref = await startMachine(runtime, light, { perform });
    const process = ref.pid as Process;
    ref.send({ type: 'BAD' });
    await clock.settle();
    expect(process.alive).toBe(false);
    expect(String(process.reason)).toContain('faulty');
    expect(reports).toMatchObject([{ tag: 'crash', type: 'StateMachine' }]);
  });

  test('a crash loses state and timers, and the supervisor starts it anew', async () => {
    const { runtime, clock } = world();
    const scope = new NameScope();
    await startSupervisor(runtime, { children: [machineWorker('light', light, { perform, scope })] });
    const ref = new MachineRef(runtime, { scope, name: 'light' });
    ref.send({ type: 'PRESS' });
    await clock.settle();
    expect(runtime.timers.size).toBe(1);
    const first = ref.pid;
    ref.send({ type: 'BAD' });
    await clock.settle();
    expect(runtime.timers.size).toBe(0);
    expect(ref.pid).not.toBe(first);
    expect(await ref.view()).toMatchObject({ value: 'off', context: { pressed: 0 } });
  });

  test('a machine that cannot be hosted does not start', async () => {
    const { runtime } = world();
    const bad = createMachine({ id: 'bad', invoke: { src: 'x' } });
    expect(String(await failure(startMachine(runtime, bad, { perform })))).toContain('invokes an actor');
    expect(runtime.alive).toBe(0);
  });

  test('a machine that is final from the start gives ignore', async () => {
    const { runtime } = world();
    const machine = createMachine({ initial: 'z', states: { z: { type: 'final' } } });
    const ref = await startSupervisor(runtime, { children: [machineWorker('m', machine, { perform })] });
    expect(await ref.countChildren()).toMatchObject({ specs: 1, active: 0 });
  });

  test('Down and Exit come as events; what is no event is reported and dropped', async () => {
    const { runtime, clock, reports } = world();
    const machine = createMachine({
      context: { seen: [] as unknown[] },
      on: {
        '*': {
          actions: assign({
            seen: ({ context, event }) => [
              ...context.seen,
              [event.type, (event as { reason?: unknown }).reason],
            ],
          }),
        },
      },
    });
    const ref = await startMachine(runtime, machine, { perform, trapExit: true });
    const self = ref.pid as Process;
    const { pid: friend } = recorder(runtime);
    self.monitor(friend);
    self.link(friend);
    runtime.exit(friend, 'gone');
    runtime.send(self, 'no event');
    await clock.settle();
    expect((await ref.view()).context).toEqual({
      seen: [
        ['DOWN', 'gone'],
        ['EXIT', 'gone'],
      ],
    });
    expect(reports.map((report) => report.tag)).toEqual(['unhandled']);
  });

  test('a ring of 1,000 machines passes a token 10 times round without a stack', async () => {
    const { runtime, clock } = world();
    const node = createMachine({
      context: { hops: 0 },
      on: { TOKEN: { actions: [assign({ hops: ({ context }) => context.hops + 1 }), 'pass'] } },
    });
    const ring: MachineRef[] = [];
    let left = 10_000;
    for (let i = 0; i < 1_000; i++) {
      ring.push(
        await startMachine(runtime, node, {
          perform: (_, self) => {
            if (--left > 0) self.send(ring[(i + 1) % 1_000]?.pid as Pid, { type: 'TOKEN' });
          },
        }),
      );
    }
    ring[0]?.send({ type: 'TOKEN' });
    await clock.settle();
    expect(left).toBe(0);
    expect((await ring[999]?.view())?.context).toEqual({ hops: 10 });
  });
});

test('a child machine takes the options of every child; those of a start win over the definition’s', async () => {
  const { runtime } = world();
  const scope = new NameScope();
  const spec = machineWorker('m', light, {
    perform,
    trapExit: true,
    restart: 'transient',
    scope,
    name: 'lamp',
    label: 'the lamp',
    mailbox: { bound: 3, full: 'dropOldest' },
  });
  expect(Object.keys(spec).toSorted()).toEqual(['id', 'restart', 'start', 'type']);
  await startSupervisor(runtime, { children: [spec] });
  const pid = scope.whereis('lamp') as Process;
  expect([pid.label, pid.bound, pid.full, pid.trapExit]).toEqual(['the lamp', 3, 'dropOldest', true]);
  const plain = await startMachine(runtime, light, { perform, trapExit: true }, { trapExit: false });
  expect((plain.pid as Process).trapExit).toBe(false);
});

test('an event to a machine whose table of names throws is refused, not thrown', () => {
  const { runtime } = world();
  const broken = {
    register: () => true,
    unregister: () => undefined,
    whereis: () => {
      throw new Error('no such table');
    },
  };
  expect(new MachineRef(runtime, { scope: broken, name: 'm' }).send({ type: 'PRESS' })).toBe(false);
});
