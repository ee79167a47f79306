/**
 * The pool as its callers see it: what a function in a thread gives, how it fails, and what a lost thread costs.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { NameScope } from '../../src/actor/names.ts';
import type { Process } from '../../src/actor/process.ts';
import type { Report } from '../../src/actor/report.ts';
import { childrenOf } from '../../src/actor/tree.ts';
import { startWorkerPool, workerPool, WorkerPoolRef, type WorkerPoolOptions } from '../../src/isolation.ts';
import { startSupervisor } from '../../src/otp.ts';
import type * as Functions from './fixtures/work.mjs';
import { failed, figures, fixture, realWorld, shared, stopped, until } from './threads.ts';

type Work = typeof Functions;

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0)) await end();
});

async function pool(options: Partial<WorkerPoolOptions> = {}): Promise<WorkerPoolRef<Work>> {
  const { runtime } = realWorld();
  const ref = await startWorkerPool<Work>(runtime, {
    module: fixture('work.mjs'),
    size: 1,
    spare: 0,
    drain: 0,
    ...options,
  });
  cleanup.push(() => ref.stop());
  return ref;
}

describe('call', () => {
  test('gives what the function returns or resolves with', async () => {
    const ref = await pool();
    expect(await ref.call('add', [2, 3])).toBe(5);
    expect(await ref.call('later', [{ a: [new Date(0), new Map([[1, 2]])] }])).toEqual({
      a: [new Date(0), new Map([[1, 2]])],
    });
  });

  test('runs in another thread, the same one as long as nothing ends it', async () => {
    const ref = await pool();
    const first = await ref.call('thread', []);
    expect(first).not.toBe((await import('node:worker_threads')).threadId);
    expect(await ref.call('thread', [])).toBe(first);
  });

  test('a throw or a rejection is told with name, code and stack, and the thread lives on', async () => {
    const ref = await pool();
    const thread = await ref.call('thread', []);
    const thrown = await failed(ref.call('fail', ['no']));
    expect(thrown).toMatchObject({
      tag: 'threw',
      error: { name: 'RangeError', message: 'no', code: 'E_TEST' },
    });
    expect((thrown as { error: Error }).error.stack).toContain('work.mjs');
    expect(await failed(ref.call('reject', []))).toMatchObject({ tag: 'threw', error: { message: 'later' } });
    expect(await failed(ref.call('failOddly', []))).toMatchObject({ tag: 'threw' });
    expect(await ref.call('thread', [])).toBe(thread);
  });

  test('what cannot be cloned is a typed error on either side, and the thread lives on', async () => {
    const ref = await pool();
    const thread = await ref.call('thread', []);
    expect(await failed(ref.call('later', [() => {}]))).toMatchObject({
      tag: 'unclonable',
      what: 'arguments',
    });
    const evil = {
      get value(): number {
        throw new Error('a getter throws');
      },
    };
    expect(await failed(ref.call('later', [evil]))).toMatchObject({ tag: 'unclonable', what: 'arguments' });
    expect(await failed(ref.call('opaque', []))).toMatchObject({ tag: 'unclonable', what: 'result' });
    expect(await ref.call('thread', [])).toBe(thread);
  });

  test('a name that is no exported function is no_function', async () => {
    const ref = (await pool()) as unknown as WorkerPoolRef;
    for (const name of ['missing', 'notFunction', 'toString', '__proto__'])
      expect(await failed(ref.call(name, []))).toEqual({ tag: 'no_function', name });
  });

  test('moves an ArrayBuffer that is to be transferred and copies any other', async () => {
    const ref = await pool();
    const moved = new ArrayBuffer(1_024);
    const copied = new ArrayBuffer(1_024);
    expect(await ref.call('size', [moved], { transfer: [moved] })).toBe(1_024);
    expect(await ref.call('size', [copied])).toBe(1_024);
    expect([moved.byteLength, copied.byteLength]).toEqual([0, 1_024]);
  });

  test('more than maxQueue waiting calls are refused at once, and those that waited run', async () => {
    const ref = await pool({ maxQueue: 2 });
    const { memory, cell } = shared();
    const running = ref.call('until', [memory]);
    await until(() => Atomics.load(cell, 1) === 1);
    const waiting = [ref.call('add', [1, 1]), ref.call('add', [2, 2])];
    expect(await failed(ref.call('add', [3, 3]))).toEqual({ tag: 'overloaded', bound: 'queue' });
    expect(figures(ref as never)).toMatchObject({ running: 1, waiting: 2, refused: 1 });
    Atomics.store(cell, 0, 1);
    await running;
    expect(await Promise.all(waiting)).toEqual([2, 4]);
  });

  test('a call that times out while it waits gives its place back and harms no thread', async () => {
    const ref = await pool({ maxQueue: 1 });
    const { memory, cell } = shared();
    const running = ref.call('until', [memory]);
    await until(() => Atomics.load(cell, 1) === 1);
    expect(await failed(ref.call('add', [1, 1], { timeout: 20 }))).toEqual({ tag: 'timeout' });
    const second = ref.call('add', [2, 2]);
    Atomics.store(cell, 0, 1);
    const thread = await running;
    expect(await second).toBe(4);
    expect(await ref.call('thread', [])).toBe(thread);
  });
});

describe('a thread that is lost', () => {
  test('an endless loop is ended at its deadline, and the spare takes the next call', async () => {
    const ref = await pool({ spare: 1 });
    const { memory, cell } = shared();
    const start = performance.now();
    expect(await failed(ref.call('spin', [memory], { timeout: 500 }))).toEqual({ tag: 'timeout' });
    expect(await ref.call('add', [1, 2])).toBe(3);
    expect((await stopped(cell)) - start).toBeLessThan(500 + 500);
    await until(() => figures(ref as never).idle === 2);
    expect(figures(ref as never)).toMatchObject({ killed: 1, crashed: 0, idle: 2 });
  });

  test('a caller that gives up ends the function that runs, which is nobody’s crash', async () => {
    const ref = await pool();
    const reports: Report[] = [];
    ref.runtime.onReport((report) => reports.push(report));
    const { memory, cell } = shared();
    const control = new AbortController();
    const call = failed(ref.call('spin', [memory], { timeout: Infinity, signal: control.signal }));
    await until(() => Atomics.load(cell, 0) > 0);
    control.abort('enough');
    expect(await call).toEqual({ tag: 'canceled', reason: 'enough' });
    expect(await ref.call('add', [1, 2])).toBe(3);
    await stopped(cell);
    expect(reports).toEqual([]);
  });

  test('a full heap is worker_oom for its call, whose process exits with it', async () => {
    const { runtime, reports } = realWorld();
    const ref = await startWorkerPool<Work>(runtime, {
      module: fixture('work.mjs'),
      size: 1,
      spare: 0,
      heapMb: 16,
      drain: 0,
    });
    cleanup.push(() => ref.stop());
    const [worker] = childrenOf(ref.pid as Process);
    expect(await failed(ref.call('fill', [], { timeout: 15_000 }))).toEqual({
      tag: 'exit',
      reason: 'worker_oom',
    });
    expect(worker?.alive).toBe(false);
    expect(worker?.reason).toBe('worker_oom');
    expect(await ref.call('add', [1, 2])).toBe(3);
    expect(reports.filter(({ tag }) => tag !== 'progress')).toMatchObject([
      { tag: 'crash', type: 'Worker', reason: 'worker_oom' },
      { tag: 'supervisor', context: 'child_terminated', reason: 'worker_oom' },
    ]);
  });

  test('process.exit is worker_exit with its code, also 0', async () => {
    const ref = await pool();
    for (const code of [3, 0])
      expect(await failed(ref.call('leave', [code]))).toEqual({ tag: 'exit', reason: { worker_exit: code } });
    expect(await ref.call('add', [1, 2])).toBe(3);
  });

  test('what is thrown outside a call is the exit reason', async () => {
    const ref = await pool();
    expect(await failed(ref.call('explode', []))).toMatchObject({
      tag: 'exit',
      reason: { message: 'nobody catches this' },
    });
    expect(await ref.call('explodeLater', [])).toBe('done');
    await until(() => figures(ref as never).crashed === 2);
    expect(await ref.call('add', [1, 2])).toBe(3);
  });

  test('threads that die under a call count for no intensity', async () => {
    const ref = await pool({ intensity: 0 });
    for (let n = 0; n < 3; n++) await failed(ref.call('leave', [1]));
    expect(await ref.call('add', [1, 2])).toBe(3);
  });

  test('threads that die without one do: beyond the intensity the pool exits with shutdown', async () => {
    const { runtime, reports } = realWorld();
    const ref = await startWorkerPool<Work>(runtime, {
      module: fixture('work.mjs'),
      size: 1,
      spare: 0,
      intensity: 1,
      period: 60_000,
    });
    const process = ref.pid as Process;
    for (let n = 0; n < 2; n++) {
      await until(() => figures(ref as never).idle === 1);
      for (const worker of childrenOf(process)) runtime.exit(worker, 'kill');
    }
    await until(() => !process.alive);
    expect(process.reason).toBe('shutdown');
    expect(reports.at(-1)).toMatchObject({ context: 'shutdown', reason: 'reached_max_restart_intensity' });
    expect(await failed(ref.call('add', [1, 2]))).toEqual({ tag: 'exit', reason: 'noproc' });
  });
});

describe('start', () => {
  test('fails with what the module throws', async () => {
    const { runtime } = realWorld();
    const start = startWorkerPool(runtime, { module: fixture('broken.mjs'), size: 2 });
    await expect(start).rejects.toMatchObject({
      name: 'StartError',
      reason: { message: 'this module does not load' },
    });
    expect(runtime.alive).toBe(0);
  });

  test('fails with timeout when the module does not load in time', async () => {
    const { runtime } = realWorld();
    const start = startWorkerPool(runtime, {
      module: fixture('endless.mjs'),
      size: 1,
      spare: 0,
      startTimeout: 100,
    });
    await expect(start).rejects.toMatchObject({ name: 'StartError', reason: 'timeout' });
  });

  test('is given up when its signal fires, and leaves nothing', async () => {
    const { runtime } = realWorld();
    const control = new AbortController();
    const options = { module: fixture('endless.mjs'), size: 2, spare: 0 };
    const start = startWorkerPool(runtime, options, { signal: control.signal });
    await until(() => runtime.alive === 3);
    control.abort('enough');
    await expect(start).rejects.toMatchObject({ reason: { canceled: 'enough' } });
    expect(runtime.alive).toBe(0);
  });

  test('refuses options that make no sense, by name', async () => {
    const { runtime } = realWorld();
    const bad: readonly (readonly [Partial<WorkerPoolOptions>, string])[] = [
      [{ size: 0 }, 'size'],
      [{ spare: -1 }, 'spare'],
      [{ maxQueue: 1.5 }, 'maxQueue'],
      [{ heapMb: 1 }, 'heapMb'],
      [{ stackMb: 0 }, 'stackMb'],
      [{ startTimeout: 0 }, 'startTimeout'],
      [{ timeout: 0 }, 'timeout'],
      [{ drain: -1 }, 'drain'],
      [{ intensity: -1 }, 'intensity'],
      [{ module: './work.mjs' }, 'module'],
    ];
    for (const [options, name] of bad)
      await expect(startWorkerPool(runtime, { module: fixture('work.mjs'), ...options })).rejects.toThrow(
        name,
      );
    expect(runtime.spawned).toBe(0);
  });
});

test('a pool at rest has no timer', async () => {
  const ref = await pool({ spare: 1 });
  await ref.call('add', [1, 2]);
  expect(ref.runtime.timers.size).toBe(0);
});

describe('stop', () => {
  test('lets accepted calls finish, refuses new ones, and leaves no thread', async () => {
    const ref = await pool({ drain: 15_000 });
    const process = ref.pid as Process;
    const { memory, cell } = shared();
    const running = ref.call('until', [memory]);
    await until(() => Atomics.load(cell, 1) === 1);
    const waiting = ref.call('add', [1, 2]);
    await until(() => figures(ref as never).waiting === 1);
    const stopped = ref.stop();
    await until(() => process.status === 5);
    expect(await failed(ref.call('add', [1, 2]))).toEqual({ tag: 'exit', reason: 'shutdown' });
    Atomics.store(cell, 0, 1);
    expect(await waiting).toBe(3);
    expect(typeof (await running)).toBe('number');
    expect(await stopped).toBe('shutdown');
    expect([...childrenOf(process)]).toEqual([]);
  });

  test('a call made right before it, in the same tick, is an accepted one', async () => {
    const ref = await pool({ size: 1, drain: 15_000 });
    const calls = [ref.call('later', [1]), ref.call('later', [2])];
    const stopped = ref.stop();
    const late = failed(ref.call('later', [3]));
    expect(await Promise.all(calls)).toEqual([1, 2]);
    expect(await late).toEqual({ tag: 'exit', reason: 'shutdown' });
    expect(await stopped).toBe('shutdown');
  });

  test('ends what is not done within drain', async () => {
    const ref = await pool({ drain: 50 });
    const { memory, cell } = shared();
    const running = failed(ref.call('spin', [memory], { timeout: Infinity }));
    await until(() => Atomics.load(cell, 0) > 0);
    expect(await ref.stop()).toBe('shutdown');
    expect(await running).toEqual({ tag: 'exit', reason: 'shutdown' });
  });

  test('a pool that is killed takes its threads along', async () => {
    const ref = await pool();
    const { memory, cell } = shared();
    const running = failed(ref.call('spin', [memory], { timeout: Infinity }));
    await until(() => Atomics.load(cell, 0) > 0);
    ref.runtime.exit(ref.pid as Process, 'kill');
    expect(await running).toEqual({ tag: 'exit', reason: 'killed' });
    await stopped(cell);
    expect(ref.runtime.alive).toBe(0);
  });
});

test('as a child it is found by name, and restarted by its supervisor', async () => {
  const { runtime } = realWorld();
  const scope = new NameScope();
  const top = await startSupervisor(runtime, {
    intensity: 1,
    period: 60_000,
    children: [workerPool('cpu', { module: fixture('work.mjs'), size: 1, spare: 0, drain: 0 }, { scope })],
  });
  cleanup.push(() => top.stop());
  const ref = new WorkerPoolRef<Work>(runtime, { scope, name: 'cpu' });
  expect(await ref.call('add', [1, 2])).toBe(3);
  const first = ref.pid as Process;
  runtime.exit(first, 'kill');
  await until(() => ref.pid !== undefined && ref.pid !== first);
  await until(() => (ref.pid as Process).status !== 0);
  expect(await ref.call('add', [2, 2])).toBe(4);
});
