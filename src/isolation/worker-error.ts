/**
 * How a call into a worker thread fails.
 */
import type { CallFailure } from '../actor/call.ts';
import { describeReason, type ExitReason } from '../actor/exit-reason.ts';

export type WorkerFailure =
  /** The deadline passed. If the function ran, its thread was ended. */
  | { readonly tag: 'timeout' }
  /** The caller gave up. If the function ran, its thread was ended. */
  | { readonly tag: 'canceled'; readonly reason: unknown }
  /** A bound was reached: `queue`, the pool's own, or `mailbox`. The function has not run. */
  | { readonly tag: 'overloaded'; readonly bound: string }
  /** What is no structured data: functions, promises, proxies. With `arguments` the function has not run. */
  | { readonly tag: 'unclonable'; readonly what: 'arguments' | 'result'; readonly detail: string }
  /** The module exports no function of that name. */
  | { readonly tag: 'no_function'; readonly name: string }
  /** The function returned `err(reason)`. */
  | { readonly tag: 'declared'; readonly reason: unknown }
  /** The function threw; the thread lives on. */
  | { readonly tag: 'threw'; readonly error: unknown }
  /**
   * The thread or the pool ended: `worker_oom`, `{ worker_exit: code }`, what the module threw outside the call,
   * `killed`, `shutdown`, `noproc`. Or the function called `exit(reason)`.
   */
  | { readonly tag: 'exit'; readonly reason: ExitReason };

/** Rejection of a pool's `call`. Branch on `failure.tag`; `cause` is what was thrown or the exit reason. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError';
  readonly failure: WorkerFailure;
  constructor(what: string, failure: WorkerFailure) {
    super(`${what}: ${described(failure)}`, { cause: causeOf(failure) });
    this.failure = failure;
  }
}

export function failureOf(failure: CallFailure): WorkerFailure {
  return failure.tag === 'exit' ? { tag: 'exit', reason: failure.reason } : failure;
}

function causeOf(failure: WorkerFailure): unknown {
  switch (failure.tag) {
    case 'threw':
      return failure.error;
    case 'declared':
    case 'exit':
    case 'canceled':
      return failure.reason;
    default:
      return undefined;
  }
}

function described(failure: WorkerFailure): string {
  switch (failure.tag) {
    case 'timeout':
      return 'timeout';
    case 'canceled':
      return 'canceled';
    case 'overloaded':
      return `overloaded (${failure.bound})`;
    case 'unclonable':
      return `the ${failure.what} cannot be cloned: ${failure.detail}`;
    case 'no_function':
      return `the module exports no function ${failure.name}`;
    case 'threw':
      return describeReason(failure.error);
    case 'declared':
    case 'exit':
      return describeReason(failure.reason);
  }
}

/** Why structured clone refused. */
export const cloneDetail = (error: unknown): string =>
  describeReason(error instanceof Error ? error.message : error, 512);
