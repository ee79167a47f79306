import { describe, expect, test } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import { Exit } from '../../src/actor/monitor.ts';
import { startSupervisor } from '../../src/otp/supervisor.ts';
import { NameScope } from '../../src/actor/names.ts';
import {
  startTask,
  startTaskLink,
  startTaskSupervisor,
  taskSupervisor,
  TaskSupervisorRef,
  type Task,
} from '../../src/otp/task.ts';
import { StartError } from '../../src/otp/errors.ts';
import { Status } from '../../src/actor/process.ts';
import { silentLogger } from '../../src/actor/logger.ts';
import { createRuntime } from '../../src/otp.ts';
import { failure, reasonOf, recorder, spawn, world, type World } from '../actor/world.ts';

describe('a task', () => {
  test('gives its result, synchronous, asynchronous or thenable, and ends normal', async () => {
    const { runtime, reports } = world();
    const thenable = { then: (done: (value: number) => void) => done(7) } as PromiseLike<number>;
    for (const body of [() => 7, () => Promise.resolve(7), () => thenable]) {
      const task = startTask(runtime, body);
      expect(await task.await()).toBe(7);
      expect((task.pid as Process).reason).toBe('normal');
    }
    expect(reports).toEqual([]);
  });

  test('runs in a process of its own that it sees as self', async () => {
    const { runtime } = world();
    const task = startTask(runtime, (self) => self.pid, { label: 'worker' });
    expect(await task.await()).toBe(task.pid);
    expect((task.pid as Process).label).toBe('worker');
  });

  test('a crash rejects with what was thrown and is reported', async () => {
    const { runtime, reports } = world();
    const bug = new Error('bug');
    for (const body of [
      () => {
        throw bug;
      },
      () => Promise.reject(bug),
    ]) {
      expect(await reasonOf(startTask(runtime, body).await())).toBe(bug);
    }
    expect(reports.map(({ tag }) => tag)).toEqual(['crash', 'crash']);
  });

  test('a crash that nobody waits for is no unhandled rejection', async () => {
    const { runtime, clock, reports } = world();
    startTask(runtime, () => Promise.reject(new Error('bug')));
    await clock.settle();
    expect(reports.length).toBe(1);
  });

  test('a linked one takes its owner along when it crashes, and dies with it', async () => {
    const { runtime, clock } = world();
    const owner = spawn(runtime);
    startTaskLink(owner, () => Promise.reject(new Error('bug')));
    await clock.settle();
    expect(String(owner.reason)).toBe('Error: bug');
    const second = spawn(runtime);
    const task = startTaskLink(second, () => new Promise(() => {}));
    const reason = reasonOf(task.await());
    runtime.exit(second, 'gone');
    expect(await reason).toBe('gone');
  });

  test('one that is not linked harms nobody, and outlives its owner', async () => {
    const { runtime, clock } = world();
    const owner = spawn(runtime);
    const crashing = startTask(owner, () => Promise.reject(new Error('bug')));
    await reasonOf(crashing.await());
    expect(owner.alive).toBe(true);
    let finish: (value: number) => void = () => {};
    const task = startTask(owner, () => new Promise<number>((resolve) => (finish = resolve)));
    await clock.settle();
    runtime.exit(owner, 'gone');
    finish(3);
    expect(await task.await()).toBe(3);
  });

  test('below a dead owner it does not run', async () => {
    const { runtime } = world();
    const owner = spawn(runtime);
    runtime.exit(owner, 'gone');
    expect(await reasonOf(startTaskLink(owner, () => expect.fail()).await())).toBe('noproc');
  });
});

describe('await and yield', () => {
  const endless = () => {
    const all = world();
    const aborted: unknown[] = [];
    const task = startTask(all.runtime, (self) => {
      self.signal.addEventListener('abort', () => aborted.push(self.signal.reason));
      return new Promise<number>(() => {});
    });
    return { ...all, task, aborted, process: task.pid as Process };
  };

  test('await gives up after 5,000 ms by default and kills the task', async () => {
    const { task, clock, process, aborted } = endless();
    const reason = reasonOf(task.await());
    await clock.advance(4_999);
    expect(process.alive).toBe(true);
    await clock.advance(1);
    expect(await reason).toBe('timeout');
    expect([process.reason, aborted]).toEqual(['killed', ['killed']]);
  });

  test('yield gives nothing after its time and the task runs on; later it gives the result', async () => {
    const { runtime, clock } = world();
    const task = startTask(
      runtime,
      (self) =>
        new Promise<string>((resolve) => {
          self.runtime.timers.after(100, () => resolve('done'));
        }),
    );
    const early = task.yield(50);
    await clock.advance(50);
    expect(await early).toBeUndefined();
    const late = task.yield(100);
    await clock.advance(50);
    expect(await late).toEqual({ value: 'done' });
    expect(await task.yield(Infinity)).toEqual({ value: 'done' });
    expect(runtime.timers.size).toBe(0);
  });

  test('kill ends it with killed; what its promise does later is dropped', async () => {
    const { task, clock } = endless();
    await clock.settle();
    const reason = reasonOf(task.await());
    task.kill();
    expect(await reason).toBe('killed');
  });

  test('its own timeout kills it, and the result is timeout', async () => {
    const { runtime, clock } = world();
    const task = startTask(runtime, () => new Promise(() => {}), { timeout: 20 });
    const reason = reasonOf(task.await(Infinity));
    await clock.advance(20);
    expect(await reason).toBe('timeout');
    expect((task.pid as Process).reason).toBe('killed');
    expect(runtime.timers.size).toBe(0);
  });
});

