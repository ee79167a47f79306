/**
 * What the behaviors throw at their callers.
 */
import type { CallFailure } from '../actor/call.ts';
import { describeReason, type ExitReason } from '../actor/exit-reason.ts';

/** A process could not be started. `reason` is what `init` failed with. */
export class StartError extends Error {
  override readonly name = 'StartError';
  readonly reason: ExitReason;
  constructor(what: string, reason: ExitReason) {
    super(`${what} did not start: ${describeReason(reason)}`, { cause: reason });
    this.reason = reason;
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
  constructor(what: string, reason: ExitReason) {
    super(`${what}: ${describeReason(reason)}`, { cause: reason });
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
