/**
 * Twenty times out of twenty: a loop is ended in time, a full heap is an exit reason, and the program, its event loop
 * and the neighbors notice nothing. Then everything at once, by seed, and compiled code under plain node.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { NameScope } from '../../src/actor/names.ts';
import type { Process } from '../../src/actor/process.ts';
import { seededRandom } from '../../src/actor/random.ts';
import {
  startWorkerPool,
  workerServer,
  type WorkerFailure,
  type WorkerPoolRef,
} from '../../src/isolation.ts';
import { ServerRef, startSupervisor } from '../../src/otp.ts';
import { reasonOf } from '../actor/world.ts';
import type * as Greedy from '../isolation/fixtures/greedy.mjs';
import type * as Stuck from '../isolation/fixtures/stuck.mjs';
import type * as Work from '../isolation/fixtures/work.mjs';
import { failed, figures, fixture, realWorld, shared, stopped, until } from '../isolation/threads.ts';

const ROUNDS = 20;
/** The promise: a loop is gone this long after its deadline, milliseconds (OTP §4). */
const GRACE = 500;
const DEADLINE = 200;

/** The longest that this event loop was held up while `work` ran, milliseconds. */
async function worstPause(work: () => Promise<void>): Promise<number> {
  let worst = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    worst = Math.max(worst, now - last - 5);
    last = now;
  }, 5);
  await work();
  clearInterval(timer);
  return worst;
}

test('an endless loop is gone within its deadline and 500 ms, 20 of 20, and its neighbor goes on', async () => {
  const { runtime } = realWorld();
  const ref = await startWorkerPool<typeof Work>(runtime, { module: fixture('work.mjs'), size: 2, spare: 1 });
  const gone: number[] = [];
  const pause = await worstPause(async () => {
    while (gone.length < ROUNDS) {
      const { memory, cell } = shared();
      const start = performance.now();
      const loop = failed(ref.call('spin', [memory], { timeout: DEADLINE }));
      for (let n = 0; n < 20; n++) expect(await ref.call('add', [n, 1])).toBe(n + 1);
      expect(await loop).toEqual({ tag: 'timeout' });
      // where the cores are taken, a deadline may pass before the loop begins
      if (Atomics.load(cell, 0) === 0) continue;
      gone.push((await stopped(cell)) - start - DEADLINE);
    }
  });
  console.log(
    `loops: gone ${figure(gone)} ms after the deadline; the main loop's worst pause ${pause.toFixed(0)} ms`,
  );
  // a main loop that gets no core ends nothing in time: what it missed is not the pool's
  expect(Math.max(...gone)).toBeLessThan(GRACE + pause);
  expect(figures(ref as never).crashed).toBe(0);
  await ref.stop();
  expect(runtime.alive).toBe(0);
});

test('so is whatever else never ends, 20 of 20: microtasks, a sleep, a flood of messages, an exit that loops', async () => {
  const { runtime } = realWorld();
  const options = { module: fixture('stuck.mjs'), size: 1, spare: 1 };
  const ref = await startWorkerPool<typeof Stuck>(runtime, options);
  const ways = ['microtasks', 'ticks', 'sleep', 'posts', 'leaves'] as const;
  const gone: number[] = [];
  const pause = await worstPause(async () => {
    while (gone.length < ROUNDS) {
      const way = ways[gone.length % ways.length] as (typeof ways)[number];
      const start = performance.now();
      expect(await failed(ref.call(way, [], { timeout: DEADLINE })), way).toEqual({ tag: 'timeout' });
      await until(() => figures(ref as never).ending === 0);
      gone.push(performance.now() - start - DEADLINE);
      await until(() => figures(ref as never).idle === 2);
    }
  });
  console.log(
    `stuck: gone ${figure(gone)} ms after the deadline; the main loop's worst pause ${pause.toFixed(0)} ms`,
  );
  expect(Math.max(...gone)).toBeLessThan(GRACE);
  expect(figures(ref as never)).toMatchObject({ killed: ROUNDS, crashed: 0 });
  await ref.stop();
  expect(runtime.alive).toBe(0);
});

test('a full heap is worker_oom, 20 of 20, however it was filled, and the program goes on', async () => {
  const { runtime } = realWorld();
  const options = { module: fixture('greedy.mjs'), size: 1, spare: 1, heapMb: 32 };
  const ref = await startWorkerPool<typeof Greedy>(runtime, options);
  const neighbor = await startWorkerPool<typeof Work>(runtime, {
    module: fixture('work.mjs'),
    size: 1,
    spare: 0,
  });
  const ways = ['objects', 'map', 'numbers', 'closures', 'slowly'] as const;
  const took: number[] = [];
  const pause = await worstPause(async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const start = performance.now();
      const way = ways[round % ways.length] as (typeof ways)[number];
      const full = failed(ref.call(way, [], { timeout: 60_000 }));
      expect(await neighbor.call('add', [round, 1])).toBe(round + 1);
      expect(await full, way).toEqual({ tag: 'exit', reason: 'worker_oom' });
      took.push(performance.now() - start);
    }
  });
  console.log(`full heaps: ${figure(took)} ms; the main loop's worst pause ${pause.toFixed(0)} ms`);
  expect(figures(ref as never)).toMatchObject({ killed: 0, crashed: ROUNDS });
  await Promise.all([ref.stop(), neighbor.stop()]);
  expect(runtime.alive).toBe(0);
});

