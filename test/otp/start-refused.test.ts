/** Arguments that make no sense are judged in one way: where they are written, before there is a process. */
import { describe, expect, test } from 'vitest';
import {
  agent,
  dynamicSupervisor,
  enterLoop,
  enterStatemLoop,
  keepStateAndData,
  nextState,
  partitionSupervisor,
  startAgent,
  startAgentLink,
  startAndEnter,
  startAndEnterLink,
  startDynamicSupervisor,
  startDynamicSupervisorLink,
  startPartitionSupervisor,
  startPartitionSupervisorLink,
  startServer,
  startServerLink,
  startServerMonitor,
  startStatem,
  startStatemLink,
  startStatemMonitor,
  startSupervisor,
  startSupervisorLink,
  startTask,
  startTaskSupervisor,
  startTaskSupervisorLink,
  statemWorker,
  supervisor,
  taskSupervisor,
  worker,
  type GenServer,
  type GenStatem,
  type Runtime,
  type Self,
  type StartResult,
  type TaskOptions,
} from '../../src/otp.ts';
import { failure, spawn, world } from '../actor/world.ts';

const server: GenServer<undefined, null> = { init: () => null };
const machine: GenStatem<undefined, 'on', null> = {
  init: () => nextState('on', null),
  states: { on: () => keepStateAndData() },
};
const ignored = (): never => expect.fail('ran');

/** What may be said of a process, said wrongly: `TypeError`s and `RangeError`s, which begin with the option's name. */
const OF_A_PROCESS: readonly [option: string, values: readonly unknown[], kind: ErrorConstructor][] = [
  ['mailbox', [0, -1, 1.5, Infinity, Number.NaN, { bound: 0 }], RangeError],
  ['mailbox', ['big', { bound: 'big' }, { full: 'drop' }, null], TypeError],
  ['label', [3, {}, null], TypeError],
  ['trapExit', ['yes', 1, null], TypeError],
];
const OF_A_START: typeof OF_A_PROCESS = [
  ...OF_A_PROCESS,
  ['name', [null], TypeError],
  ['scope', ['global', {}, null], TypeError],
  ['timeout', [-1, '5', Number.NaN, null], RangeError],
];
const OF_AN_OPTION: typeof OF_A_PROCESS = [
  ...OF_A_START,
  ['parent', [{}, 'self', 7], TypeError],
  ['linked', ['no', 0, null], TypeError],
  ['id', [3, null], TypeError],
  ['signal', [{}, null], TypeError],
];
const each = (table: typeof OF_A_PROCESS): readonly [string, unknown, ErrorConstructor][] =>
  table.flatMap(([option, values, kind]) => values.map((value) => [option, value, kind] as const)) as never;

type Options = never;
const STARTS: readonly ((runtime: Runtime, options: Options) => Promise<unknown>)[] = [
  (runtime, options) => startServer(runtime, server, undefined, options),
  (runtime, options) => startStatem(runtime, machine, undefined, options),
  (runtime, options) => startAgent(runtime, ignored, options),
  (runtime, options) => startAndEnter(runtime, ignored, options),
  (runtime, options) => startSupervisor(runtime, ignored, options),
  (runtime, options) => startDynamicSupervisor(runtime, ignored, options),
  (runtime, options) => startPartitionSupervisor(runtime, { child: worker('a', server) }, options),
  (runtime, options) => startTaskSupervisor(runtime, {}, options),
];
type Answered = (self: Self, options: Options) => StartResult | Promise<StartResult>;
const ANSWERED: readonly Answered[] = [
  (self, options) => startServerLink(self, server, undefined, options),
  (self, options) => startServerMonitor(self, server, undefined, options),
  (self, options) => startStatemLink(self, machine, undefined, options),
  (self, options) => startStatemMonitor(self, machine, undefined, options),
  (self, options) => startAgentLink(self, ignored, options),
  (self, options) => startAndEnterLink(self, ignored, options),
  (self, options) => startSupervisorLink(self, ignored, options),
  (self, options) => startDynamicSupervisorLink(self, ignored, options),
  (self, options) => startPartitionSupervisorLink(self, { child: worker('a', server) }, options),
  (self, options) => startTaskSupervisorLink(self, {}, options),
];
const CHILDREN: readonly ((options: Options) => unknown)[] = [
  (options) => worker('child', server, undefined, options),
  (options) => statemWorker('child', machine, undefined, options),
  (options) => agent('child', ignored, options),
  (options) => supervisor('child', ignored, options),
  (options) => dynamicSupervisor('child', ignored, options),
  (options) => partitionSupervisor('child', { child: worker('p', server) }, options),
  (options) => taskSupervisor('child', {}, options),
];

describe('an option of a start that makes no sense', () => {
  test.each(each(OF_AN_OPTION))('is named by every start that throws: %s %o', async (option, value, kind) => {
    const { runtime } = world();
    for (const start of STARTS) {
      const error = (await failure(start(runtime, { [option]: value } as Options))) as Error;
      expect(error).toBeInstanceOf(kind);
      expect(error.name).toBe(kind.name);
      expect(error.message).toMatch(new RegExp(`^${option}\\b`));
    }
    expect(runtime.spawned).toBe(0);
  });

  test.each(each(OF_AN_OPTION))(
    'is the answer of those that never throw: %s %o',
    async (option, value, kind) => {
      const { runtime } = world();
      const self = spawn(runtime);
      for (const start of ANSWERED) {
        const result = await start(self, { [option]: value } as Options);
        expect(result).toMatchObject({ tag: 'error', reason: { name: kind.name } });
      }
      expect([runtime.spawned, self.alive]).toEqual([1, true]);
    },
  );
});

