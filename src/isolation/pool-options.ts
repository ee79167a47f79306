/**
 * What a pool of worker threads may be told, and its defaults.
 */
import { availableParallelism } from 'node:os';
import { checkLimit, type RestartLimit } from '../otp/restart-intensity.ts';
import { CALL_TIMEOUT } from '../otp/server-ref.ts';
import { checkThread, type CheckedThread, type ThreadOptions } from './thread.ts';

export interface WorkerPoolOptions extends ThreadOptions {
  /** Functions that run at once. Default: one less than there are cores, at least 1. */
  readonly size?: number;
  /** Loaded threads beyond `size`: a lost one is replaced at once. Default 1; 8 MiB of memory each. */
  readonly spare?: number;
  /** Calls that wait for a thread; more: `overloaded` `queue`. Default 1,000. */
  readonly maxQueue?: number;
  /** Deadline of a call that says none, waiting included; milliseconds. Default 5,000. */
  readonly timeout?: number;
  /** Milliseconds that accepted calls have when the pool stops. Default 5,000. */
  readonly drain?: number;
  /**
   * Threads lost within `period` that are tolerated: those that died without a call, or could not load the module.
   * Default 5: a thread fails within some 30 ms, so a module that cannot be loaded is known in a moment, and a
   * stray error now and then is none.
   */
  readonly intensity?: number;
  /** Milliseconds. Default 5,000. */
  readonly period?: number;
  /** Its name in trees and logs. Default `WorkerPool`. */
  readonly label?: string;
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

/** One thread is the program's own. */
export const defaultSize = (): number => Math.max(1, availableParallelism() - 1);

/** Throws a `TypeError` that names the option. */
export function checkPool(options: WorkerPoolOptions): CheckedPool {
  const { size = defaultSize(), spare = 1, maxQueue = MAX_QUEUE } = options;
  const { timeout = CALL_TIMEOUT, drain = DRAIN, intensity = INTENSITY, label = 'WorkerPool' } = options;
  whole('size', size, 1);
  whole('spare', spare, 0);
  whole('maxQueue', maxQueue, 0);
  if (!(timeout > 0)) throw new TypeError('worker pool: timeout must be positive milliseconds');
  if (!(drain >= 0)) throw new TypeError('worker pool: drain must be milliseconds ≥ 0');
  const limit = checkLimit({ ...options, intensity });
  return { thread: checkThread(options), size, spare, maxQueue, timeout, drain, limit, label };
}

function whole(name: string, value: number, least: number): void {
  if (!(Number.isInteger(value) && value >= least))
    throw new TypeError(`worker pool: ${name} must be an integer ≥ ${least}`);
}
