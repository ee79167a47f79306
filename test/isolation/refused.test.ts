/** What makes no sense is refused by name, before anything is started. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NameTable } from '../../src/actor/names.ts';
import { RemoteName } from '../../src/actor/pid.ts';
import {
  startWorkerPool,
  startWorkerPoolLink,
  startWorkerServer,
  startWorkerServerLink,
  workerPool,
  WorkerPoolRef,
  workerServer,
  type WorkerCallOptions,
  type WorkerPoolOptions,
  type WorkerServerOptions,
} from '../../src/isolation.ts';
import { startSupervisor } from '../../src/otp.ts';
import { spawn } from '../actor/world.ts';
import type * as Functions from './fixtures/work.mjs';
import { failed, fixture, realWorld } from './threads.ts';

const module = fixture('work.mjs');
/** What a program in JavaScript may say as a time. */
const NO_TIMES: readonly unknown[] = [Number.NaN, -1, '5', null, {}, 5n];

describe('a pool', () => {
  test.each(['timeout', 'drain', 'startTimeout', 'period'])('refuses a %s that is no time', (name) => {
    for (const bad of NO_TIMES) {
      const options = { module, [name]: bad } as unknown as WorkerPoolOptions;
      expect(() => workerPool('p', options), `${name}: ${String(bad)}`).toThrow(RangeError);
      expect(() => workerPool('p', options)).toThrow(name);
    }
  });

  test.each(['size', 'spare', 'maxQueue', 'intensity', 'heapMb', 'stackMb'])(
    'refuses a %s that is no number',
    (name) => {
      for (const bad of [Number.NaN, -1, '5', null])
        expect(() => workerPool('p', { module, [name]: bad } as unknown as WorkerPoolOptions)).toThrow(name);
    },
  );

  test.each([undefined, null, 5, 'file:///work.mjs'])(
    'needs options that are an object, not %s',
    async (none) => {
      const { runtime } = realWorld();
      const options = none as unknown as WorkerPoolOptions;
      for (const run of [
        () => workerPool('p', options),
        () => workerServer('p', options as WorkerServerOptions),
      ])
        expect(run).toThrow('worker: options must be an object with a module');
      await expect(startWorkerPool(runtime, options)).rejects.toThrow('worker: options must be an object');
      await expect(startWorkerServer(runtime, options)).rejects.toThrow('worker: options must be an object');
      expect(runtime.spawned).toBe(0);
    },
  );

  test.each([undefined, null, 5, {}, './work.mjs', 'work', 'https://example.org/work.mjs', Symbol('m')])(
    'needs a module that is a file URL, not %s',
    (bad) => {
      const options = { module: bad } as unknown as WorkerPoolOptions;
      expect(() => workerPool('p', options)).toThrow(TypeError);
      expect(() => workerPool('p', options)).toThrow('worker: module must be a file URL');
    },
  );
});

test.each([
  { mailbox: 'big' },
  { label: 5 },
  { trapExit: 'yes' },
  { name: null },
  { scope: {} },
  { parent: {} },
])('options of a start that make no sense are thrown as they are: %o', async (options) => {
  const { runtime } = realWorld();
  for (const start of [
    startWorkerPool(runtime, { module }, options as never),
    startWorkerServer(runtime, { module }, undefined, options as never),
  ])
    await expect(start).rejects.toMatchObject({
      name: 'TypeError',
      message: expect.stringMatching(`^${Object.keys(options).join('')}\\b`) as string,
    });
  expect(runtime.spawned).toBe(0);
});

test.each([{ mailbox: 'big' }, { trapExit: 'yes' }])(
  'a server says nothing else of its process: %o',
  (wrong) => {
    const options = { module, ...wrong } as never;
    expect(() => workerServer('s', options)).toThrow(TypeError);
    expect(() => workerServer('s', options)).toThrow(/^worker server: (mailbox|trapExit)/);
  },
);

test.each([5, null, Symbol('x')])('a label that is no text is refused: %s', (label) => {
  const options = { module, label } as never;
  for (const run of [() => workerPool('p', options), () => workerServer('s', options)])
    expect(run).toThrow(TypeError('worker: label must be a string'));
});

describe('a server', () => {
  test.each(['deadline', 'startTimeout'])('refuses a %s that is no time', (name) => {
    for (const bad of NO_TIMES) {
      const options = { module, [name]: bad } as unknown as WorkerServerOptions;
      expect(() => workerServer('s', options), `${name}: ${String(bad)}`).toThrow(RangeError);
      expect(() => workerServer('s', options)).toThrow(name);
    }
  });
});

