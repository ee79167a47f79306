import { describe, expect, test } from 'vitest';
import { exit } from '../../src/actor/exit-reason.ts';
import { startServer, type GenServer } from '../../src/otp/gen-server.ts';
import { ServerRef } from '../../src/otp/server-ref.ts';
import { startSupervisor, worker } from '../../src/otp/supervisor.ts';
import { startDynamicSupervisor } from '../../src/otp/dynamic-supervisor.ts';
import type { Pid } from '../../src/actor/pid.ts';
import { Runtime } from '../../src/actor/runtime.ts';
import { silentLogger } from '../../src/actor/logger.ts';
import { virtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';
import { Status, type Process } from '../../src/actor/process.ts';
import { EVERY } from '../../src/actor/tally.ts';
import { spawn, world, type Receive, type World } from './world.ts';

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
    const called = new ServerRef<{ wait(): void }>(runtime, process).call('wait', undefined);
    runtime.exit(process, 'stop', null);
    expect(runtime.tally.deadLetters).toBe(2);
    await expect(called).rejects.toThrow('stop');
    runtime.send(process, 3);
    runtime.cast(process, 4);
    expect(runtime.tally.deadLetters).toBe(4);
  });
});

describe('time', () => {
  const turnsOf = async ({ runtime, clock }: World, count: number): Promise<void> => {
    const process = spawn(runtime);
    for (let n = 0; n < count; n++) {
      runtime.send(process, n);
      await clock.settle();
    }
  };
  const sleeping =
    (clock: VirtualClock, ms: number): Receive =>
    () =>
      new Promise<void>((resolve) => void clock.setTimer(ms, resolve));

  test('one turn for 256 messages is timed, the first of all among them', async () => {
    const stage = world();
    const { waits, turns } = stage.runtime.tally;
    await turnsOf(stage, 1);
    expect([waits.count, turns.count]).toEqual([1, 1]);
    await turnsOf(stage, EVERY - 1);
    expect(waits.count).toBe(1);
    await turnsOf(stage, 10 * EVERY);
    expect([waits.count, turns.count]).toEqual([11, 11]);
  });

  test('a message takes as long as what its callback awaits', async () => {
    const { runtime, clock } = world();
    const { waits, turns } = runtime.tally;
    const process = spawn(runtime, sleeping(clock, 40));
    runtime.send(process, 'timed');
    await clock.advance(39);
    expect([waits.count, turns.count]).toEqual([1, 0]);
    await clock.advance(10);
    expect([turns.count, turns.sum]).toEqual([1, 40]);
  });

  test('an actor waits for its turn while others have theirs', async () => {
    let now = 0;
    const runtime = new Runtime({
      clock: { ...virtualClock(), now: () => now, soon: (run) => void Promise.resolve().then(run) },
      logger: silentLogger,
      budget: { milliseconds: Infinity },
    });
    const busy = spawn(runtime, () => void (now += 20));
    const last = spawn(runtime, () => void (now += 3));
    for (const process of [busy, busy, last, last]) runtime.send(process, 1);
    await new Promise((resolve) => void setImmediate(resolve));
    const { waits, turns } = runtime.tally;
    expect([waits.count, waits.sum]).toEqual([1, 40]);
    expect([turns.count, turns.sum]).toEqual([1, 3]);
  });

  test('an actor that dies in its turn, or never ends it, does not stop the others', async () => {
    const stage = world();
    const { runtime, clock } = stage;
    const { waits, turns } = runtime.tally;
    const dies = spawn(runtime, sleeping(clock, Infinity));
    runtime.send(dies, 'timed');
    await clock.settle();
    runtime.exit(dies, 'stop');
    await turnsOf(stage, EVERY - 1);
    const hangs = spawn(runtime, sleeping(clock, Infinity));
    runtime.send(hangs, 'timed');
    await clock.settle();
    expect([waits.count, turns.count]).toEqual([2, 0]);
    await turnsOf(stage, EVERY);
    expect([waits.count, turns.count]).toEqual([2, 0]);
    await clock.advance(10_000);
    await turnsOf(stage, EVERY);
    expect([waits.count, turns.count, turns.sum]).toEqual([3, 2, 10_000]);
  });

  test('nor does one that never comes to its turn', async () => {
    const stage = world();
    const { runtime, clock } = stage;
    const { waits } = runtime.tally;
    const last = spawn(runtime);
    const first = spawn(runtime, () => void (last.status = Status.waiting));
    for (const process of [first, last]) runtime.send(process, 1);
    await clock.settle();
    await turnsOf(stage, 1_000);
    expect(waits.count).toBe(0);
    await turnsOf(stage, 10_000);
    expect(waits.count).toBeGreaterThan(1);
  });
});
