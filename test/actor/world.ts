/** A runtime on a virtual clock that keeps its reports, and processes made of plain functions. */
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import type { Behavior } from '../../src/actor/behavior.ts';
import { silentLogger } from '../../src/actor/logger.ts';
import type { Kind } from '../../src/actor/mailbox.ts';
import type { Process } from '../../src/actor/process.ts';
import type { Report } from '../../src/actor/report.ts';
import { Runtime, type RuntimeOptions, type SpawnOptions } from '../../src/actor/runtime.ts';
import { seededRandom } from '../../src/actor/random.ts';
import { virtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';

export interface World {
  readonly clock: VirtualClock;
  readonly runtime: Runtime;
  readonly reports: Report[];
}

export function world(options: RuntimeOptions = {}): World {
  const clock = virtualClock();
  const runtime = new Runtime({
    clock,
    random: seededRandom('test'),
    logger: silentLogger,
    budget: { milliseconds: Infinity },
    ...options,
  });
  const reports: Report[] = [];
  runtime.onReport((report) => reports.push(report));
  return { clock, runtime, reports };
}

/** A world whose run queue picks by seed. */
export const seededWorld = (seed: number): World =>
  world({ runQueue: { tag: 'seeded', random: seededRandom(seed) } });

export type Receive = (kind: Kind, message: unknown, self: Process) => void | PromiseLike<void>;

/** Starts a process that does `receive`. */
export function spawn(
  runtime: Runtime,
  receive: Receive = () => undefined,
  options: SpawnOptions & { readonly trapExit?: boolean; readonly terminate?: Behavior['terminate'] } = {},
): Process {
  const { trapExit = false, terminate, ...rest } = options;
  const behavior: Behavior = { type: 'Test', receive, ...(terminate === undefined ? {} : { terminate }) };
  const process = runtime.spawn(behavior, rest);
  process.trapExit = trapExit;
  runtime.activate(process);
  return process;
}

/** A process that keeps what it gets. */
export function recorder(
  runtime: Runtime,
  options: SpawnOptions & { readonly trapExit?: boolean } = {},
): { readonly pid: Process; readonly inbox: { readonly kind: Kind; readonly message: unknown }[] } {
  const inbox: { kind: Kind; message: unknown }[] = [];
  const pid = spawn(runtime, (kind, message) => void inbox.push({ kind, message }), options);
  return { pid, inbox };
}

/** What a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  return expect.fail(`resolved to ${String(value)}`);
}

/** The exit reason a promise rejects with. */
export async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  return ((await failure(promise)) as { readonly reason: unknown }).reason;
}

/** `expect(actual).toBe(expected)` for loops that run millions of times. */
export function same(actual: unknown, expected: unknown): void {
  if (!Object.is(actual, expected)) expect(actual).toBe(expected);
}

/** `expect(actual).toEqual(expected)` for such loops. */
export function alike(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toEqual(expected);
}

/** The same for lists of the very same things in the same order. */
export function sameItems(actual: readonly unknown[], expected: readonly unknown[]): void {
  if (actual.length === expected.length && actual.every((item, at) => Object.is(item, expected[at]))) return;
  expect(actual).toEqual(expected);
}
