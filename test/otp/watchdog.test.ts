import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileFunction } from 'node:vm';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { silentLogger } from '../../src/actor/logger.ts';
import type { Process } from '../../src/actor/process.ts';
import type { Report } from '../../src/actor/report.ts';
import { Runtime } from '../../src/actor/runtime.ts';
import { startServer } from '../../src/otp/gen-server.ts';
import { startWatchdog, type WatchdogOptions } from '../../src/otp/watchdog.ts';
import { LABEL, SERIAL_AT, SLOT, SLOTS_AT, Turns } from '../../src/otp/watchdog/memory.ts';
import { WATCHER } from '../../src/otp/watchdog/watcher.ts';
import { spawn, world } from '../actor/world.ts';

/** The promise: named within a second, milliseconds. */
const PROMISE = 1_000;
/** Where a shorter one is told, and how long it is. */
const SOON = { after: 100 };
const BLOCK = 400;
/** Milliseconds after which a watcher that tells nothing is broken. */
const STALL = 10_000;

interface Line {
  readonly event: string;
  readonly pid?: string;
  readonly actor?: string;
  readonly ms: number;
  readonly over: boolean;
}

/** A watched runtime on real time, with the lines of the watcher and the reports. */
async function watched(options: WatchdogOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'watchdog-'));
  const file = join(folder, 'lines');
  const fd = openSync(file, 'a');
  const runtime = new Runtime({ logger: silentLogger });
  const reports: Extract<Report, { tag: 'blocked' }>[] = [];
  runtime.onReport((report) => void (report.tag === 'blocked' && reports.push(report)));
  const watchdog = startWatchdog(runtime, { fd, ...options });
  onTestFinished(async () => {
    await watchdog.stop();
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });
  await watchdog.ready;
  const lines = (): Line[] =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);
  /** Keeps this thread busy until the watcher, which may have to wait for a processor, has told of it. */
  const stall = (): void => {
    const known = lines().length;
    const limit = performance.now() + STALL;
    do block(BLOCK);
    while (lines().length === known && performance.now() < limit);
  };
  return { runtime, reports, lines, watchdog, stall };
}

/** Keeps this thread busy. */
function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe('a blocked event loop', () => {
  test('is told while it is blocked, within a second, by actor and pid; its end by a report', async () => {
    const { runtime, reports, lines } = await watched();
    let seen: Line[] = [];
    const actor = spawn(
      runtime,
      () => {
        block(PROMISE);
        seen = lines();
      },
      { label: 'the busy one' },
    );
    spawn(runtime, () => undefined, { label: 'another' });
    runtime.send(actor, 'go');
    await vi.waitFor(() => expect(reports.map(({ pid }) => pid)).toContain(actor), 10_000);
    const [line] = seen.filter(({ pid }) => pid === actor.toString());
    expect(line).toMatchObject({ event: 'runtime.blocked', actor: 'the busy one', over: false });
    expect(line?.ms).toBeLessThan(PROMISE);
    const report = reports.find(({ pid }) => pid === actor);
    expect(report).toMatchObject({ label: 'the busy one' });
    expect(report?.ms).toBeGreaterThan(line?.ms ?? PROMISE);
  });

  test('behind an await it is the actor’s too, and behind a second one of a function it called', async () => {
    const { runtime, lines, stall } = await watched(SOON);
    const later = async (): Promise<void> => {
      await new Promise((resolve) => {
        setTimeout(resolve, 5);
      });
      await Promise.resolve();
      stall();
    };
    const actor = spawn(runtime, () => later(), { label: 'async' });
    runtime.send(actor, 'go');
    await vi.waitFor(() => expect(lines().map(({ pid }) => pid)).toContain(actor.toString()), 10_000);
  });

  test('in init, and in terminate, it is named as well', async () => {
    const { runtime, lines, stall } = await watched(SOON);
    await startServer(runtime, { init: stall }, undefined, { label: 'slow start' });
    await vi.waitFor(() => expect(lines().map(({ actor }) => actor)).toContain('slow start'), 10_000);
    const actor = spawn(runtime, () => undefined, { label: 'slow end', terminate: stall });
    runtime.stop(actor, 'normal');
    await vi.waitFor(() => expect(lines().map((line) => line.actor)).toContain('slow end'), 10_000);
  });

  test('by code of no actor names none', async () => {
    const { runtime, lines, reports, stall } = await watched(SOON);
    const actor = spawn(runtime, () => undefined, { label: 'innocent' });
    runtime.send(actor, 'go');
    await vi.waitFor(() => expect(actor.handled).toBe(1));
    stall();
    expect(lines().at(-1)).toMatchObject({ event: 'runtime.blocked' });
    expect(lines().at(-1)).not.toHaveProperty('actor');
    await vi.waitFor(() => expect(reports.at(-1)).toMatchObject({ label: 'no actor' }), 10_000);
    expect(reports.at(-1)?.pid.toString()).toBe('<0.0>');
  });

  test('two that block one after the other are both told', async () => {
    const { runtime, lines, stall } = await watched(SOON);
    const pids = ['first', 'second'].map((label) => spawn(runtime, stall, { label }));
    for (const pid of pids) runtime.send(pid, 'go');
    await vi.waitFor(
      () => expect(lines().map(({ actor }) => actor)).toEqual(expect.arrayContaining(['first', 'second'])),
      10_000,
    );
  });

  test('by one that has died meanwhile is reported with its pid', async () => {
    const { runtime, reports, stall } = await watched(SOON);
    const actor: Process = spawn(
      runtime,
      (_kind, _message, self) => {
        stall();
        runtime.exit(self, 'kill');
      },
      { label: 'gone' },
    );
    runtime.send(actor, 'go');
    await vi.waitFor(() => expect(reports.map(({ label }) => label)).toContain('gone'), 10_000);
    expect(reports.find(({ label }) => label === 'gone')?.pid.toString()).toBe(actor.toString());
  });
});

