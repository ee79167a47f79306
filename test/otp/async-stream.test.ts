import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import type { Self } from '../../src/actor/process.ts';
import { asyncStream, startTaskSupervisor, type StreamElement, type TaskStream } from '../../src/otp/task.ts';
import { StreamWindow } from '../../src/otp/task/stream-window.ts';
import { failure, reasonOf, recorder, spawn, world, type World } from '../actor/world.ts';

const ok = <R>(value: R): StreamElement<R> => ({ tag: 'ok', value });

const wait =
  (ms: (item: number) => number) =>
  (item: number, self: Self): Promise<number> =>
    new Promise((resolve) => {
      self.runtime.timers.after(ms(item), () => resolve(item));
    });

/** Reads to the end while time passes. */
async function drain<R>({ clock }: World, stream: TaskStream<R>): Promise<StreamElement<R>[]> {
  const all: StreamElement<R>[] = [];
  let ended = false;
  const reading = (async () => {
    try {
      for await (const element of stream) all.push(element);
    } finally {
      ended = true;
    }
  })();
  reading.catch(() => {});
  await clock.until(() => ended);
  await reading;
  return all;
}

const tasksOf = (owner: Process): number => {
  let count = 0;
  for (let child = owner.firstChild; child !== null; child = child.nextSibling) count++;
  return count;
};