test.each(each(OF_A_START))(
  'an option of a child is refused where it is written: %s %o',
  (option, value, kind) => {
    for (const make of CHILDREN) {
      const made = (): unknown => make({ [option]: value } as Options);
      expect(made).toThrow(kind);
      expect(made).toThrow(new RegExp(`^child child: ${option}\\b`));
    }
  },
);

describe('a definition that makes no sense', () => {
  test.each([...each(OF_A_PROCESS), ...each([['hibernateAfter', [-1, '5', null], RangeError]])])(
    'is refused at every start, and where the child is written: %s %o',
    async (option, value, kind) => {
      const { runtime } = world();
      const self = spawn(runtime);
      const wrong = { [option]: value } as object;
      const [badServer, badMachine] = [
        { ...server, ...wrong },
        { ...machine, ...wrong },
      ];
      for (const start of [startServer(runtime, badServer), startStatem(runtime, badMachine)]) {
        const error = (await failure(start)) as Error;
        expect([error.name, error.message]).toEqual([kind.name, expect.stringMatching(`^${option}\\b`)]);
      }
      for (const result of [
        startServerLink(self, badServer),
        startServerMonitor(self, badServer),
        startStatemLink(self, badMachine),
        startStatemMonitor(self, badMachine),
      ])
        expect(result).toMatchObject({ tag: 'error', reason: { name: kind.name } });
      expect(() => worker('child', badServer)).toThrow(new RegExp(`^worker child: ${option}\\b`));
      expect(() => statemWorker('child', badMachine)).toThrow(
        new RegExp(`^statemWorker child: ${option}\\b`),
      );
      expect(runtime.spawned).toBe(1);
    },
  );

  test('as one without init: a TypeError', async () => {
    const { runtime } = world();
    const { init: _a, ...noServer } = server as { init: unknown };
    const { init: _b, ...noMachine } = machine as { init: unknown };
    for (const start of [
      startServer(runtime, noServer as typeof server),
      startStatem(runtime, noMachine as typeof machine),
    ]) {
      const error = (await failure(start)) as Error;
      expect([error.name, error.message]).toEqual(['TypeError', 'undef: no init']);
    }
    expect(() => worker('child', noServer as typeof server)).toThrow(/^worker child: undef: no init$/);
    expect(() => statemWorker('child', noMachine as typeof machine)).toThrow(
      /^statemWorker child: undef: no init$/,
    );
    expect(runtime.spawned).toBe(0);
  });
});

test('a supervisor without anything to supervise is a TypeError, as in its child specification', async () => {
  const { runtime } = world();
  const self = spawn(runtime, () => undefined, { trapExit: true });
  const refused = { tag: 'error', reason: expect.any(TypeError) as unknown };
  for (const none of [undefined, null, 'children', 7] as never[]) {
    const error = (await failure(startSupervisor(runtime, none))) as Error;
    expect([error.name, error.message]).toEqual(['TypeError', expect.stringMatching(/^init must be /)]);
    // in OTP's words, as those that are linked say what is wrong with a specification
    expect(startSupervisorLink(self, none)).toMatchObject(refused);
    expect(() => supervisor('child', none)).toThrow(/^supervisor child: init must be /);
    if (none === undefined) continue;
    const other = (await failure(startDynamicSupervisor(runtime, none))) as Error;
    expect([other.name, other.message]).toEqual(['TypeError', expect.stringMatching(/^init must be /)]);
    expect(startDynamicSupervisorLink(self, none)).toMatchObject(refused);
  }
  expect([runtime.alive, self.alive]).toEqual([1, true]);
});

test('what a process goes on with is judged by enterLoop and enterStatemLoop', () => {
  for (const [option, value, kind] of each([...OF_A_PROCESS, ['hibernateAfter', [-1, '5'], RangeError]])) {
    const wrong = { [option]: value } as object;
    const message = new RegExp(`^${option}\\b`);
    for (const make of [
      () => enterLoop({ ...server, ...wrong } as typeof server, null),
      () => enterLoop(server, null, wrong),
      () => enterStatemLoop({ ...machine, ...wrong } as typeof machine, 'on', null),
      () => enterStatemLoop(machine, 'on', null, wrong),
    ]) {
      expect(make).toThrow(kind);
      expect(make).toThrow(message);
    }
  }
});

test.each([
  { label: 3 },
  { label: null },
  { timeout: '5' },
  { timeout: null },
  { eager: 'yes' },
] as unknown as TaskOptions[])('an option of a task that makes no sense is named: %o', async (options) => {
  const { runtime } = world();
  const self = spawn(runtime);
  const tasks = await startTaskSupervisor(runtime);
  const message = new RegExp(`^${Object.keys(options).join('')}\\b`);
  for (const start of [
    () => startTask(runtime, ignored, options),
    () => tasks.async(self, ignored, options),
    () => tasks.asyncNolink(self, ignored, options),
    () => tasks.startChild(ignored, options),
  ])
    expect(start).toThrow(message);
  expect(runtime.alive).toBe(2);
});