test('what cannot be started as a child is the result of its start, nothing is thrown', async () => {
  const { runtime } = realWorld();
  const parent = spawn(runtime);
  const bad = { module: 5 } as never;
  for (const start of [startWorkerPoolLink, startWorkerServerLink]) {
    expect(await start(parent, bad)).toMatchObject({ tag: 'error', reason: { message: /file URL/ } });
    expect(await start(undefined as never, { module })).toMatchObject({
      tag: 'error',
      reason: { message: /parent/ },
    });
  }
  expect(runtime.spawned).toBe(1);
});

describe('a call', () => {
  let pool: WorkerPoolRef<typeof Functions>;
  beforeAll(async () => {
    pool = await startWorkerPool(realWorld().runtime, { module, size: 1, spare: 0, drain: 0 });
  });
  afterAll(() => pool.stop());
  const call = (options: object): Promise<unknown> => pool.call('add', [1, 2], options as WorkerCallOptions);

  test('with a timeout that is no time is a RangeError', async () => {
    for (const timeout of NO_TIMES)
      await expect(call({ timeout }), String(timeout)).rejects.toThrow(RangeError);
  });

  test('with a transfer that is no list of ArrayBuffers is a TypeError that says so', async () => {
    for (const transfer of [null, 5, 'x', {}, new ArrayBuffer(8), [5], [new Uint8Array(8)]])
      await expect(call({ transfer })).rejects.toThrow(
        TypeError('transfer must be an array of ArrayBuffers'),
      );
  });

  test('with invalid options or an invalid signal is a TypeError that says so', async () => {
    for (const none of [null, 5, 'x'])
      await expect(call(none as never)).rejects.toThrow('options must be an object');
    for (const signal of [null, 5, {}, new EventTarget()])
      await expect(call({ signal })).rejects.toThrow('signal must be an AbortSignal');
  });

  test('with a name that is no string, or arguments that are no list, is a TypeError that says so', async () => {
    const loose = pool as unknown as { call(name: unknown, args: unknown): Promise<unknown> };
    await expect(loose.call(5, [])).rejects.toThrow(TypeError('name must be a string'));
    await expect(loose.call(Object.create(null), [])).rejects.toThrow('name must be a string');
    for (const args of [undefined, null, 5, { length: 0 }])
      await expect(loose.call('add', args)).rejects.toThrow(TypeError('args must be an array'));
  });

  test('through a table of names that throws, or a name on another node, rejects with what that throws', async () => {
    const { runtime } = realWorld();
    const broken: NameTable = {
      register: () => true,
      unregister: () => undefined,
      whereis: () => {
        throw new Error('broken table');
      },
    };
    const named = new WorkerPoolRef<typeof Functions>(runtime, { scope: broken, name: 'cpu' });
    await expect(named.call('add', [1, 2])).rejects.toThrow('broken table');
    const elsewhere = new WorkerPoolRef<typeof Functions>(runtime, new RemoteName('b@host', 'cpu'));
    await expect(elsewhere.call('add', [1, 2])).rejects.toMatchObject({ reason: 'noconnection' });
  });

  test('of an exported constant does not compile, and is no_function', async () => {
    // @ts-expect-error only functions can be called
    const refused = pool.call('notFunction', []);
    expect(await failed(refused)).toEqual({ tag: 'no_function', name: 'notFunction' });
  });

  test('of an exported function with other arguments does not compile', async () => {
    // @ts-expect-error numbers are wanted
    expect(await pool.call('add', ['a', 'b'])).toBe('ab');
  });
});

test('any table of names may stand where a scope is taken', async () => {
  const { runtime } = realWorld();
  const entries = new Map<string, unknown>();
  const scope: NameTable = {
    register: (name, process) => entries.get(name) === undefined && entries.set(name, process).size > 0,
    unregister: (name) => void entries.delete(name),
    whereis: (name) => entries.get(name) as ReturnType<NameTable['whereis']>,
  };
  const child = workerPool('cpu', { module, size: 1, spare: 0, drain: 0 }, { scope });
  const top = await startSupervisor(runtime, { children: [child] });
  expect(await new WorkerPoolRef<typeof Functions>(runtime, { scope, name: 'cpu' }).call('add', [1, 2])).toBe(
    3,
  );
  await top.stop();
  expect(entries.size).toBe(0);
});
