import { addAbortListener } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { exit } from '../../src/actor/exit-reason.ts';
import { failure, recorder, spawn, world } from './world.ts';

const faulty = (): never => {
  throw new Error('faulty');
};
const rejecting = (): Promise<never> => Promise.reject(new Error('faulty'));
/** What Node rethrows comes on `nextTick`: after a turn it is here. */
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

const uncaught: unknown[] = [];
const note = (error: unknown): void => void uncaught.push(error);
let before: NodeJS.UncaughtExceptionListener[] = [];
beforeEach(() => {
  uncaught.length = 0;
  before = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').on('uncaughtException', note);
});
afterEach(() => {
  process.removeAllListeners('uncaughtException');
  for (const listener of before) process.on('uncaughtException', listener);
});

const dying = () => {
  const all = world();
  const pid = spawn(all.runtime);
  const kill = async (): Promise<void> => {
    all.runtime.exit(pid, 'gone');
    await turn();
  };
  return { ...all, pid, signal: pid.signal, kill };
};

describe('what an abort listener throws is a crash report of its process, and nothing else', () => {
  test.each<[string, (signal: AbortSignal) => void]>([
    ['a function', (signal) => signal.addEventListener('abort', faulty)],
    ['once', (signal) => signal.addEventListener('abort', faulty, { once: true })],
    ['an object', (signal) => signal.addEventListener('abort', { handleEvent: faulty })],
    ['an object without handleEvent', (signal) => signal.addEventListener('abort', {} as never)],
    ['an async function', (signal) => signal.addEventListener('abort', rejecting as () => void)],
    ['onabort', (signal) => void (signal.onabort = faulty)],
    ['addAbortListener', (signal) => void addAbortListener(signal, faulty)],
  ])('%s', async (_, listen) => {
    const { pid, signal, reports, kill, runtime } = dying();
    const watcher = recorder(runtime);
    runtime.monitor(watcher.pid, pid);
    const seen: unknown[] = [];
    listen(signal);
    signal.addEventListener('abort', () => seen.push(signal.reason));
    await kill();
    expect(uncaught).toEqual([]);
    expect(reports).toMatchObject([{ tag: 'crash', pid, reason: expect.any(Error) as Error }]);
    expect(seen).toEqual(['gone']);
    expect(watcher.inbox.length + watcher.pid.queued).toBe(1);
  });

  test('exit(reason) with an orderly reason is no crash', async () => {
    const { signal, reports, kill } = dying();
    signal.addEventListener('abort', () => exit('normal'));
    await kill();
    expect([uncaught, reports]).toEqual([[], []]);
  });
});

describe('it is a real signal', () => {
  test('of its class, the same one each time; aborted, reason and throwIfAborted', async () => {
    const { pid, signal, kill } = dying();
    expect(signal).toBeInstanceOf(AbortSignal);
    expect(Object.prototype.toString.call(signal)).toBe('[object AbortSignal]');
    expect(pid.signal).toBe(signal);
    signal.throwIfAborted();
    await kill();
    expect([signal.aborted, signal.reason]).toEqual([true, 'gone']);
    expect(spawn(world().runtime).signal).not.toBe(signal);
  });

  test('listeners get the event and `this`; adding twice is adding once; removing takes the function given', async () => {
    const { signal, kill } = dying();
    const seen: unknown[] = [];
    function listener(this: unknown, event: Event): void {
      seen.push(this, event.type, event.target);
    }
    const object = { handleEvent: (event: Event) => void seen.push(object, event.type) };
    const removed = (): void => void seen.push('removed');
    for (let i = 0; i < 2; i++) {
      signal.addEventListener('abort', listener);
      signal.addEventListener('abort', removed, { capture: true });
      signal.addEventListener('abort', object);
    }
    signal.removeEventListener('abort', removed);
    signal.removeEventListener('abort', removed, { capture: true });
    signal.removeEventListener('abort', faulty);
    signal.addEventListener('abort', null as never);
    await kill();
    expect(seen).toEqual([signal, 'abort', signal, object, 'abort']);
  });

  test('once, and options.signal', async () => {
    const { signal, kill } = dying();
    const seen: string[] = [];
    const controller = new AbortController();
    signal.addEventListener('other', () => seen.push('once'), { once: true });
    signal.addEventListener('abort', () => seen.push('withdrawn'), { signal: controller.signal });
    signal.dispatchEvent(new Event('other'));
    signal.dispatchEvent(new Event('other'));
    controller.abort();
    await kill();
    expect(seen).toEqual(['once']);
  });

  test('onabort is what was set, is called once, and can be taken away', async () => {
    const seen: string[] = [];
    const first = dying();
    expect(first.signal.onabort).toBeNull();
    const listener = (): void => void seen.push('first');
    first.signal.onabort = () => expect.fail('replaced');
    first.signal.onabort = listener;
    expect(first.signal.onabort).toBe(listener);
    await first.kill();
    const second = dying();
    second.signal.onabort = listener;
    second.signal.onabort = null;
    expect(second.signal.onabort).toBeNull();
    await second.kill();
    expect(seen).toEqual(['first']);
  });

  test('ends what others wait for: AbortSignal.any, timers, fetch', async () => {
    const { signal, kill } = dying();
    const any = AbortSignal.any([signal, new AbortController().signal]);
    const slept = failure(sleep(60_000, undefined, { signal }));
    const server = createServer(() => {}).listen(0, '127.0.0.1');
    await new Promise((resolve) => void server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const fetched = failure(fetch(`http://127.0.0.1:${port}`, { signal }));
    await turn();
    await kill();
    expect([any.aborted, any.reason]).toEqual([true, 'gone']);
    expect(await slept).toMatchObject({ name: 'AbortError', cause: 'gone' });
    expect(await fetched).toBe('gone');
    server.closeAllConnections();
    server.close();
  });
});
