/**
 * How actors fail, as errors that `Effect.catchTag` tells apart.
 *
 * The kernel says which failure it was, so a server that exits with the reason `timeout` is `ServerExit` and never
 * taken for a call that took too long.
 */
import * as Data from 'effect/Data';
import type { CallFailure } from '../actor/call.ts';
import { describeReason, type ExitReason } from '../actor/exit-reason.ts';
import type { StartError } from '../otp/errors.ts';

interface Asked {
  /** What was called: its tag. */
  readonly call: string;
  readonly message: string;
}

/** Nobody is registered under the name, or the process was dead before the call reached it. */
export class NoProc extends Data.Error<Asked> {
  readonly _tag = 'NoProc' as const;
  override readonly name = 'NoProc';
}

/** No answer within `timeout` ms. The request may still be handled. */
export class CallTimeout extends Data.Error<Asked & { readonly timeout: number }> {
  readonly _tag = 'CallTimeout' as const;
  override readonly name = 'CallTimeout';
}

/** An actor called itself: it would wait for its own answer. */
export class CallingSelf extends Data.Error<Asked> {
  readonly _tag = 'CallingSelf' as const;
  override readonly name = 'CallingSelf';
}

/** The node of the process is out of reach. */
export class NoConnection extends Data.Error<Asked> {
  readonly _tag = 'NoConnection' as const;
  override readonly name = 'NoConnection';
}

/** The request was not accepted: `bound` names what was full. */
export class Overloaded extends Data.Error<Asked & { readonly bound: string }> {
  readonly _tag = 'Overloaded' as const;
  override readonly name = 'Overloaded';
}

/** The server ended before it answered; `reason` is its exit reason. The request may have been handled. */
export class ServerExit extends Data.Error<
  Asked & { readonly reason: ExitReason; readonly cause?: unknown }
> {
  readonly _tag = 'ServerExit' as const;
  override readonly name = 'ServerExit';
}

/** What a call can fail with. */
export type CallError = NoProc | CallTimeout | CallingSelf | NoConnection | Overloaded | ServerExit;

/** A process could not be started; `reason` is what its `init` failed with, or `ignore`. */
export class StartFailed extends Data.Error<{
  readonly reason: ExitReason;
  readonly message: string;
  readonly cause: unknown;
}> {
  readonly _tag = 'StartFailed' as const;
  override readonly name = 'StartFailed';
}

export const startFailed = (error: StartError): StartFailed =>
  new StartFailed({ reason: error.reason, message: error.message, cause: error });

export const noProc = (call: string): NoProc => new NoProc({ call, message: `call ${call}: noproc` });

export const noConnection = (call: string): NoConnection =>
  new NoConnection({ call, message: `call ${call}: noconnection` });

export const callingSelf = (call: string): CallingSelf =>
  new CallingSelf({ call, message: `call ${call}: calling_self` });

/** The error for what the kernel says. */
export function callError(call: string, timeout: number, failure: CallFailure): CallError {
  const message = (why: string): string => `call ${call}: ${why}`;
  switch (failure.tag) {
    case 'timeout':
      return new CallTimeout({ call, timeout, message: message(`no answer in ${timeout} ms`) });
    case 'overloaded':
      return new Overloaded({ call, bound: failure.bound, message: message(`${failure.bound} is full`) });
    case 'canceled':
      return serverExit(call, { canceled: failure.reason });
    case 'exit':
      // only the kernel fails a call without a holder: whoever held it died of any reason, also of these
      if (failure.holder === null && failure.reason === 'noproc') return noProc(call);
      if (failure.holder === null && failure.reason === 'noconnection') return noConnection(call);
      return serverExit(call, failure.reason);
  }
}

const serverExit = (call: string, reason: ExitReason): ServerExit =>
  new ServerExit({
    call,
    reason,
    message: `call ${call}: the server ended: ${describeReason(reason)}`,
    cause: reason,
  });