test('a server in a thread comes back after each of 20 loops and full heaps', async () => {
  const { runtime } = realWorld();
  const scope = new NameScope();
  const server = workerServer('n', { module: fixture('counter.mjs'), deadline: DEADLINE, heapMb: 32 }, 5, {
    scope,
  });
  const top = await startSupervisor(runtime, { intensity: ROUNDS, period: 600_000, children: [server] });
  const ref = new ServerRef(runtime, { scope, name: 'n' });
  for (let round = 0; round < ROUNDS; round++) {
    const before = ref.pid as Process;
    expect(await ref.call('add', round)).toBe(5 + round);
    const { memory } = shared();
    // a heap that is full before the deadline on a quick machine may be killed for its time on a slow one
    if (round % 2 === 0)
      expect(await reasonOf(ref.call('spin', memory, { timeout: Infinity }))).toBe('killed');
    else
      expect(['worker_oom', 'killed']).toContain(
        await reasonOf(ref.call('fill', undefined, { timeout: 60_000 })),
      );
    await until(() => ref.pid !== undefined && ref.pid !== before && (ref.pid as Process).status !== 0);
  }
  await top.stop();
  expect(runtime.alive).toBe(0);
});

test('whatever 400 calls do at once, each ends once and as it must, and nothing is left', async () => {
  const seed = process.env['ESPALIER_SEED'] ?? String(Math.trunc(Math.random() * 2 ** 32));
  console.log(`seed ${seed}`);
  const random = seededRandom(seed);
  const { runtime } = realWorld();
  const options = { module: fixture('work.mjs'), size: 2, spare: 1, heapMb: 16, timeout: 120_000 };
  const ref = await startWorkerPool<typeof Work>(runtime, options);
  const ends = new Map<string, number>();
  const calls = Array.from({ length: 400 }, async (_, n) => {
    const roll = random.u32() % 100;
    const [kind, outcome] = await one(ref, roll, n);
    ends.set(kind, (ends.get(kind) ?? 0) + 1);
    return outcome;
  });
  const outcomes = await Promise.all(calls);
  expect(outcomes.filter((outcome) => outcome !== 'as it must')).toEqual([]);
  console.log(JSON.stringify(Object.fromEntries(ends)));
  expect(await ref.call('add', [1, 2])).toBe(3);
  expect(figures(ref as never)).toMatchObject({ waiting: 0, running: 0 });
  await ref.stop();
  expect(runtime.alive).toBe(0);
});

/** One call and whether it ended as its kind must. */
async function one(
  ref: WorkerPoolRef<typeof Work>,
  roll: number,
  n: number,
): Promise<readonly [string, unknown]> {
  const judge = async (
    kind: string,
    call: Promise<unknown>,
    ok: (failure: WorkerFailure) => boolean,
  ): Promise<readonly [string, unknown]> => {
    const failure = await failed(call);
    return [kind, ok(failure) ? 'as it must' : failure];
  };
  if (roll < 60) return ['value', (await ref.call('add', [n, 1])) === n + 1 ? 'as it must' : n];
  if (roll < 70) return judge('threw', ref.call('fail', ['x']), ({ tag }) => tag === 'threw');
  if (roll < 78) return judge('unclonable', ref.call('opaque', []), ({ tag }) => tag === 'unclonable');
  if (roll < 84) {
    const control = new AbortController();
    const call = ref.call('hang', [], { signal: control.signal });
    setTimeout(() => control.abort('enough'), n * 5);
    return judge('canceled', call, ({ tag }) => tag === 'canceled');
  }
  if (roll < 90)
    return judge('timeout', ref.call('hang', [], { timeout: 50 + n * 5 }), ({ tag }) => tag === 'timeout');
  if (roll < 96)
    return judge('exit', ref.call('leave', [n]), (failure) =>
      JSON.stringify(failure).includes(`"worker_exit":${n}`),
    );
  return judge(
    'oom',
    ref.call('fill', []),
    (failure) => failure.tag === 'exit' && failure.reason === 'worker_oom',
  );
}

test('compiled code under plain node does the same, and idle threads keep no program alive', () => {
  const child = fileURLToPath(new URL('./isolation-child.mjs', import.meta.url));
  const run = spawnSync(process.execPath, [child], { encoding: 'utf8', timeout: 60_000 });
  expect(run.status, run.stderr).toBe(0);
  expect(JSON.parse(run.stdout)).toEqual({
    sum: 3,
    loop: { tag: 'timeout' },
    oom: { tag: 'exit', reason: 'worker_oom' },
    after: 7,
    added: 15,
    late: 'late',
    bye: 'bye',
    exits: 'enough',
  });
});

const figure = (values: readonly number[]): string => {
  const sorted = values.toSorted((a, b) => a - b);
  return `${sorted.at(0)?.toFixed(0)}–${sorted.at(-1)?.toFixed(0)} (median ${sorted[sorted.length >> 1]?.toFixed(0)})`;
};
