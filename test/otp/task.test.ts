import { describe, expect, test } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import { startTask, startTaskLink } from '../../src/otp.ts';
import { reasonOf, spawn, world } from '../actor/world.ts';

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
