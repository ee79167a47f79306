import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { assign, cancel, createMachine, emit, fromPromise, raise, sendTo, setup, spawnChild } from 'xstate';
import { createMachineCell, type MachineCell } from '../../src/xstate/cell.ts';
import type { Machine, MachineAction } from '../../src/xstate/machine.ts';
import { spawn, world } from '../actor/world.ts';

const start = (
  machine: Machine,
  options: { input?: unknown; perform?: (action: MachineAction, cell: MachineCell) => void } = {},
) => {
  const all = world();
  const performed: MachineAction[] = [];
  const pid = spawn(all.runtime);
  const cell = createMachineCell(pid, machine, {
    input: options.input,
    perform: (action, running) => {
      performed.push(action);
      options.perform?.(action, running);
    },
  });
  return { ...all, pid, cell, performed };
};

const door = setup({
  types: {
    context: {} as { opened: number; by: string },
    events: {} as { type: 'OPEN'; by: string } | { type: 'CLOSE' },
    input: {} as { by: string },
  },
  actions: {
    ring: (_args: unknown, _params: { times: number }) => {
      throw new Error('the stub is not called');
    },
  },
}).createMachine({
  id: 'door',
  context: ({ input }) => ({ opened: 0, by: input.by }),
  initial: 'closed',
  states: {
    closed: {
      on: {
        OPEN: {
          target: 'open',
          guard: ({ event }) => event.by !== 'thief',
          actions: assign({ opened: ({ context }) => context.opened + 1, by: ({ event }) => event.by }),
        },
      },
    },
    open: {
      entry: { type: 'ring', params: ({ context }) => ({ times: context.opened }) },
      after: { 1_000: 'closed' },
      on: { CLOSE: 'closed' },
    },
  },
});