/** An actor that starts a task when told to and waits for it in its callback. */
function waiter(
  { runtime }: World,
  start: (self: Process) => Task<unknown>,
  wait: (task: Task<unknown>) => Promise<unknown>,
) {
  const seen: { task?: Task<unknown>; got?: unknown; terminated?: unknown } = {};
  const actor = spawn(
    runtime,
    async (_kind, _message, self) => {
      const task = start(self);
      seen.task = task;
      seen.got = await wait(task);
    },
    { terminate: (reason) => void (seen.terminated = reason) },
  );
  runtime.send(actor, 'go');
  return { actor, seen };
}

const pidOf = (task: Task<unknown> | undefined): Process => task?.pid as Process;

const never = (): Promise<never> => new Promise(() => {});

test('who waits longest for a task is told first', async () => {
  const { runtime } = world();
  const told: number[] = [];
  const task = startTask(runtime, () => Promise.resolve('done'));
  await Promise.all([1, 2, 3, 4].map((one) => task.await().then(() => told.push(one))));
  expect(told).toEqual([1, 2, 3, 4]);
});

test('options that are no options reject, they do not throw', async () => {
  const { runtime } = world();
  const task = startTask(runtime, () => 1);
  await expect(task.await(null as never)).rejects.toThrow('options must be milliseconds or an object');
  await expect(task.yield('5' as never)).rejects.toThrow('options must be milliseconds or an object');
});

describe('an eager task', () => {
  test('has run up to its first await when its start returns, in a process of its own', async () => {
    const { runtime, clock } = world();
    const seen: unknown[] = [];
    const task = startTask(
      runtime,
      async (self) => {
        seen.push(self.pid);
        await Promise.resolve();
        seen.push('after');
        return 7;
      },
      { eager: true },
    );
    expect(seen).toEqual([task.pid]);
    expect(await task.await()).toBe(7);
    await clock.settle();
    expect([seen[1], (task.pid as Process).reason, runtime.alive]).toEqual(['after', 'normal', 0]);
  });

  test('that throws at once rejects, is reported, and harms nobody else', async () => {
    const { runtime, reports } = world();
    const bug = new Error('bug');
    const task = startTask(
      runtime,
      () => {
        throw bug;
      },
      { eager: true },
    );
    expect((task.pid as Process).alive).toBe(false);
    expect(await reasonOf(task.await())).toBe(bug);
    expect(reports.map(({ tag }) => tag)).toEqual(['crash']);
  });

  test('keeps its own timeout, also below a supervisor', async () => {
    const { runtime, clock } = world();
    const tasks = await startTaskSupervisor(runtime);
    for (const start of [
      () => startTask(runtime, never, { eager: true, timeout: 10 }),
      () => tasks.asyncNolink(null, never, { eager: true, timeout: 10 }),
    ]) {
      const task = start();
      await clock.advance(9);
      expect((task.pid as Process).alive).toBe(true);
      await clock.advance(1);
      expect([(task.pid as Process).reason, await reasonOf(task.await())]).toEqual(['killed', 'timeout']);
    }
  });

  test('below a supervisor runs at once too', async () => {
    const { runtime } = world();
    const tasks = await startTaskSupervisor(runtime);
    let ran = false;
    const task = tasks.asyncNolink(null, () => (ran = true), { eager: true });
    expect(ran).toBe(true);
    expect(await task.await()).toBe(true);
  });

  test('shows nothing of the runtime as its state', async () => {
    const { runtime } = world();
    const task = startTask(runtime, never, { eager: true });
    expect((task.pid as Process).state).toBeUndefined();
  });

  test('startChild has it run at once as well', async () => {
    const { runtime } = world();
    const tasks = await startTaskSupervisor(runtime);
    let ran = false;
    tasks.startChild(() => (ran = true), { eager: true });
    expect(ran).toBe(true);
  });

  test('in an endless row leaves the event loop its turns', async () => {
    const runtime = createRuntime({ logger: silentLogger, budget: { messages: 100 } });
    let turned = false;
    setImmediate(() => (turned = true));
    let made = 0;
    while (!turned && made < 100_000) {
      await startTask(runtime, () => made++, { eager: true }).await();
    }
    expect(made).toBeLessThan(1_000);
  });

  test('eight deep the next one takes its turn: no chain of them overflows the stack', async () => {
    const { runtime, clock } = world();
    let at = 0;
    let deepest = 0;
    let left = 10_000;
    const nest = (): void => {
      deepest = Math.max(deepest, ++at);
      if (--left > 0) startTask(runtime, nest, { eager: true });
      at--;
    };
    startTask(runtime, nest, { eager: true });
    await clock.settle();
    // the one that took its turn, and eight within it
    expect([left, deepest, runtime.alive]).toEqual([0, 9, 0]);
  });
});