describe('a watchdog', () => {
  test('is off by default; there is one per runtime; after stop nothing of it is left', async () => {
    const { runtime } = world();
    expect(runtime.scheduler.watch).toBeNull();
    const first = startWatchdog(runtime, { fd: null });
    expect(() => startWatchdog(runtime, { fd: null })).toThrow(TypeError);
    await first.stop();
    await first.stop();
    expect(runtime.scheduler.watch).toBeNull();
    const owned = Object.getOwnPropertySymbols(Promise.resolve());
    expect(owned.filter(({ description }) => description === 'owner')).toEqual([]);
    await startWatchdog(runtime, { fd: null }).stop();
  });

  test('without a line writes none, and reports all the same', async () => {
    const { runtime, lines, reports } = await watched({ fd: null, ...SOON });
    const actor = spawn(runtime, () => block(PROMISE), { label: 'quiet' });
    runtime.send(actor, 'go');
    await vi.waitFor(() => expect(reports.map(({ pid }) => pid)).toContain(actor), 10_000);
    expect(lines()).toEqual([]);
  });

  test.each([0, 49, -1, Infinity, Number.NaN, '250', null])('refuses after: %s', (after) => {
    const { runtime } = world();
    expect(() => startWatchdog(runtime, { after: after as number })).toThrow(RangeError);
    expect(runtime.scheduler.watch).toBeNull();
  });

  test.each([Number.NaN, -1, 1.5, '2', Infinity, {}])('refuses fd: %s', (fd) => {
    const { runtime } = world();
    expect(() => startWatchdog(runtime, { fd: fd as number })).toThrow(RangeError);
    expect(runtime.scheduler.watch).toBeNull();
  });

  test('needs a runtime', () => {
    expect(() => startWatchdog(undefined as never)).toThrow('runtime must be a Runtime');
  });

  test('that is stopped before it watches rejects ready, and one nobody waits for harms nobody', async () => {
    const { runtime } = world();
    const watchdog = startWatchdog(runtime, { fd: null });
    const ready = watchdog.ready.then(
      () => 'ready',
      (error: Error) => error.message,
    );
    await watchdog.stop();
    expect(await ready).toBe('the watchdog was stopped before it watched');
    await startWatchdog(runtime, { fd: null }).stop();
    const next = startWatchdog(runtime, { fd: null });
    await next.ready;
    await next.stop();
    expect(await next.ready).toBeUndefined();
  });

  test('whose thread ends leaves the runtime as before, and that is reported', async () => {
    const events: unknown[] = [];
    const runtime = new Runtime({ logger: { ...silentLogger, error: (fields) => void events.push(fields) } });
    const watchdog = startWatchdog(runtime, { fd: null });
    await watchdog.ready;
    (runtime.scheduler.watch as Turns).stop();
    await vi.waitFor(() => expect(runtime.scheduler.watch).toBeNull(), 10_000);
    expect(events).toMatchObject([{ event: 'runtime.defect' }]);
    await watchdog.stop();
  });
});

