import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/actor/clock.ts';
import { silentLogger } from '../../src/actor/logger.ts';
import { seededRandom } from '../../src/actor/random.ts';
import { createRuntime, noReply, reply, startServer, startTask, type GenServer } from '../../src/otp.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import { reasonOf } from './world.ts';

interface Calls {
  add(by: number): number;
  never(): number;
  crash(): number;
}

const counter: GenServer<undefined, number, Calls> = {
  init: () => 0,
  handleCall: {
    add: (by, sum) => reply(sum + by, sum + by),
    never: (_, sum) => noReply(sum),
    crash: () => {
      throw new Error('bug');
    },
  },
};

afterEach(() => {
  vi.useRealTimers();
});

describe('a turn', () => {
  test('ends although timers are faked meanwhile: deadlines fire and the run queue goes on', async () => {
    const ref = await startServer(createRuntime({ logger: silentLogger }), counter, undefined);
    // a turn that begins while they are faked
    await new Promise((resolve) => setImmediate(resolve));
    vi.useFakeTimers();
    expect(await ref.call('add', 1)).toBe(1);
    vi.useRealTimers();
    expect(await reasonOf(ref.call('never', undefined, { timeout: 5 }))).toBe('timeout');
    for (let made = 0; made < 30_000; made++) await ref.call('add', 1);
    expect(await ref.call('add', 0)).toBe(30_001);
  });

  test('that never ended does not stop what runs in the next one', async () => {
    let lose = true;
    const clock = {
      ...systemClock,
      later: (run: () => void) => {
        if (lose) lose = false;
        else systemClock.later(run);
      },
    };
    const runtime = createRuntime({ clock, logger: silentLogger, budget: { messages: 100 } });
    const ref = await startServer(runtime, counter, undefined);
    for (let made = 0; made < 1_000; made++) await ref.call('add', 1);
    expect(lose).toBe(false);
    expect(await reasonOf(ref.call('never', undefined, { timeout: 5 }))).toBe('timeout');
  });

  test('belongs to nobody: a timer shows the context of none who asked before', async () => {
    const store = new AsyncLocalStorage<string>();
    const runtime = createRuntime({ logger: silentLogger });
    const seen = store.run('a stranger', () => {
      // begins the turn
      startTask(runtime, () => 0);
      return new Promise((resolve) => {
        runtime.timers.after(1, () => {
          resolve(store.getStore());
        });
      });
    });
    expect(await seen).toBeUndefined();
  });
});

describe('what is reported', () => {
  test('does not change a run: the same seed gives the same chance whoever listens', async () => {
    const run = async (listen: boolean): Promise<number> => {
      const random = seededRandom(7);
      const runtime = createRuntime({ clock: virtualClock(), random, logger: silentLogger });
      if (listen) runtime.onReport(() => {});
      const ref = await startServer(runtime, counter, undefined);
      await reasonOf(ref.call('crash'));
      return random.u32();
    };
    expect(await run(true)).toBe(await run(false));
  });

  test('to a logger whose level throws harms nobody', async () => {
    const logger = { ...silentLogger };
    Object.defineProperty(logger, 'level', {
      get() {
        throw new Error('closed');
      },
    });
    const ref = await startServer(createRuntime({ logger }), counter, undefined);
    expect(String(await reasonOf(ref.call('crash')))).toBe('Error: bug');
    expect(await reasonOf(ref.call('add', 1))).toBe('noproc');
  });
});

describe('a call', () => {
  test('with a tag that is no string is refused by name', async () => {
    const ref = await startServer(createRuntime({ logger: silentLogger }), counter, undefined);
    for (const tag of [Symbol('x'), Object.create(null) as object, undefined])
      await expect(ref.call(tag as unknown as 'crash')).rejects.toThrow('tag must be a string');
  });

  test('settles where another promise is made while its own is', async () => {
    const ref = await startServer(createRuntime({ logger: silentLogger }), counter, undefined);
    const Native = globalThis.Promise;
    let busy = false;
    let other: Promise<unknown> | undefined;
    class Tracing<T> extends Native<T> {
      constructor(run: ConstructorParameters<typeof Native<T>>[0]) {
        super(run);
        if (busy) return;
        busy = true;
        other = ref.call('add', 2);
        busy = false;
      }
    }
    globalThis.Promise = Tracing as unknown as PromiseConstructor;
    let first: Promise<number>;
    try {
      first = ref.call('add', 1);
    } finally {
      globalThis.Promise = Native;
    }
    expect([await other, await first]).toEqual([2, 3]);
  });

  test('has one request, however often it is looked at', async () => {
    const seen: unknown[] = [];
    const odd: GenServer<undefined, number, { anything(): number }> = {
      init: () => 0,
      handleRequest: (term, state, _, from) => {
        seen.push(term, (from as unknown as { request: unknown }).request);
        return reply(1, state);
      },
    };
    const ref = await startServer(createRuntime({ logger: silentLogger }), odd, undefined);
    expect(await ref.call('anything')).toBe(1);
    expect(seen[0]).toBe(seen[1]);
  });
});

test('a task that is over keeps nothing of what its body captured', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const runtime = createRuntime({ logger: silentLogger });
  const start = (eager: boolean): { task: ReturnType<typeof startTask<number>>; body: WeakRef<object> } => {
    const captured = { bytes: new Uint8Array(1_000) };
    return {
      task: startTask(runtime, () => captured.bytes.length, { eager }),
      body: new WeakRef(captured),
    };
  };
  for (const eager of [true, false]) {
    const { task, body } = start(eager);
    expect(await task.await()).toBe(1_000);
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    expect(body.deref()).toBeUndefined();
    expect(await task.await()).toBe(1_000);
  }
});
