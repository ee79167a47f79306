/**
 * What a procedure is to those who write one.
 */
import type { Self } from '../../actor/process.ts';
import type { TracePayload } from '../../codec/payloads.ts';
import type { ValueMap } from '../../codec/value.ts';
import type { Caller } from '../router/rpc-call.ts';

/** What a handler knows of the call beside its arguments. */
export interface HandlerContext {
  /** Aborted when the deadline passes, the caller cancels, or the invocation is killed. */
  readonly signal: AbortSignal;
  /** Milliseconds left when it began. */
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

/** True lets the call in. A throw or a rejection refuses it. */
export type Authorize = (caller: Caller) => boolean | Promise<boolean>;

export interface ProcedureLimits {
  /** Invocations running at once. Default 64. */
  readonly maxConcurrent?: number;
  /** Calls waiting for one of those to end. Default 256. */
  readonly maxQueue?: number;
}

export const DEFAULT_LIMITS: Required<ProcedureLimits> = { maxConcurrent: 64, maxQueue: 256 };