describe('createMachineCell', () => {
  test('computes states, guards and context from input and events', () => {
    const { cell } = start(door, { input: { by: 'nobody' } });
    expect(cell.value).toBe('closed');
    expect(cell.context).toEqual({ opened: 0, by: 'nobody' });
    cell.send({ type: 'OPEN', by: 'thief' } as { type: string });
    expect(cell.matches('closed')).toBe(true);
    cell.send({ type: 'OPEN', by: 'ann' } as { type: string });
    expect(cell.matches('open')).toBe(true);
    expect(cell.context).toEqual({ opened: 1, by: 'ann' });
  });

  test('performs named actions with their params and never calls the stub', () => {
    const { cell, performed } = start(door, { input: { by: 'nobody' } });
    cell.send({ type: 'OPEN' });
    expect(performed).toEqual([{ type: 'ring', params: { times: 1 } }]);
  });

  test('drives `after` by the clock of the process, exactly', async () => {
    const { cell, clock } = start(door, { input: { by: 'nobody' } });
    cell.send({ type: 'OPEN' });
    await clock.advance(999);
    expect(cell.value).toBe('open');
    await clock.advance(1);
    expect(cell.value).toBe('closed');
  });

  test('leaving the state cancels its `after`', async () => {
    const { cell, clock, runtime } = start(door, { input: { by: 'nobody' } });
    cell.send({ type: 'OPEN' });
    await clock.advance(999);
    cell.send({ type: 'CLOSE' });
    cell.send({ type: 'OPEN' });
    expect(runtime.timers.size).toBe(1);
    await clock.advance(1);
    expect(cell.value).toBe('open');
    await clock.advance(999);
    expect(cell.value).toBe('closed');
  });

  test('a timer that fired while the process was busy is void once its state was left', async () => {
    const all = world();
    let release = (): void => {};
    const pid = spawn(all.runtime, () => new Promise<void>((resolve) => (release = resolve)));
    const cell = createMachineCell(pid, door, { input: { by: 'x' }, perform: () => {} });
    cell.send({ type: 'OPEN' });
    all.runtime.send(pid, 'park');
    await all.clock.advance(1_000);
    expect(cell.value).toBe('open'); // parked: the event waits in the mailbox
    cell.send({ type: 'CLOSE' });
    cell.send({ type: 'OPEN' });
    release();
    await all.clock.settle();
    expect(cell.value).toBe('open');
  });

  test('the timer of a state is not lost when the mailbox is full', async () => {
    const all = world();
    let release = (): void => {};
    const pid = spawn(all.runtime, (_, message) =>
      message === 'park' ? new Promise<void>((resolve) => (release = resolve)) : undefined,
    );
    pid.bound = 1;
    const cell = createMachineCell(pid, door, { input: { by: 'x' }, perform: () => {} });
    cell.send({ type: 'OPEN' });
    all.runtime.send(pid, 'park');
    await all.clock.settle();
    expect(all.runtime.send(pid, 'fills it')).toBe(true);
    expect(all.runtime.send(pid, 'refused')).toBe(false);
    await all.clock.advance(1_000);
    release();
    await all.clock.settle();
    expect(cell.value).toBe('closed');
  });

  test('an event sent from perform is handled after the step, never inside it', () => {
    const machine = createMachine({
      initial: 'a',
      states: {
        a: { on: { GO: { target: 'b', actions: ['kick', 'look'] } } },
        b: { on: { KICKED: 'c' } },
        c: {},
      },
    });
    const seen: unknown[] = [];
    const { cell } = start(machine, {
      perform: (action, running) => {
        if (action.type === 'kick') running.send({ type: 'KICKED' });
        else seen.push(running.value);
      },
    });
    cell.send({ type: 'GO' });
    expect(seen).toEqual(['b']);
    expect(cell.value).toBe('c');
  });

  test('100,000 events sent from perform need no stack', () => {
    const machine = createMachine({
      context: { left: 100_000 },
      on: {
        NEXT: {
          guard: ({ context }) => context.left > 0,
          actions: [assign({ left: ({ context }) => context.left - 1 }), 'again'],
        },
      },
    });
    const { cell } = start(machine, { perform: (_, running) => running.send({ type: 'NEXT' }) });
    cell.send({ type: 'NEXT' });
    expect(cell.context).toEqual({ left: 0 });
  });

  test('initial actions are performed before it returns, with the cell as second argument', () => {
    const machine = createMachine({
      initial: 'a',
      states: { a: { entry: 'hello', on: { ANSWER: 'b' } }, b: {} },
    });
    const { cell, performed } = start(machine, { perform: (_, running) => running.send({ type: 'ANSWER' }) });
    expect(performed).toEqual([{ type: 'hello', params: undefined }]);
    expect(cell.value).toBe('b');
  });

  test('delayed raise, cancel by id, and the same id again replacing the first', async () => {
    const machine = createMachine({
      types: { events: {} as { type: 'SET' | 'RESET' | 'CANCEL' } | { type: 'TICK'; n: string } },
      context: { ticks: [] as string[] },
      on: {
        SET: { actions: raise({ type: 'TICK', n: 'old' }, { id: 't', delay: 10 }) },
        RESET: { actions: raise({ type: 'TICK', n: 'new' }, { id: 't', delay: 20 }) },
        CANCEL: { actions: cancel('t') },
        TICK: {
          actions: assign({ ticks: ({ context, event }) => [...context.ticks, event.n] }),
        },
      },
    });
    const { cell, clock, runtime } = start(machine);
    cell.send({ type: 'SET' });
    await clock.advance(5);
    cell.send({ type: 'RESET' });
    await clock.advance(30);
    expect(cell.context).toEqual({ ticks: ['new'] });
    cell.send({ type: 'SET' });
    cell.send({ type: 'CANCEL' });
    expect(runtime.timers.size).toBe(0);
    await clock.advance(30);
    expect(cell.context).toEqual({ ticks: ['new'] });
  });

  test('a named delay is computed when the state is entered', async () => {
    const machine = setup({
      delays: { patience: ({ context }) => (context as { ms: number }).ms },
    }).createMachine({
      context: { ms: 70 },
      initial: 'waiting',
      states: { waiting: { after: { patience: 'tired' } }, tired: {} },
    });
    const { cell, clock } = start(machine);
    await clock.advance(69);
    expect(cell.value).toBe('waiting');
    await clock.advance(1);
    expect(cell.value).toBe('tired');
  });

  test('an emitted event is performed with itself as params', () => {
    const machine = createMachine({ on: { GO: { actions: emit({ type: 'gone', far: 7 }) } } });
    const { cell, performed } = start(machine);
    cell.send({ type: 'GO' });
    expect(performed).toEqual([{ type: 'gone', params: { type: 'gone', far: 7 } }]);
  });

  test('a function written in place is called as xstate does', () => {
    const calls: unknown[] = [];
    const machine = createMachine({ on: { GO: { actions: ({ event }) => void calls.push(event.type) } } });
    const { cell, performed } = start(machine);
    cell.send({ type: 'GO' });
    expect(calls).toEqual(['GO']);
    expect(performed).toEqual([]);
  });

  test('sending to itself is an event of its own, after the step', () => {
    const machine = createMachine({
      initial: 'a',
      states: {
        a: { on: { GO: { actions: sendTo(({ self }) => self, { type: 'SELF' }) }, SELF: 'b' } },
        b: {},
      },
    });
    const { cell } = start(machine);
    cell.send({ type: 'GO' });
    expect(cell.value).toBe('b');
  });

  test('nested and parallel states: matches takes a dotted path', () => {
    const machine = createMachine({
      type: 'parallel',
      states: {
        x: { initial: 'on', states: { on: { on: { T: 'off' } }, off: {} } },
        y: { initial: 'on', states: { on: {}, off: {} } },
      },
    });
    const { cell } = start(machine);
    cell.send({ type: 'T' });
    expect(cell.value).toEqual({ x: 'off', y: 'on' });
    expect(cell.matches('x.off')).toBe(true);
    expect(cell.matches('y.off')).toBe(false);
  });

  test('a final state: done, output, timers gone, onDone once, later events ignored', async () => {
    const machine = createMachine({
      initial: 'a',
      states: { a: { after: { 5_000: 'a' }, on: { END: 'z' } }, z: { type: 'final', entry: 'bye' } },
      output: { sum: 3 },
    });
    const { runtime, pid } = start(machine);
    const log: unknown[] = [];
    const cell = createMachineCell(pid, machine, {
      perform: (action) => void log.push(action.type),
      onDone: (output) => void log.push(output),
    });
    const before = runtime.timers.size;
    cell.send({ type: 'END' });
    cell.send({ type: 'END' });
    expect(cell.done).toBe(true);
    expect(cell.output).toEqual({ sum: 3 });
    expect(log).toEqual(['bye', { sum: 3 }]);
    expect(runtime.timers.size).toBe(before - 1);
  });

  test('stop cancels its timers and drops later events', async () => {
    const { cell, clock, runtime } = start(door, { input: { by: 'x' } });
    cell.send({ type: 'OPEN' });
    cell.stop();
    expect(runtime.timers.size).toBe(0);
    cell.send({ type: 'CLOSE' });
    await clock.advance(2_000);
    expect(cell.value).toBe('open');
    expect(cell.done).toBe(false);
  });

  test('the death of the process takes its timers along', async () => {
    const { cell, clock, runtime, pid } = start(door, { input: { by: 'x' } });
    cell.send({ type: 'OPEN' });
    runtime.exit(pid, 'kill');
    expect(runtime.timers.size).toBe(0);
    await clock.advance(2_000);
    expect(cell.value).toBe('open');
  });

  test('an error in the machine or in perform leaves send, and the machine is stopped', () => {
    const machine = createMachine({
      initial: 'a',
      states: {
        a: {
          after: { 10: 'a' },
          on: {
            BAD: {
              guard: () => {
                throw new Error('guard');
              },
              target: 'b',
            },
            WORSE: { actions: 'boom' },
          },
        },
        b: {},
      },
    });
    const first = start(machine);
    expect(() => first.cell.send({ type: 'BAD' })).toThrow('guard');
    expect(first.runtime.timers.size).toBe(0);
    const second = start(machine, {
      perform: () => {
        throw new Error('perform');
      },
    });
    expect(() => second.cell.send({ type: 'WORSE' })).toThrow('perform');
  });

  test('an error in the initial step is thrown at start', () => {
    const machine = createMachine({
      context: () => {
        throw new Error('no context');
      },
    });
    expect(() => start(machine)).toThrow('no context');
  });

  test('the context function runs once, with the input', () => {
    const inputs: unknown[] = [];
    const machine = createMachine({
      context: ({ input }) => {
        inputs.push(input);
        return {};
      },
      on: { GO: { actions: 'act' } },
    });
    const { cell } = start(machine, { input: 7 });
    cell.send({ type: 'GO' });
    cell.send({ type: 'GO' });
    expect(inputs).toEqual([7]);
  });

  test('invoked actors, spawned actors and messages to actors are refused with the place', () => {
    const work = fromPromise(() => Promise.resolve());
    const make = (state: object) => createMachine({ id: 'm', initial: 's', states: { s: state } });
    expect(() => start(make({ invoke: { src: work } }))).toThrow(/machine m invokes an actor \(m\.s\)/);
    expect(() => start(make({ entry: spawnChild(work) }))).toThrow(/spawns an actor \(m\.s\)/);
    expect(() => start(make({ on: { X: { actions: [spawnChild(work)] } } }))).toThrow(/spawns an actor/);
    expect(() =>
      start(make({ always: { actions: sendTo('other', { type: 'X' }), guard: () => false } })),
    ).toThrow(/sends to other/);
    const named = setup({ actors: { work }, actions: { begin: spawnChild('work') } }).createMachine({
      id: 'm',
      on: { X: { actions: 'begin' } },
    });
    expect(() => start(named)).toThrow(/spawns an actor/);
    const dynamic = setup({ actors: { work } }).createMachine({
      id: 'm',
      context: {},
      on: { X: { actions: assign({ child: ({ spawn: begin }) => begin('work') }) } },
    });
    const { cell } = start(dynamic);
    expect(() => cell.send({ type: 'X' })).toThrow(/spawns an actor/);
  });
});

