/**
 * What a pool of worker threads may be told, and its defaults.
 */
import { availableParallelism } from 'node:os';
import { checkDeadline, checkDuration } from '../otp/durations.ts';
import type { RestartLimit } from '../otp/restart-intensity.ts';
import { CALL_TIMEOUT } from '../otp/server-ref.ts';
import { checkOptions, checkThread, type CheckedThread, type ThreadOptions } from './thread.ts';

export interface WorkerPoolOptions extends ThreadOptions {
  /** Functions that run at once. Default: one less than there are cores, at least 1. */
  readonly size?: number | undefined;
  /** Loaded threads beyond `size`: a lost one is replaced at once. Default 1; 8 MiB of memory each. */
  readonly spare?: number | undefined;
  /** Calls that wait for a thread; more: `overloaded` `queue`. Default 1,000. */
  readonly maxQueue?: number | undefined;
  /** Deadline of a call that says none, waiting included; milliseconds. Default 5,000. */
  readonly timeout?: number | undefined;
  /** Milliseconds that accepted calls have when the pool stops. Default 5,000. */
  readonly drain?: number | undefined;
  /**
   * Threads lost within `period` that are tolerated: those that died without a call, or could not load the module.
   * Default 5: a thread fails within some 30 ms, so a module that cannot be loaded is known in a moment, and a
   * stray error now and then does not end the pool.
   */
  readonly intensity?: number | undefined;
  /** Milliseconds. Default 5,000. */
  readonly period?: number | undefined;
  /** Its name in trees and logs. Default `WorkerPool`. */
  readonly label?: string | undefined;
}

export interface CheckedPool {
  readonly thread: CheckedThread;
  readonly size: number;
  readonly spare: number;
  readonly maxQueue: number;
  readonly timeout: number;
  readonly drain: number;
  readonly limit: RestartLimit;
  readonly label: string;
}

const MAX_QUEUE = 1_000;
const DRAIN = 5_000;
const INTENSITY = 5;
const PERIOD = 5_000;

/** One thread is the program's own. */
export const defaultSize = (): number => Math.max(1, availableParallelism() - 1);

/** Throws an error that names the option: a `RangeError` for an invalid time, a `TypeError` for the rest. */
export function checkPool(options: WorkerPoolOptions): CheckedPool {
  checkOptions(options);
  const { size = defaultSize(), spare = 1, maxQueue = MAX_QUEUE } = options;
  const { timeout = CALL_TIMEOUT, drain = DRAIN, intensity = INTENSITY, period = PERIOD } = options;
  const { label = 'WorkerPool' } = options;
  whole('size', size, 1);
  whole('spare', spare, 0);
  whole('maxQueue', maxQueue, 0);
  whole('intensity', intensity, 0);
  checkDeadline('worker pool: timeout', timeout);
  checkDuration('worker pool: drain', drain);
  checkDeadline('worker pool: period', period);
  const limit = { intensity, period };
  return { thread: checkThread(options), size, spare, maxQueue, timeout, drain, limit, label };
}

function whole(name: string, value: number, least: number): void {
  if (!(Number.isInteger(value) && value >= least))
    throw new TypeError(`worker pool: ${name} must be an integer ≥ ${least}`);
}