describe('a timeout of await', () => {
  test('ends the actor that waits, with terminate and a report, and the linked task with it', async () => {
    const all = world();
    const { actor, seen } = waiter(
      all,
      (self) => startTaskLink(self, never),
      (task) => task.await(),
    );
    await all.clock.advance(4_999);
    expect(actor.status).toBe(Status.waiting);
    await all.clock.advance(1);
    expect(actor.reason).toBe('timeout');
    expect(seen.terminated).toBe(actor.reason);
    expect(pidOf(seen.task).reason).toBe(actor.reason);
    expect(all.reports.filter(({ tag, pid }) => tag === 'crash' && pid === actor).length).toBe(1);
  });

  test('ends it also when it catches everything', async () => {
    const all = world();
    const { actor, seen } = waiter(
      all,
      (self) => startTaskLink(self, never),
      (task) => task.await(10).catch(() => 'caught'),
    );
    await all.clock.advance(10);
    expect(actor.alive).toBe(false);
    expect(seen.got).toBe('caught');
  });

  test('ends an actor that waits after another await too, and one that is still starting', async () => {
    const all = world();
    const { actor } = waiter(
      all,
      (self) => startTaskLink(self, never),
      async (task) => {
        await Promise.resolve();
        return task.await(10);
      },
    );
    const starting = all.runtime.spawn({ type: 'Starting', receive: () => expect.fail() });
    const late = reasonOf(startTaskLink(starting, never).await(10));
    await all.clock.advance(10);
    expect([actor.alive, starting.alive, await late]).toEqual([false, false, 'timeout']);
  });

  test('leaves a task that is not linked running', async () => {
    const all = world();
    const { actor, seen } = waiter(
      all,
      (self) => startTask(self, never),
      (task) => task.await(10),
    );
    await all.clock.advance(10);
    expect([actor.alive, pidOf(seen.task).alive]).toEqual([false, true]);
  });

  test('a signal ends only the wait', async () => {
    const { runtime, clock } = world();
    const owner = spawn(runtime);
    const task = startTaskLink(owner, never);
    const abort = new AbortController();
    const waiting = reasonOf(task.await({ timeout: Infinity, signal: abort.signal }));
    await clock.settle();
    abort.abort('enough');
    expect(await waiting).toEqual({ canceled: 'enough' });
    expect(await reasonOf(task.await({ signal: abort.signal }))).toEqual({ canceled: 'enough' });
    expect([owner.alive, (task.pid as Process).alive]).toEqual([true, true]);
    expect(runtime.timers.size).toBe(0);
  });

  test.each([Number.NaN, -1])('%s is a RangeError', async (timeout) => {
    const { runtime } = world();
    expect(await failure(startTask(runtime, never).await(timeout))).toBeInstanceOf(RangeError);
  });
});

