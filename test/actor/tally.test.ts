import { describe, expect, test } from 'vitest';
import { exit } from '../../src/actor/exit-reason.ts';
import { startServer, type GenServer } from '../../src/otp/gen-server.ts';
import { startSupervisor, worker } from '../../src/otp/supervisor.ts';
import { startDynamicSupervisor } from '../../src/otp/dynamic-supervisor.ts';
import type { Pid } from '../../src/actor/pid.ts';
import type { Process } from '../../src/actor/process.ts';
import { spawn, world } from './world.ts';

const throwing = (what: unknown): GenServer<void, number, object, object> => ({
  init: () => 0,
  handleInfo: () => {
    throw what;
  },
});

describe('crashes', () => {
  test('are counted by how the actor ended; orderly ends and kills from outside are none', async () => {
    const { runtime, clock } = world();
    for (const what of [new TypeError('x'), 'a word', { a: 1 }, 'worker_oom']) {
      const ref = await startServer(runtime, throwing(what));
      runtime.send(ref.pid as Process, 1);
    }
    const leaves = await startServer(runtime, {
      init: () => 0,
      handleInfo: () => exit('shutdown'),
    } satisfies GenServer<void, number>);
    runtime.send(leaves.pid as Process, 1);
    runtime.exit((await startServer(runtime, throwing(1))).pid as Process, 'kill');
    await clock.settle();
    expect(runtime.tally.crashes).toEqual({ error: 1, exit: 2, killed: 0, oom: 1 });
  });
});

describe('restarts', () => {
  test('are counted by the strategy of the supervisor: one for each decision, however many it restarts', async () => {
    const { runtime, clock } = world();
    const idle: GenServer<void, number> = { init: () => 0 };
    const children = ['a', 'b', 'c'].map((id) => worker(id, idle, undefined));
    const killed = async (pid: Pid | 'restarting' | undefined): Promise<void> => {
      if (typeof pid === 'object') runtime.exit(pid, 'kill');
      await clock.settle();
    };
    for (const strategy of ['oneForOne', 'oneForAll', 'restForOne', 'oneForAll'] as const) {
      const ref = await startSupervisor(runtime, { strategy, intensity: 5, period: 1_000, children });
      const [first] = await ref.whichChildren();
      await killed(first?.pid);
    }
    const dynamic = await startDynamicSupervisor(runtime, { intensity: 5, period: 1_000 });
    await killed(await dynamic.startChild(worker('a', idle, undefined)));
    expect(runtime.tally.restarts).toEqual({ oneForOne: 2, oneForAll: 2, restForOne: 1 });
  });
});

describe('dead letters', () => {
  test('are messages to the dead, and those that waited when their actor ended; calls are told to their callers', async () => {
    const { runtime, clock } = world();
    const process = spawn(runtime, () => new Promise<void>(() => {}));
    runtime.send(process, 'handled, and never done');
    await clock.settle();
    runtime.send(process, 1);
    runtime.cast(process, 2);
    runtime.exit(process, 'stop', null);
    expect(runtime.tally.deadLetters).toBe(2);
    runtime.send(process, 3);
    runtime.cast(process, 4);
    expect(runtime.tally.deadLetters).toBe(4);
  });
});

describe('time of messages', () => {
  test('one in 128 is timed: how long it waited behind others, and what its actor took', async () => {
    const { runtime, clock } = world();
    const { waits, turns } = runtime.tally;
    const quick = spawn(runtime);
    const slow = spawn(runtime, () => new Promise<void>((resolve) => void clock.setTimer(40, resolve)));
    runtime.send(quick, 'the first of all is timed');
    await clock.settle();
    expect([waits.count, turns.count]).toEqual([1, 1]);
    for (let n = 0; n < 126; n++) runtime.send(quick, n);
    await clock.settle();
    runtime.send(slow, 'not timed');
    runtime.send(slow, 'timed, and waits 40 ms');
    await clock.advance(100);
    expect([waits.count, turns.count, waits.sum]).toEqual([2, 2, 40]);
    for (let n = 0; n < 10 * 128; n++) runtime.send(quick, n);
    await clock.settle();
    expect(waits.count).toBeGreaterThan(2);
    expect(waits.count).toBeLessThanOrEqual(12);
  });

  test('one whose actor dies, or never comes to it, does not stop the others', async () => {
    const { runtime, clock } = world();
    const { waits } = runtime.tally;
    const quick = spawn(runtime);
    const many = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n++) runtime.send(quick, n);
      await clock.settle();
    };
    const stuck = async (): Promise<Process> => {
      const process = spawn(runtime, () => new Promise<void>(() => {}));
      runtime.send(process, 'is never done');
      runtime.send(process, 'timed');
      await clock.settle();
      return process;
    };
    await many(127);
    runtime.exit(await stuck(), 'stop');
    expect(waits.count).toBe(1);
    await many(128);
    expect(waits.count).toBe(2);
    await many(126);
    await stuck();
    await many(256);
    expect(waits.count).toBe(2);
    await clock.advance(10_000);
    await many(128);
    expect([waits.count, waits.sum]).toEqual([4, 10_000]);
  });
});
