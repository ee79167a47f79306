/**
 * A GenServer whose callbacks run in a thread is a GenServer like any other, seen from outside.
 */
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { NameScope } from '../../src/actor/names.ts';
import type { Process } from '../../src/actor/process.ts';
import type { Runtime } from '../../src/actor/runtime.ts';
import { startWorkerServer, workerServer, type WorkerServerOptions } from '../../src/isolation.ts';
import * as sys from '../../src/otp/sys.ts';
import { redact, ServerRef, startSupervisor, stopServer } from '../../src/otp.ts';
import { reasonOf, recorder } from '../actor/world.ts';
import { fixture, realWorld, shared, stopped, until } from './threads.ts';

const cleanup: (() => void)[] = [];
afterEach(() => {
  for (const end of cleanup.splice(0)) end();
});

async function server(
  args: unknown = 0,
  options: Partial<WorkerServerOptions> = {},
  runtime: Runtime = realWorld().runtime,
): Promise<ServerRef> {
  const ref = await startWorkerServer(
    runtime,
    { module: fixture('counter.mjs'), label: 'count', ...options },
    args,
  );
  cleanup.push(() => runtime.exit(ref.pid as Process, 'kill'));
  return ref;
}

describe('callbacks', () => {
  test('the state lives from call to call, in the order the messages were sent', async () => {
    const ref = await server(10);
    const first = ref.call('add', 1);
    ref.cast('note', 'a');
    ref.send('b');
    expect(await first).toBe(11);
    expect(await ref.call('add', 2)).toBe(13);
    expect(await ref.call('log')).toEqual(['count', 'a', 'b']);
    expect(await sys.getState(ref)).toEqual({ total: 13, log: ['count', 'a', 'b'] });
  });

  test('a continue from init comes before any queued message', async () => {
    const ref = await server('continue');
    expect(await ref.call('log')).toEqual(['continue first']);
  });

  test('a call may be answered later, by another callback', async () => {
    const ref = await server();
    const late = ref.call('later');
    ref.cast('answer', 'now');
    expect(await late).toBe('now');
    expect(await ref.call('add', 1)).toBe(1);
  });

  test('an idle timeout reaches handleInfo when nothing comes first', async () => {
    const ref = await server();
    await ref.call('idle', 10);
    await until(() => (ref.pid as Process).handled >= 2);
    expect(await ref.call('log')).toEqual(['count', 'timeout']);
  });

  test('a server sends itself a message', async () => {
    const ref = await server();
    ref.cast('remind', 'soon');
    await until(() => (ref.pid as Process).handled >= 2);
    expect(await ref.call('log')).toEqual(['count', 'soon']);
  });

  test('it sends itself as much at once as its mailbox holds, and no more: a loop that sends harms nobody', async () => {
    const ref = await server(0, { mailbox: 100 });
    expect(await ref.call('flood', 99)).toBe(99);
    await until(() => (ref.pid as Process).handled === 100);
    expect(await ref.call('flood', 1_000)).toBe(100);
    await until(() => (ref.pid as Process).handled === 201);
    expect(((await ref.call('log')) as unknown[]).length).toBe(1 + 199);
    const looping = await server(0, { deadline: 300 });
    expect(await reasonOf(looping.call('flood', Infinity))).toBe('killed');
  });

  test('what it posts to parentPort reaches nobody: a loop that posts would hold up the program', async () => {
    const emit = vi.spyOn(Worker.prototype, 'emit');
    onTestFinished(() => emit.mockRestore());
    const ref = await server();
    expect(await ref.call('post', 1_000)).toBe('posted');
    expect(await ref.call('add', 1)).toBe(1);
    const events = emit.mock.calls.map(([event]) => event);
    expect(events).toContain('online');
    expect(events).not.toContain('message');
  });

  test('the DOWN of a process it watches comes as data', async () => {
    const { runtime } = realWorld();
    const ref = await server(0, {}, runtime);
    const other = recorder(runtime).pid;
    (ref.pid as Process).monitor(other);
    runtime.exit(other, 'gone');
    await until(() => (ref.pid as Process).handled >= 1);
    expect(await ref.call('log')).toEqual(['count', { tag: 'DOWN', pid: String(other), reason: 'gone' }]);
  });

  test('what cannot be cloned is refused to its caller alone', async () => {
    const { runtime, reports } = realWorld();
    const ref = await server(0, {}, runtime);
    expect(await reasonOf(ref.call('add', () => {}))).toMatchObject({ unclonable: expect.any(String) });
    ref.cast('note', () => {});
    expect(await ref.call('add', 1)).toBe(1);
    expect(reports).toMatchObject([{ tag: 'unhandled', kind: 'object', message: { tag: 'note' } }]);
  });
});

