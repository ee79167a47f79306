/**
 * What a procedure is to those who write one.
 */
import type { Self } from '../../actor/process.ts';
import type { TracePayload } from '../../codec/payloads.ts';
import type { ValueMap } from '../../codec/value.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import type { Caller } from '../router/rpc-call.ts';

/** What a handler knows of the call beside its arguments. */
export interface HandlerContext {
  /** Aborted when the deadline passes, the caller cancels, or the invocation is killed. */
  readonly signal: AbortSignal;
  /** When the call is over, in milliseconds since 1970 by this machine's clock. */
  readonly deadline: number;
  /** Milliseconds left now; what to give as `timeout` to calls made on behalf of this one. */
  readonly timeLeft: number;
  readonly caller: Caller;
  readonly procedure: string;
  /** The invocation's own process. */
  readonly self: Self;
  /** W3C trace context of the caller, to be passed on. */
  readonly trace: TracePayload | undefined;
}

/**
 * Answers one call. A returned value (or a promise of one) is the success, `err(reason)` a declared failure;
 * a throw is a crash that this caller alone sees as `handler_crash`. `args` is a frozen plain object of the
 * same shape for local and remote callers.
 */
export type Handler = (args: never, context: HandlerContext) => unknown;

/** A handler as the runtime calls it. */
export type AnyHandler = (args: ValueMap, context: HandlerContext) => unknown;

/** True lets the call in. Anything else, a throw or a rejection refuses it. */
export type Authorize = (caller: Caller) => boolean | Promise<boolean>;

export interface ProcedureLimits {
  /** Invocations running at once. Default 64. */
  readonly maxConcurrent?: number;
  /** Calls waiting for one of those to end. Default 256. */
  readonly maxQueue?: number;
}

export const DEFAULT_LIMITS: Required<ProcedureLimits> = { maxConcurrent: 64, maxQueue: 256 };

/** Thrown by handlers of ours: the call ends with this failure, which is nobody's crash. */
export class Refusal {
  readonly #failure: RpcFailure;
  constructor(failure: RpcFailure) {
    this.#failure = failure;
  }
  /** Asks no trap of a proxy. */
  static in(value: unknown): RpcFailure | undefined {
    return typeof value === 'object' && value !== null && #failure in value ? value.#failure : undefined;
  }
}
