/**
 * How a server's callers speak to it.
 */
import { PromiseCall, type CallFailure } from '../actor/call.ts';
import { cancelOn } from '../actor/cancel-on.ts';
import type { ExitReason } from '../actor/exit-reason.ts';
import type { Target } from '../actor/pid.ts';
import { Process } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import { refuse, wrongArgument, wrongObject, wrongSignal } from './arguments.ts';
import { checkDuration } from './durations.ts';
import { ExitError, exitErrorOf } from './errors.ts';
import { ProcessRef } from './process-ref.ts';
import { Request, ServerCall } from './server-call.ts';

export type { Named } from './process-ref.ts';
export { Request } from './server-call.ts';

/** The functions a server answers, as an interface of methods: one payload in, one reply out. */
export type Protocol = object;

/** What may be asked of a server nobody has described: any tag, one payload, an answer to be looked at. */
export type AnyProtocol = Readonly<Record<string, (payload?: unknown) => unknown>>;

export type Answer<F> = F extends (...args: never[]) => infer R ? Awaited<R> : never;
/** What `call` and `cast` take after the tag: the one payload, which may be optional or none, and the rest. */
export type WithPayload<F, Rest extends unknown[]> = F extends (...args: infer Args) => unknown
  ? Args extends readonly []
    ? [payload?: undefined, ...rest: Rest]
    : Args extends readonly [payload?: unknown]
      ? [...payload: Args, ...rest: Rest]
      : [payload: never, ...rest: Rest]
  : [payload: never, ...rest: Rest];

/** How long an answer is waited for. */
export interface CallOptions {
  /** Milliseconds, or Infinity. Default 5,000; of a supervisor or of applications without limit, as in OTP. */
  readonly timeout?: number | undefined;
  /** Gives the call up when it is aborted: `ExitError` `{ canceled: reason }`. */
  readonly signal?: AbortSignal | undefined;
}

/** OTP's default call timeout, milliseconds. */
export const CALL_TIMEOUT = 5_000;

/** How others speak to a server: by pid, or by a name that is looked up for each message. */
export class ServerRef<
  Calls extends Protocol = AnyProtocol,
  Casts extends Protocol = AnyProtocol,
> extends ProcessRef {
  /**
   * Sends a request and waits for its answer. Rejects with `ExitError`: `noproc`, `timeout`, `calling_self`,
   * `{ overloaded: 'mailbox' }`, `{ canceled }`, or the reason the server died of; with a `RangeError` for an
   * invalid timeout, a `TypeError` for an invalid tag or signal.
   */
  call<Tag extends keyof Calls & string>(
    tag: Tag,
    ...rest: WithPayload<Calls[Tag], [options?: CallOptions]>
  ): Promise<Answer<Calls[Tag]>>;
  // plain parameters: an array for each call would be a third of its price
  call(tag: string, payload?: unknown, options?: CallOptions): Promise<unknown> {
    const { runtime } = this;
    if (typeof tag !== 'string') return Promise.reject(wrongArgument('tag', 'a string', tag));
    const pid = options === undefined ? this.found : null;
    if (!(pid instanceof Process) || !pid.alive || pid === runtime.scheduler.current)
      return request(this, `call ${tag}`, new Request(tag, payload), options);
    const call = new ServerCall(tag, payload);
    const promise = call.promise();
    runtime.call(pid, call, CALL_TIMEOUT);
    return promise;
  }

  /**
   * Sends a request without an answer. False when the mailbox is full, or the table of names threw; a dead
   * server's is lost in silence. Never throws.
   */
  cast<Tag extends keyof Casts & string>(tag: Tag, ...rest: WithPayload<Casts[Tag], []>): boolean;
  cast(tag: string, payload?: unknown): boolean {
    const pid = this.found;
    if (pid === null) return false;
    return pid === undefined || this.runtime.cast(pid, new Request(tag, payload));
  }

  /** Sends a plain message (`handleInfo`). */
  send(message: unknown): boolean {
    const pid = this.found;
    if (pid === null) return false;
    return pid === undefined || this.runtime.send(pid, message);
  }
}

/**
 * Sends any request to a server and waits; the typed methods above stand on it.
 * @param limit the timeout where the options say none.
 */
export function request(
  ref: { readonly runtime: Runtime; readonly whom: Target | undefined },
  what: string,
  message: unknown,
  options: CallOptions = {},
  limit: number = CALL_TIMEOUT,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    // wrong arguments and a broken table of names reject the call
    refuse(wrongObject('options', 'an object', options));
    const { timeout = limit, signal } = options;
    checkDuration('timeout', timeout);
    if (signal !== undefined) refuse(wrongSignal('signal', signal));
    const { runtime, whom: pid } = ref;
    const fail = (reason: ExitReason): void => {
      reject(new ExitError(what, reason));
    };
    const failed = (failure: CallFailure): void => {
      reject(exitErrorOf(what, failure));
    };
    if (pid === undefined) {
      fail('noproc');
      return;
    }
    if (pid instanceof Process && !pid.alive) {
      fail('noproc');
      return;
    }
    if (pid instanceof Process && pid === runtime.scheduler.current) {
      fail('calling_self');
      return;
    }
    if (signal === undefined) {
      runtime.call(pid, new PromiseCall(message, resolve, failed), timeout);
      return;
    }
    if (signal.aborted) {
      fail({ canceled: signal.reason });
      return;
    }
    const call = cancelOn(
      signal,
      resolve,
      failed,
      (answered, refused) => new PromiseCall(message, answered, refused),
    );
    runtime.call(pid, call, timeout);
  });
}

/** The same for requests to whoever starts and stops others: that takes as long as it takes, so there is no limit. */
export function ask(
  ref: { readonly runtime: Runtime; readonly whom: Target | undefined },
  message: { readonly tag: string },
  options?: CallOptions,
): Promise<unknown> {
  return request(ref, message.tag, message, options, Infinity);
}