describe('sys', () => {
  test('works on it from outside: suspended it answers later, its status does not pretend to hold the state', async () => {
    const ref = await server();
    await sys.suspend(ref);
    const call = ref.call('add', 1);
    expect(await sys.getStatus(ref)).toMatchObject({ status: 'suspended', state: 'in its worker' });
    expect((ref.pid as Process).queued).toBe(1);
    await sys.resume(ref);
    expect(await call).toBe(1);
    await sys.terminate(ref, 'shutdown');
    await until(() => !(ref.pid as Process).alive);
  });

  test('getState gives a copy of the state in the thread, before what is queued, also while it is suspended', async () => {
    const ref = await server();
    await ref.call('add', 1);
    const next = ref.call('add', 1);
    expect(await sys.getState(ref)).toEqual({ total: 1, log: ['count'] });
    expect(await next).toBe(2);
    await sys.suspend(ref);
    expect(await sys.getState(ref)).toEqual({ total: 2, log: ['count'] });
    await sys.resume(ref);
    expect(await reasonOf(sys.replaceState(ref, () => 5))).toEqual({ read_only: 'GenServer' });
    expect(await ref.call('add', 1)).toBe(3);
  });

  test('a state that cannot be cloned is told to who asks for it, and harms nobody', async () => {
    const { runtime, reports } = realWorld();
    const ref = await server(0, {}, runtime);
    expect(await ref.call('keep')).toBe('kept');
    expect(await reasonOf(sys.getState(ref))).toEqual({
      unclonable: expect.stringContaining('could not be cloned'),
    });
    expect(await ref.call('add', 2)).toBe(2);
    expect(reports).toEqual([]);
  });

  test('getState of one that waits for its thread is a timeout for who asks, not for the server', async () => {
    const ref = await server(0, { deadline: Infinity });
    const { memory, cell } = shared();
    const waiting = ref.call('until', memory, { timeout: Infinity });
    await until(() => Atomics.load(cell, 1) === 1);
    expect(await reasonOf(sys.getState(ref, 20))).toBe('timeout');
    Atomics.store(cell, 0, 1);
    expect(await waiting).toBe('done');
    expect(await sys.getState(ref)).toEqual({ total: 0, log: ['count'] });
  });
});