describe('the watcher', () => {
  interface Look {
    /** Milliseconds since the last look; a whole poll of 20 unless it is said. */
    readonly passed?: number;
    readonly beat?: boolean;
    readonly turn?: Process | null;
  }

  /** Runs the watcher's text in this thread: one look after the other, as often as there are some. */
  function watch(looks: readonly Look[]) {
    const turns = new Turns();
    turns.beat();
    let now = 0;
    const lines: string[] = [];
    const messages: unknown[] = [];
    const left = [...looks];
    const wait = (): string => {
      const look = left.shift();
      if (look === undefined) return 'ok';
      now += look.passed ?? 20;
      if (look.beat === true) turns.beat();
      if (look.turn !== undefined) turns.turn(look.turn);
      return 'timed-out';
    };
    const modules: Record<string, unknown> = {
      'node:fs': { writeSync: (_fd: number, line: string) => lines.push(line) },
      'node:worker_threads': {
        parentPort: { postMessage: (message: unknown) => messages.push(message) },
        workerData: { memory: turns.memory, poll: 20, after: 100, fd: 2, prefix: '<0.' },
      },
    };
    const run = compileFunction(WATCHER, ['require', 'Atomics', 'performance']) as (
      ...given: unknown[]
    ) => void;
    run((name: string) => modules[name], { wait, load: Atomics.load }, { now: () => now });
    const told = lines.map((line) => {
      const { actor, ms } = JSON.parse(line) as { actor?: string; ms: number };
      return [actor, ms];
    });
    return { told, messages };
  }

  const { runtime } = world();
  const [a, b] = ['a', 'b'].map((label) => spawn(runtime, () => undefined, { label })) as [Process, Process];
  const still = (count: number): readonly Look[] => Array<Look>(count).fill({});

  test('tells once, when there was no beat for `after`, and how long it was when there is one', () => {
    expect(watch([{ turn: a }, ...still(4)])).toEqual({ told: [], messages: [] });
    const { told, messages } = watch([{ turn: a }, ...still(9), { beat: true }, { beat: true }]);
    expect(told).toEqual([['a', 100]]);
    expect(messages).toEqual([{ serial: a.serial, label: 'a', ms: 200 }]);
  });

  test('beats keep it quiet, and each block is told anew', () => {
    const quiet = Array<Look>(50).fill({ beat: true });
    expect(watch([{ turn: a }, ...quiet]).told).toEqual([]);
    const block = [...still(7), { beat: true }];
    expect(watch([{ turn: a }, { beat: true }, ...block, ...block]).told.length).toBe(2);
  });

  test('the next one who blocks is told with a time of its own, once that is as long', () => {
    const { told, messages } = watch([{ turn: a }, ...still(6), { turn: b }, ...still(6), { beat: true }]);
    expect(told).toEqual([
      ['a', 100],
      ['b', 100],
    ]);
    expect(messages).toMatchObject([
      { label: 'a', ms: 140 },
      { label: 'b', ms: 140 },
    ]);
    const short = watch([{ turn: a }, ...still(6), { turn: b }, ...still(3), { beat: true }]);
    expect(short.told).toEqual([['a', 100]]);
  });

  test('what it slept through itself is not held against the other', () => {
    expect(watch([{ turn: a }, { passed: 5_000 }, ...still(3)]).told).toEqual([]);
    expect(watch([{ turn: a }, { passed: 5_000 }, ...still(4)]).told).toEqual([['a', 100]]);
  });
});

describe('the shared memory', () => {
  const shown = (turns: Turns): readonly [serial: number, label: string] => {
    const bytes = Buffer.from(turns.memory);
    const at = SLOTS_AT + (new Int32Array(turns.memory, 0, 3)[LABEL] ?? 0) * SLOT;
    const [serial = -1] = new Float64Array(turns.memory, SERIAL_AT, 1);
    return [serial, bytes.toString('utf8', at + 1, at + 1 + (bytes[at] ?? 0))];
  };

  test('shows serial and label of whoever has the turn, however many labels there are, cut to 63 bytes', () => {
    const { runtime } = world();
    const turns = new Turns();
    const processes = Array.from({ length: 1_500 }, (_, n) =>
      spawn(runtime, () => undefined, { label: n === 7 ? 'ä'.repeat(40) : `label ${n}` }),
    );
    for (let round = 0; round < 2; round++) {
      for (const process of processes) {
        turns.turn(process);
        const label = process === processes[7] ? 'ä'.repeat(31) : process.label;
        expect(shown(turns)).toEqual([process.serial, label]);
      }
      turns.turn(null);
      expect(shown(turns)[0]).toBe(0);
    }
  });

  test('a label that changes is shown at the next turn', () => {
    const { runtime } = world();
    const turns = new Turns();
    const process = spawn(runtime);
    turns.turn(process);
    process.label = 'new';
    turns.turn(process);
    expect(shown(turns)).toEqual([process.serial, 'new']);
  });
});
