/**
 * Serves a procedure from a module in worker threads: each invocation calls its function in a thread of a pool.
 *
 * The end of an invocation (deadline, cancel) ends its thread, whatever the function does: the caller gets `timeout`.
 * A full heap is `handler_crash` with `oom`. Source: OTP §4; DESIGN §8.
 */
import { exit } from '../../actor/exit-reason.ts';
import type { WorkerPoolOptions } from '../../isolation/pool-options.ts';
import { WorkerError, type WorkerFailure } from '../../isolation/worker-error.ts';
import type { WorkerPoolRef } from '../../isolation/worker-pool.ts';
import { err } from '../errors/rpc-error.ts';
import { Refusal, type AnyHandler } from './handler.ts';

/** Threads of a procedure with `isolation: 'worker'`. */
export interface WorkerOptions extends Pick<WorkerPoolOptions, 'size' | 'spare' | 'heapMb' | 'stackMb'> {
  /** The exported function. Default `default`. */
  readonly export?: string;
}

/** What a function in a worker knows of the call beside its arguments. */
export interface WorkerContext {
  /** When the call is over, in milliseconds since 1970 by this machine's clock; then the thread is ended. */
  readonly deadline: number;
  readonly caller: { readonly nodeId: string; readonly local: boolean };
  readonly procedure: string;
  readonly trace: { readonly traceparent: string; readonly tracestate?: string } | undefined;
}

export function workerCaller(pool: WorkerPoolRef, exported: string): AnyHandler {
  return async (args, { signal, deadline, caller, procedure, trace }) => {
    const context: WorkerContext = { deadline, caller: { ...caller }, procedure, trace };
    try {
      // the deadline of the call itself aborts the signal
      return await pool.call(exported, [args, context], { timeout: Infinity, signal });
    } catch (error) {
      if (!(error instanceof WorkerError)) throw error;
      return failed(error.failure, error);
    }
  };
}

/** As an invocation understands it: a declared failure, a refusal, or a crash. */
function failed(failure: WorkerFailure, error: WorkerError): unknown {
  switch (failure.tag) {
    case 'declared':
      return err(failure.reason);
    case 'threw':
      throw failure.error;
    case 'overloaded':
      throw new Refusal({ tag: 'overloaded', bound: failure.bound });
    case 'unclonable':
      throw new Refusal({ tag: 'unencodable', path: '$', detail: `${failure.what}: ${failure.detail}` });
    case 'exit':
      // not run: its pool is being restarted; perhaps run: it is being stopped
      if (failure.reason === 'noproc' || failure.reason === 'shutdown')
        throw new Refusal({
          tag: 'connection_error',
          sent: failure.reason === 'shutdown',
          detail: 'the worker pool is being restarted',
        });
      return exit(failure.reason);
    case 'timeout':
    case 'canceled':
    case 'no_function':
      throw error;
  }
}