describe('how it ends', () => {
  test('a stop result replies, then ends it with that reason', async () => {
    const ref = await server();
    const process = ref.pid as Process;
    expect(await ref.call('end', { shutdown: 'done' })).toBe('bye');
    await until(() => !process.alive);
    expect(process.reason).toEqual({ shutdown: 'done' });
  });

  test('a throw is a crash with that error, an exit one with its reason; both are told to the caller', async () => {
    expect(await reasonOf((await server()).call('throws'))).toMatchObject({
      name: 'TypeError',
      message: 'a bug',
    });
    expect(await reasonOf((await server()).call('exits', 'enough'))).toBe('enough');
    expect(await reasonOf((await server()).call('missing'))).toMatchObject({ message: /undef/ });
    expect(await reasonOf((await server()).call('opaque'))).toMatchObject({ message: /cannot be cloned/ });
  });

  test('what formatStatus hides of reason and message, no report shows', async () => {
    const { runtime, reports } = realWorld();
    const ref = await server(0, { formatStatus: redact('secret') }, runtime);
    const secret = { secret: 'S3CRET', plain: 1 };
    expect(await reasonOf(ref.call('exits', secret))).toEqual(secret);
    const shown = reports.filter(({ tag }) => tag === 'crash' || tag === 'terminate');
    expect(shown.map(({ tag }) => tag)).toEqual(['terminate', 'crash']);
    for (const report of shown) {
      expect(report).toMatchObject({ reason: { secret: '[redacted]', plain: 1 } });
      expect(JSON.stringify('message' in report ? report.message : null)).not.toContain('S3CRET');
    }
  });

  test('a result that means nothing is bad_return_value with it, as for any server', async () => {
    const { runtime, reports } = realWorld();
    const ref = await server(0, {}, runtime);
    expect(await reasonOf(ref.call('odd'))).toEqual({ bad_return_value: 42 });
    expect((ref.pid as Process).reason).toEqual({ bad_return_value: 42 });
    expect(reports).toMatchObject([
      { tag: 'terminate', class: 'exit' },
      { tag: 'crash', reason: { bad_return_value: 42 } },
    ]);
    expect(await reasonOf((await server()).call('oddFunction'))).toEqual({
      bad_return_value: '[Function (anonymous)]',
    });
    const other = await server();
    other.cast('odd', { a: 1 });
    await until(() => !(other.pid as Process).alive);
    expect((other.pid as Process).reason).toEqual({ bad_return_value: { a: 1 } });
    const started = startWorkerServer(runtime, { module: fixture('counter.mjs') }, 'reply');
    expect(await reasonOf(started)).toEqual({ bad_return_value: { value: 1, state: 2 } });
  });

  test('init decides: ignore, stop and a throw are the failure of the start', async () => {
    const { runtime } = realWorld();
    const start = (args: unknown): Promise<unknown> =>
      reasonOf(startWorkerServer(runtime, { module: fixture('counter.mjs') }, args));
    expect(await start('ignore')).toBe('ignore');
    expect(await start('stop')).toBe('not today');
    expect(await start('throw')).toMatchObject({ name: 'RangeError', message: 'no start' });
    expect(runtime.alive).toBe(0);
  });

  test('a module that does not load is the failure of the start, in time', async () => {
    const { runtime } = realWorld();
    const start = (name: string): Promise<unknown> =>
      reasonOf(startWorkerServer(runtime, { module: fixture(name), startTimeout: 200 }));
    expect(await start('endless.mjs')).toBe('timeout');
    const broken = startWorkerServer(runtime, { module: fixture('broken.mjs') });
    expect(await reasonOf(broken)).toMatchObject({ message: 'this module does not load' });
    expect(runtime.alive).toBe(0);
  });

  test('a callback past the deadline is killed, and its loop ends', async () => {
    const ref = await server(0, { deadline: 500 });
    const { memory, cell } = shared();
    expect(await reasonOf(ref.call('spin', memory, { timeout: Infinity }))).toBe('killed');
    await stopped(cell);
  });

  test('a full heap and an exit of the thread are exit reasons that links see', async () => {
    const { runtime } = realWorld();
    const watcher = recorder(runtime, { trapExit: true });
    for (const [tag, payload, reason] of [
      ['fill', undefined, 'worker_oom'],
      ['leave', 4, { worker_exit: 4 }],
    ] as const) {
      const ref = await server(0, { heapMb: 16, deadline: 15_000 }, runtime);
      watcher.pid.link(ref.pid as Process);
      expect(await reasonOf(ref.call(tag, payload, { timeout: 15_000 }))).toEqual(reason);
      await until(() => watcher.inbox.length === 1);
      expect(watcher.inbox.pop()?.message).toMatchObject({ tag: 'EXIT', reason });
    }
  });

  test('terminate runs in the thread on the parent’s shutdown while it traps exits', async () => {
    const { runtime } = realWorld();
    const { memory, cell } = shared();
    const scope = new NameScope();
    const options = { module: fixture('stopping.mjs'), trapExit: true };
    const top = await startSupervisor(runtime, { children: [workerServer('s', options, memory, { scope })] });
    expect(await new ServerRef(runtime, { scope, name: 's' }).call('ping')).toBe('pong');
    await top.stop();
    expect(Atomics.load(cell, 1)).toBe(1);
  });

  test('stopServer ends it with its reason', async () => {
    const ref = await server();
    const { pid, runtime } = ref;
    await stopServer({ pid, runtime });
    expect((pid as Process).reason).toBe('normal');
  });
});

test('a server at rest has no timer', async () => {
  const ref = await server();
  await ref.call('add', 1);
  expect(ref.runtime.timers.size).toBe(0);
});

test('its supervisor restarts it with a fresh state, under its name', async () => {
  const { runtime } = realWorld();
  const scope = new NameScope();
  const options = { module: fixture('counter.mjs') };
  const top = await startSupervisor(runtime, { children: [workerServer('n', options, 5, { scope })] });
  cleanup.push(() => runtime.exit(top.pid as Process, 'kill'));
  const ref = new ServerRef(runtime, { scope, name: 'n' });
  const first = ref.pid as Process;
  expect(await ref.call('add', 1)).toBe(6);
  await reasonOf(ref.call('leave', 1));
  await until(() => ref.pid !== undefined && ref.pid !== first && (ref.pid as Process).status !== 0);
  expect(await ref.call('add', 1)).toBe(6);
});
