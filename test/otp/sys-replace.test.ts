import { describe, expect, test } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import type { Runtime } from '../../src/actor/runtime.ts';
import {
  defineApplication,
  keepStateAndData,
  loadApplications,
  nextState,
  noReply,
  reply,
  startAgent,
  startDynamicSupervisor,
  startPartitionSupervisor,
  startServer,
  startStatem,
  startSupervisor,
  startTaskSupervisor,
  worker,
  type ExitError,
  type GenServer,
} from '../../src/otp.ts';
import * as sys from '../../src/otp/sys.ts';
import { failure, reasonOf, spawn, world } from '../actor/world.ts';

interface Calls {
  get(): number;
}
const server: GenServer<undefined, number, Calls> = {
  init: () => 1,
  handleCall: { get: (_, state) => reply(state, state) },
  handleInfo: (_, state) => noReply(state),
};
const child = worker('w', server, undefined);
const application = defineApplication({ name: 'a', start: () => ({ children: [] }) });

/** What is alive, and whether it still does its work. */
type Living = { readonly pid: Process; readonly works: () => unknown };

const fixed: Readonly<Record<string, (runtime: Runtime) => Promise<Living>>> = {
  Supervisor: async (runtime) => {
    const ref = await startSupervisor(runtime, { children: [child] });
    return { pid: ref.pid as Process, works: async () => (await ref.whichChildren()).length };
  },
  DynamicSupervisor: async (runtime) => {
    const ref = await startDynamicSupervisor(runtime);
    return { pid: ref.pid as Process, works: () => ref.startChild(child) };
  },
  TaskSupervisor: async (runtime) => {
    const ref = await startTaskSupervisor(runtime);
    return { pid: ref.pid as Process, works: () => (ref.startChild(() => 1) as Process).alive };
  },
  PartitionSupervisor: async (runtime) => {
    const ref = await startPartitionSupervisor(runtime, { child, partitions: 2 });
    return { pid: ref.pid as Process, works: async () => (await ref.whichChildren()).length };
  },
  Applications: (runtime) => {
    const ref = loadApplications(runtime, [application]);
    return Promise.resolve({ pid: ref.pid as Process, works: () => ref.which() });
  },
  Application: async (runtime) => {
    const ref = loadApplications(runtime, [application]);
    await ref.start('a');
    const masters = [...childProcesses(ref.pid as Process)];
    return { pid: masters[0] as Process, works: () => ref.which() };
  },
  Test: (runtime) => Promise.resolve({ pid: spawn(runtime), works: () => true }),
};

function* childProcesses(parent: Process): Generator<Process> {
  for (let next = parent.firstChild; next !== null; next = next.nextSibling) yield next;
}

describe('a state that belongs to the behavior', () => {
  for (const [name, start] of Object.entries(fixed)) {
    test(`${name}: is read, and neither replaced nor taken to another version`, async () => {
      const { runtime, reports } = world();
      const { pid, works } = await start(runtime);
      const before = await sys.getState(pid);
      const told = { read_only: pid.behavior.type };
      let asked = 0;
      const replace = (): string => {
        asked++;
        return 'garbage';
      };
      expect(await reasonOf(sys.replaceState(pid, replace))).toEqual(told);
      await sys.suspend(pid);
      expect(await reasonOf(sys.replaceState(pid, replace))).toEqual(told);
      expect(await reasonOf(sys.changeCode(pid, { server }))).toEqual(told);
      expect(await sys.getStatus(pid)).toMatchObject({ status: 'suspended' });
      await sys.resume(pid);
      const crashes = reports.filter(({ tag }) => tag === 'crash');
      expect([asked, pid.alive, crashes, (await sys.getState(pid)) === before]).toEqual([0, true, [], true]);
      expect(await works()).toBeTruthy();
    });
  }
});

describe('a state that is the user’s', () => {
  test('of a server, an agent and a machine it is replaced', async () => {
    const { runtime } = world();
    const ref = await startServer(runtime, server, undefined);
    expect([await sys.replaceState(ref, () => 7), await ref.call('get')]).toEqual([7, 7]);
    const cell = await startAgent(runtime, () => 1);
    expect([await sys.replaceState(cell, () => 8), await cell.get((value) => value)]).toEqual([8, 8]);
    const machine = await startStatem(
      runtime,
      { init: () => nextState('a', 1), handleEvent: () => keepStateAndData() },
      undefined,
    );
    await sys.replaceState(machine, () => ({ state: 'b', data: 2 }));
    expect(await sys.getState(machine)).toEqual({ state: 'b', data: 2 });
  });

  test('a replacer, and a change of code, that gives a promise is refused: the state stays, nobody hears a rejection', async () => {
    const { runtime } = world();
    const lost = new Error('nobody waits for this');
    const next = { ...server, codeChange: () => Promise.reject(lost) } as unknown as typeof server;
    const ref = await startServer(runtime, server, undefined);
    const machine = await startStatem(
      runtime,
      { init: () => nextState('a', 1), states: { a: () => keepStateAndData() } },
      undefined,
    );
    const late = (): unknown => Promise.reject(lost);
    for (const target of [ref, machine])
      expect(await reasonOf(sys.replaceState(target, late))).toMatchObject({
        callback_failed: { message: expect.stringContaining('promise') as string },
      });
    await sys.suspend(ref);
    expect(await reasonOf(sys.changeCode(ref, { server: next }))).toMatchObject({
      message: expect.stringContaining('promise') as string,
    });
    await sys.resume(ref);
    expect([await ref.call('get'), await sys.getState(machine)]).toEqual([1, { state: 'a', data: 1 }]);
  });

  test('an argument that is none is named, and changes nothing', async () => {
    const { runtime } = world();
    const ref = await startServer(runtime, server, undefined);
    const none = undefined as never;
    for (const target of [none, null, 5, {}, { pid: 5 }, { pid: {} }]) {
      const error = await failure(sys.getState(target as never));
      expect([(error as Error).constructor, (error as Error).message]).toEqual([
        TypeError,
        expect.stringMatching(/^target must/),
      ]);
    }
    await expect(sys.replaceState(ref, none)).rejects.toThrow(/^replace must/);
    await sys.suspend(ref);
    for (const bad of [null, 5, 'x']) {
      const error = (await failure(sys.changeCode(ref, { server: bad as never }))) as ExitError;
      expect(error.message).toContain('server must');
    }
    await expect(sys.changeCode(ref, null as never)).rejects.toThrow(/^change must/);
    await sys.resume(ref);
    expect(await ref.call('get')).toBe(1);
  });

  test('a time that is none is refused before anything is done', async () => {
    const { runtime } = world();
    const ref = await startServer(runtime, server, undefined);
    for (const time of [-1, Number.NaN, 'soon', null, {}]) {
      const timeout = time as number;
      const asked = [
        sys.replaceState(ref, () => 9, timeout),
        sys.suspend(ref, timeout),
        sys.getStatus(ref, timeout),
        sys.log(ref, true, timeout),
        sys.install(ref, () => 0, 0, { timeout }),
        sys.terminate(ref, 'normal', timeout),
        sys.changeCode(ref, {}, timeout),
      ];
      for (const each of asked) expect(await failure(each)).toBeInstanceOf(RangeError);
    }
    expect(await sys.getStatus(ref)).toMatchObject({ status: 'running', state: 1, debug: [] });
  });
});