describe('concurrency', () => {
  test('never exceeds maxConcurrency, reaches it, and gives every item once in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 40 }),
        fc.integer({ min: 1, max: 6 }),
        fc.boolean(),
        async (times, maxConcurrency, ordered) => {
          const all = world();
          const owner = spawn(all.runtime);
          let running = 0;
          let most = 0;
          const stream = asyncStream(
            owner,
            times.keys(),
            async (item, self) => {
              most = Math.max(most, ++running);
              expect(tasksOf(owner)).toBeLessThanOrEqual(maxConcurrency);
              await wait((n) => times[n] ?? 0)(item, self);
              running--;
              return item;
            },
            { maxConcurrency, ordered },
          );
          const got = (await drain(all, stream)).map((element) =>
            element.tag === 'ok' ? element.value : expect.fail(),
          );
          expect(most).toBe(Math.min(maxConcurrency, times.length));
          expect(ordered ? got : got.toSorted((a, b) => a - b)).toEqual([...times.keys()]);
          expect([all.runtime.alive, all.runtime.timers.size]).toEqual([1, 0]);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('unordered gives results as they are there', async () => {
    const all = world();
    const stream = asyncStream(
      all.runtime,
      [30, 10, 20],
      wait((n) => n),
      { ordered: false },
    );
    expect(await drain(all, stream)).toEqual([10, 20, 30].map(ok));
  });

  test('begins nothing before it is read, and nothing more while it is not read', async () => {
    const all = world();
    const begun: number[] = [];
    const stream = asyncStream(
      all.runtime,
      [1, 2, 3, 4],
      (item) => {
        begun.push(item);
        return item;
      },
      { maxConcurrency: 2 },
    );
    await all.clock.settle();
    expect(begun).toEqual([]);
    expect((await stream.next()).value).toEqual(ok(1));
    await all.clock.settle();
    expect(begun).toEqual([1, 2]);
  });

  test('an input without end and one that is asynchronous are read as far as needed', async () => {
    const all = world();
    let taken = 0;
    async function* numbers(): AsyncGenerator<number> {
      for (;;) {
        await Promise.resolve();
        yield taken++;
      }
    }
    const stream = asyncStream(all.runtime, numbers(), (n) => n * 2, { maxConcurrency: 3 });
    const got: unknown[] = [];
    for await (const element of stream) if (got.push(element) === 5) break;
    expect(got).toEqual([0, 2, 4, 6, 8].map(ok));
    expect(taken).toBeLessThanOrEqual(5 + 3);
  });

  test('several reads at once are answered in order', async () => {
    const all = world();
    const stream = asyncStream(
      all.runtime,
      [2, 1],
      wait((n) => n),
      { maxConcurrency: 2 },
    );
    const reads = [stream.next(), stream.next(), stream.next(), stream.next()];
    await all.clock.advance(2);
    expect((await Promise.all(reads)).map(({ done, value }) => (done === true ? 'done' : value))).toEqual([
      ok(2),
      ok(1),
      'done',
      'done',
    ]);
  });

  test.each([{ maxConcurrency: 0 }, { maxConcurrency: 1.5 }, { timeout: 0 }, { timeout: Number.NaN }])(
    'refuses %o',
    (options) => {
      expect(() => asyncStream(world().runtime, [], () => 0, options)).toThrow(RangeError);
    },
  );
});

describe('the window', () => {
  test('a slow first one holds up the others, at most four times as many as run', () => {
    const window = new StreamWindow<number>(2, true);
    window.take();
    let taken = 1;
    while (window.room) {
      window.complete(window.take(), taken++);
      expect(window.give()).toBeUndefined();
    }
    expect([taken, window.running]).toEqual([10, 1]);
    window.complete(0, 0);
    expect(Array.from({ length: taken }, () => window.give()?.result)).toEqual([...Array(taken).keys()]);
    expect([window.empty, window.give()]).toEqual([true, undefined]);
  });
});

describe('a task that crashes', () => {
  const crash = (n: number): number => (n === 2 ? expect.fail('bug') : n);

  test('takes the owner along when linked, and with it all the others', async () => {
    const all = world();
    const owner = spawn(all.runtime);
    const stream = asyncStream(owner, [1, 2, 3], crash);
    expect(String(await reasonOf(drain(all, stream)))).toContain('bug');
    expect([owner.alive, all.runtime.alive]).toEqual([false, 0]);
  });

  test('is an element for an owner that traps exits, for none, and for unlinked tasks', async () => {
    const all = world();
    const tasks = await startTaskSupervisor(all.runtime);
    const owner = spawn(all.runtime);
    for (const stream of [
      asyncStream(recorder(all.runtime, { trapExit: true }).pid, [1, 2, 3], crash),
      asyncStream(all.runtime, [1, 2, 3], crash),
      tasks.asyncStreamNolink(owner, [1, 2, 3], crash),
      tasks.asyncStreamNolink(null, [1, 2, 3], crash),
    ]) {
      const [first, second, third] = await drain(all, stream);
      expect([first, third]).toEqual([ok(1), ok(3)]);
      expect(second?.tag === 'exit' ? String(second.reason) : second).toContain('bug');
    }
    expect([owner.alive, tasks.children]).toEqual([true, []]);
  });

  test('below a supervisor, linked, it takes the owner along and not the supervisor', async () => {
    const all = world();
    const tasks = await startTaskSupervisor(all.runtime);
    const owner = spawn(all.runtime);
    expect(String(await reasonOf(drain(all, tasks.asyncStream(owner, [1, 2, 3], crash))))).toContain('bug');
    expect([owner.alive, (tasks.pid as Process).alive, tasks.children]).toEqual([false, true, []]);
  });

  test('a supervisor that takes no more ends the stream with max_children', async () => {
    const all = world();
    const tasks = await startTaskSupervisor(all.runtime, { maxChildren: 1 });
    const stream = tasks.asyncStreamNolink(
      null,
      [1, 2],
      wait((n) => n),
    );
    expect(await reasonOf(drain(all, stream))).toBe('max_children');
    expect(tasks.children).toEqual([]);
  });
});

describe('onTimeout', () => {
  test('exit (default): after 5,000 ms the owner exits, the stream rejects, nothing runs on', async () => {
    const all = world();
    const owner = spawn(all.runtime);
    const stream = asyncStream(
      owner,
      [9_000, 1],
      wait((n) => n),
    );
    const reading = failure(stream.next());
    await all.clock.advance(4_999);
    expect(owner.alive).toBe(true);
    await all.clock.advance(1);
    expect(owner.reason).toBe('timeout');
    expect(await reading).toMatchObject({ name: 'ExitError', reason: 'timeout' });
    expect([all.runtime.alive, all.runtime.timers.size]).toEqual([0, 1]);
    expect((await stream.next()).done).toBe(true);
  });

  test('exit without an owner rejects with timeout and kills the rest', async () => {
    const all = world();
    const stream = asyncStream(
      all.runtime,
      [20, 30],
      wait((n) => n),
      { timeout: 10 },
    );
    expect(await reasonOf(drain(all, stream))).toBe('timeout');
    expect(all.runtime.alive).toBe(0);
  });

  test('killTask: the element is exit timeout, the owner and the other tasks go on', async () => {
    const all = world();
    const tasks = await startTaskSupervisor(all.runtime);
    const owner = spawn(all.runtime);
    const options = { timeout: 10, onTimeout: 'killTask' } as const;
    const expected = [ok(1), { tag: 'exit', reason: 'timeout' }, ok(3)];
    for (const stream of [
      asyncStream(
        owner,
        [1, 20, 3],
        wait((n) => n),
        options,
      ),
      tasks.asyncStream(
        owner,
        [1, 20, 3],
        wait((n) => n),
        options,
      ),
    ]) {
      expect(await drain(all, stream)).toEqual(expected);
    }
    expect([owner.alive, tasks.children, owner.firstChild]).toEqual([true, [], null]);
  });
});

describe('the end of the reader', () => {
  const endless = (all: World, options = {}, owner: Process = spawn(all.runtime)) => {
    const log: string[] = [];
    function* input(): Generator<number> {
      try {
        for (let n = 0; ; n++) yield n;
      } finally {
        log.push('input returned');
      }
    }
    const stream = asyncStream(
      owner,
      input(),
      (n, self) => {
        self.signal.addEventListener('abort', () => log.push(`aborted ${n}`));
        return n === 0 ? n : new Promise<number>(() => {});
      },
      { maxConcurrency: 3, ...options },
    );
    return { owner, log, stream };
  };

  test('a break kills the tasks that run and leaves the owner alone', async () => {
    const all = world();
    const { owner, log, stream } = endless(all);
    for await (const element of stream) {
      expect(element).toEqual(ok(0));
      break;
    }
    expect(log.toSorted()).toEqual(['aborted 0', 'aborted 1', 'aborted 2', 'input returned']);
    expect([owner.alive, owner.firstChild, all.runtime.timers.size]).toEqual([true, null, 0]);
    expect((await stream.next()).done).toBe(true);
  });

  test('so does its disposal', async () => {
    const all = world();
    const { owner, log, stream } = endless(all);
    await stream.next();
    await stream[Symbol.asyncDispose]();
    expect([owner.firstChild, log.includes('input returned')]).toEqual([null, true]);
  });

  test('a throw in the loop does the same', async () => {
    const all = world();
    const { owner, stream } = endless(all);
    const looped = (async () => {
      for await (const _ of stream) throw new Error('enough');
    })();
    expect(String(await failure(looped))).toBe('Error: enough');
    expect(owner.firstChild).toBeNull();
  });

  test('return ends a read that is under way, and does not wait for an input that hangs', async () => {
    const all = world();
    async function* hanging(): AsyncGenerator<number> {
      yield 1;
      await new Promise(() => {});
    }
    const stream = asyncStream(all.runtime, hanging(), (n) => n, { maxConcurrency: 2 });
    expect((await stream.next()).value).toEqual(ok(1));
    const reading = stream.next();
    await all.clock.settle();
    expect(await stream.return()).toEqual({ done: true, value: undefined });
    expect((await reading).done).toBe(true);
  });

  test('a signal rejects the read with canceled and kills what runs', async () => {
    const all = world();
    const abort = new AbortController();
    const { owner, log, stream } = endless(all, { signal: abort.signal });
    await stream.next();
    const reading = reasonOf(stream.next());
    await all.clock.settle();
    abort.abort('stop it');
    expect(await reading).toEqual({ canceled: 'stop it' });
    expect([owner.alive, owner.firstChild, log.includes('input returned')]).toEqual([true, null, true]);
    const before = endless(all, { signal: abort.signal });
    expect(await reasonOf(before.stream.next())).toEqual({ canceled: 'stop it' });
  });

  test('the death of the owner ends unlinked tasks too', async () => {
    const all = world();
    const tasks = await startTaskSupervisor(all.runtime);
    const owner = spawn(all.runtime);
    const stream = tasks.asyncStreamNolink(owner, [1, 2], () => new Promise(() => {}));
    const reading = reasonOf(stream.next());
    await all.clock.settle();
    expect(tasks.children.length).toBe(2);
    all.runtime.exit(owner, 'gone');
    await all.clock.settle();
    expect([await reading, tasks.children]).toEqual(['gone', []]);
  });

  test('an input that throws, in a turn or later, rejects and kills what runs', async () => {
    const all = world();
    const bug = new Error('input');
    function* sync(): Generator<number> {
      yield 1;
      throw bug;
    }
    async function* later(): AsyncGenerator<number> {
      yield* await Promise.resolve(sync());
    }
    for (const input of [sync(), later()]) {
      const stream = asyncStream(all.runtime, input, () => new Promise(() => {}));
      expect(await failure(stream.next())).toBe(bug);
      expect(all.runtime.alive).toBe(0);
    }
  });
});
