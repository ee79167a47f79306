/**
 * What the behaviors throw at their callers.
 */
import type { CallFailure } from '../actor/call.ts';
import { describeReason, isShutdown, type ExitReason } from '../actor/exit-reason.ts';

/**
 * A process could not be started. `reason` is what `init` failed with. When it is a supervisor's, `message` names
 * the way down to the child that failed, and `cause` is what that child failed with.
 */
export class StartError extends Error {
  override readonly name = 'StartError';
  readonly reason: ExitReason;
  constructor(what: string, reason: ExitReason) {
    const { path, cause } = innermost(reason);
    super(`${[what, ...path].join('/')} did not start: ${describeReason(cause)}`, { cause });
    this.reason = reason;
  }
}

/** Deepest tree that is looked into. */
const LEVELS = 32;

/** A start fails from the inside out: the ids on the way to the innermost child, and its own reason. */
export function innermost(reason: ExitReason): {
  readonly path: readonly string[];
  readonly cause: ExitReason;
} {
  const path: string[] = [];
  let cause = reason;
  while (path.length < LEVELS) {
    const failed = failedChild(cause);
    if (failed === undefined) break;
    path.push(failed.failed_to_start_child);
    cause = failed.reason;
  }
  return { path, cause };
}

/** What a start failed with from the inside, without `shutdown` around it; undefined for what is no `StartError`. */
export function causeOfStart(error: unknown): unknown {
  if (!(error instanceof StartError)) return undefined;
  const { cause } = innermost(error.reason);
  return isShutdown(cause) ? cause.shutdown : cause;
}

interface FailedChild {
  readonly failed_to_start_child: string;
  readonly reason: ExitReason;
}

/** What supervisors fail with; a user's reason may be a proxy that refuses to be looked at. */
function failedChild(reason: ExitReason): FailedChild | undefined {
  try {
    const inner = isShutdown(reason) ? reason.shutdown : undefined;
    if (typeof inner !== 'object' || inner === null) return undefined;
    return Object.hasOwn(inner, 'failed_to_start_child') ? (inner as FailedChild) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * A call, a stop or a task ended without an answer.
 *
 * `reason` is OTP's: `noproc`, `timeout`, `calling_self`, `noconnection`, `killed`, … or whatever the server
 * died of; `{ overloaded: 'mailbox' }` when its mailbox is full, `{ canceled: reason }` when the caller's
 * signal fired.
 */
export class ExitError extends Error {
  override readonly name = 'ExitError';
  readonly reason: ExitReason;
  constructor(what: string, reason: ExitReason, described: string = describeReason(reason)) {
    super(`${what}: ${described}`, { cause: reason });
    this.reason = reason;
  }
}

/** The exit reason a caller sees for a failed call. */
export function reasonOf(failure: CallFailure): ExitReason {
  switch (failure.tag) {
    case 'exit':
      return failure.reason;
    case 'timeout':
      return 'timeout';
    case 'overloaded':
      return { overloaded: failure.bound };
    case 'canceled':
      return { canceled: failure.reason };
  }
}

/**
 * How a call failed. It mostly fails in a turn of somebody else, so the error has no places in the code: they would be
 * the runtime's own, and to collect them costs several times the rest of a crash.
 */
export function exitErrorOf(what: string, failure: CallFailure): ExitError {
  const reason = reasonOf(failure);
  const described = describeReason(reason);
  const limit: unknown = Error.stackTraceLimit;
  const lowered = typeof limit === 'number' && setStackTraceLimit(0);
  const error = new ExitError(what, reason, described);
  if (lowered) setStackTraceLimit(limit);
  return error;
}

/** False where the program has frozen it, or put something of its own in its place. */
function setStackTraceLimit(limit: number): boolean {
  try {
    return Reflect.set(Error, 'stackTraceLimit', limit);
  } catch {
    return false;
  }
}
