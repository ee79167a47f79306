/** What the tests of this folder share: modules for threads, and waiting for something with a deadline. */
import { expect } from 'vitest';
import { silentLogger } from '../../src/actor/logger.ts';
import type { Report } from '../../src/actor/report.ts';
import { Runtime } from '../../src/actor/runtime.ts';
import type { WorkerPoolRef } from '../../src/isolation.ts';
import { WorkerError, type WorkerFailure } from '../../src/isolation.ts';
import type { Process } from '../../src/actor/process.ts';

export const fixture = (name: string): URL => new URL(`./fixtures/${name}`, import.meta.url);

/** A runtime on real time that keeps its reports. */
export function realWorld(): { readonly runtime: Runtime; readonly reports: Report[] } {
  const runtime = new Runtime({ logger: silentLogger });
  const reports: Report[] = [];
  runtime.onReport((report) => reports.push(report));
  return { runtime, reports };
}

/** Waits until something holds; milliseconds that a loaded machine never needs. */
export async function until(condition: () => boolean, limit = 15_000): Promise<number> {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > limit) expect.fail(`not within ${limit} ms: ${String(condition)}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return performance.now() - start;
}

/** A loop that gets no turn for this long has ended, however many others want the cores; milliseconds. */
const QUIET = 250;
/** One that was ended has ended after this, also where the machine is busy; one that was not goes on. */
const SOON = 1_500;

/**
 * Waits until a loop that counts in `cell` and was ended just now is seen no more; gives when it was last seen counting
 * (`performance.now`).
 */
export async function stopped(cell: Int32Array): Promise<number> {
  let seen = Atomics.load(cell, 0);
  const begun = performance.now();
  let last = begun;
  expect(seen, 'the loop has begun').toBeGreaterThan(0);
  await until(() => {
    const now = Atomics.load(cell, 0);
    if (now !== seen) last = performance.now();
    seen = now;
    return performance.now() - last > QUIET;
  });
  expect(last - begun, 'the loop has ended').toBeLessThan(SOON);
  return last;
}

/** Why a call failed. */
export async function failed(promise: Promise<unknown>): Promise<WorkerFailure> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    if (error instanceof WorkerError) return error.failure;
    throw error;
  }
  return expect.fail(`resolved to ${String(value)}`);
}

/** Two numbers that threads and the test both see. */
export const shared = (): { readonly memory: SharedArrayBuffer; readonly cell: Int32Array } => {
  const memory = new SharedArrayBuffer(8);
  return { memory, cell: new Int32Array(memory) };
};

export interface Figures {
  readonly running: number;
  readonly idle: number;
  readonly starting: number;
  readonly ending: number;
  readonly waiting: number;
  readonly served: number;
  readonly refused: number;
  readonly killed: number;
  readonly crashed: number;
}

export function figures(pool: WorkerPoolRef<never>): Figures {
  const process = pool.pid as Process;
  return process.behavior.inspect?.(process) as unknown as Figures;
}