describe('shutdown', () => {
  test('stops a linked task, gives nothing, and its owner goes on', async () => {
    const { runtime, reports } = world();
    const owner = spawn(runtime);
    const task = startTaskLink(owner, never);
    expect(await task.shutdown()).toBeUndefined();
    expect([(task.pid as Process).reason, owner.alive, reports]).toEqual(['shutdown', true, []]);
  });

  test('gives a result that had already arrived', async () => {
    const { runtime, clock } = world();
    const task = startTaskLink(spawn(runtime), () => undefined);
    await clock.settle();
    expect(await task.shutdown()).toEqual({ value: undefined });
  });

  test('gives a result that comes while the task is asked to end, and kills one that does not', async () => {
    const { runtime, clock } = world();
    const owner = spawn(runtime);
    const stubborn = (ms: number): Task<string> =>
      startTaskLink(owner, (self) => {
        self.trapExit = true;
        return new Promise((resolve) => {
          self.runtime.timers.after(ms, () => resolve('done'));
        });
      });
    const [quick, slow] = [stubborn(4_000), stubborn(6_000)];
    await clock.settle();
    const ends = [quick.shutdown(), slow.shutdown()];
    await clock.advance(5_000);
    expect(await Promise.all(ends)).toEqual([{ value: 'done' }, undefined]);
    expect([(slow.pid as Process).reason, owner.alive]).toEqual(['killed', true]);
  });

  test('brutalKill kills at once, also a task that traps exits', async () => {
    const { runtime, clock } = world();
    const owner = spawn(runtime);
    const task = startTaskLink(owner, (self) => {
      self.trapExit = true;
      return never();
    });
    await clock.settle();
    expect(await task.shutdown('brutalKill')).toBeUndefined();
    expect([(task.pid as Process).reason, owner.alive]).toEqual(['killed', true]);
  });

  test('rejects with the reason of a task that had crashed', async () => {
    const { runtime, clock } = world();
    const task = startTask(runtime, () => Promise.reject(new Error('bug')));
    await clock.settle();
    expect(String(await reasonOf(task.shutdown()))).toBe('Error: bug');
  });
});

describe('a task supervisor', () => {
  const begin = async (spec = {}) => {
    const all = world();
    return { ...all, tasks: await startTaskSupervisor(all.runtime, spec), owner: spawn(all.runtime) };
  };

  test('has the tasks as its temporary children; their crashes burn no intensity', async () => {
    const { tasks, runtime, clock, owner } = await begin();
    const bad = Array.from({ length: 20 }, () =>
      tasks.asyncNolink(owner, () => Promise.reject(new Error('bug'))),
    );
    const good = tasks.asyncNolink(owner, () => 7);
    expect(tasks.children.length).toBe(21);
    expect(await good.await()).toBe(7);
    for (const task of bad) expect(String(await reasonOf(task.await()))).toBe('Error: bug');
    await clock.settle();
    expect([tasks.children, (tasks.pid as Process).alive, owner.alive]).toEqual([[], true, true]);
    expect(runtime.alive).toBe(2);
  });

  test('async links caller and task: a crash takes a caller along that does not trap exits', async () => {
    const { tasks, runtime, clock, owner } = await begin();
    const bug = new Error('bug');
    const other = recorder(runtime, { trapExit: true });
    tasks.async(owner, () => Promise.reject(bug));
    const task = tasks.async(other.pid, () => Promise.reject(bug));
    expect(await reasonOf(task.await())).toBe(bug);
    await clock.settle();
    expect(owner.reason).toBe(bug);
    expect(other.inbox.map(({ message }) => message)).toEqual([new Exit(task.pid, bug)]);
    expect((tasks.pid as Process).alive).toBe(true);
  });

  test('async: the task dies with its caller; asyncNolink: it runs on', async () => {
    const { tasks, runtime, clock, owner } = await begin();
    tasks.async(owner, never);
    const other = tasks.asyncNolink(owner, never);
    runtime.exit(owner, 'gone');
    await clock.settle();
    expect(tasks.children).toEqual([other.pid]);
    expect(await reasonOf(tasks.async(owner, () => expect.fail()).await())).toBe('noproc');
  });

  test('more than maxChildren is max_children, a stopped one noproc; nothing runs', async () => {
    const { tasks } = await begin({ maxChildren: 1 });
    const first = tasks.startChild(never) as Process;
    const start = (): unknown => tasks.asyncNolink(null, () => expect.fail());
    expect(start).toThrow(StartError);
    expect(start).toThrow('max_children');
    expect(await tasks.stop()).toBe('shutdown');
    expect(first.reason).toBe('shutdown');
    expect(start).toThrow('noproc');
  });

  test('startChild runs for what it does, within its timeout', async () => {
    const { tasks, clock } = await begin();
    const done: string[] = [];
    tasks.startChild(() => void done.push('a'), { label: 'a' });
    const slow = tasks.startChild(never, { timeout: 10 }) as Process;
    await clock.advance(10);
    expect([done, slow.reason, tasks.children]).toEqual([['a'], 'killed', []]);
  });

  test('below a supervisor it is found by name, also after a restart', async () => {
    const { runtime, clock } = await begin();
    const scope = new NameScope();
    await startSupervisor(runtime, { children: [taskSupervisor('tasks', {}, { scope })] });
    const tasks = new TaskSupervisorRef(runtime, { scope, name: 'tasks' });
    const before = tasks.pid as Process;
    runtime.exit(before, 'kill');
    await clock.settle();
    expect(tasks.pid).not.toBe(before);
    expect(await tasks.asyncNolink(null, () => 3).await()).toBe(3);
  });
});