describe('cells that share what their machine computes', () => {
  let computed = 0;
  const lamp = createMachine({
    context: ({ input }) => {
      computed++;
      return { wait: (input as { wait: number }).wait };
    },
    initial: 'off',
    states: {
      off: { on: { PRESS: { target: 'on', guard: () => ++computed > 0 } } },
      on: {
        entry: 'shine',
        after: { 100: 'off' },
        on: { DIM: { actions: assign({ wait: ({ event }) => event['to'] as number }) } },
      },
    },
  });

  const lamps = (inputs: readonly object[]) => {
    const all = world();
    const performed: string[] = [];
    const cells = inputs.map((input, at) =>
      createMachineCell(spawn(all.runtime), lamp, {
        input,
        shared: true,
        perform: ({ type }) => performed.push(`${at} ${type}`),
      }),
    );
    return { ...all, cells, performed };
  };

  test('compute each step once, and go through it each by itself, with actions and timers of their own', async () => {
    const input = { wait: 1 };
    computed = 0;
    const { cells, performed, clock } = lamps([input, input]);
    const [one, other] = cells;
    one!.send({ type: 'PRESS' });
    expect([one!.value, other!.value]).toEqual(['on', 'off']);
    await clock.advance(60);
    other!.send({ type: 'PRESS' });
    await clock.advance(60);
    expect([one!.value, other!.value]).toEqual(['off', 'on']);
    expect(performed).toEqual(['0 shine', '1 shine']);
    expect(computed).toBe(2);
  });

  test('compute anew for another input object, and for an event that says more than its type', () => {
    const input = { wait: 1 };
    const { cells } = lamps([input, input, { wait: 2 }]);
    expect(cells.map((cell) => cell.context)).toEqual([input, input, { wait: 2 }]);
    for (const cell of cells) cell.send({ type: 'PRESS' });
    for (const [at, cell] of cells.entries()) cell.send({ type: 'DIM', to: 10 + at });
    expect(cells.map((cell) => cell.context)).toEqual([{ wait: 10 }, { wait: 11 }, { wait: 12 }]);
  });

  test('hand nothing of the cell that computed a step to the one that repeats it, and keep nothing of either', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const blinker = createMachine({
      initial: 'off',
      states: {
        off: { entry: cancel('soon'), on: { PRESS: 'on' } },
        on: {
          entry: [raise({ type: 'DIM' }, { id: 'soon', delay: 50 }), emit({ type: 'lit' }), 'shine'],
          after: { 100: 'off' },
          on: { DIM: { actions: 'dim' } },
        },
      },
    });
    const input = {};
    const { clock, runtime } = world();
    const use = async (): Promise<readonly [readonly WeakRef<object>[], readonly string[]]> => {
      const seen: string[] = [];
      const cells: MachineCell[] = [];
      for (let at = 0; at < 2; at++) {
        cells[at] = createMachineCell(spawn(runtime), blinker, {
          input,
          shared: true,
          perform: ({ type }, cell) => seen.push(`${cells.indexOf(cell)} ${type}`),
        });
      }
      const [one, other] = cells;
      one!.send({ type: 'PRESS' });
      other!.send({ type: 'PRESS' });
      one!.stop();
      await clock.advance(60);
      other!.stop();
      return [cells.map((cell) => new WeakRef(cell)), seen];
    };
    const [cells, seen] = await use();
    expect(seen).toEqual(['0 lit', '0 shine', '1 lit', '1 shine', '1 dim']);
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    // the steps are there yet: the machine and its input are
    expect(cells.map((cell) => cell.deref())).toEqual([undefined, undefined]);
    expect([typeof blinker, typeof input, runtime.timers.size]).toEqual(['object', 'object', 0]);
  });
});
