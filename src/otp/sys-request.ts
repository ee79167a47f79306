/**
 * How `sys` speaks to a process: work in its own turn, before what is queued, also while it is suspended.
 *
 * A process whose callback waits for a promise answers when the callback has ended. What was not begun when the
 * caller's time was up is not done.
 */
import { PromiseCall, type Call } from '../actor/call.ts';
import { urgentSignal, type Work } from '../actor/delivery.ts';
import { thrownReason } from '../actor/exit-reason.ts';
import { Kind } from '../actor/mailbox.ts';
import { RemotePid, type Pid } from '../actor/pid.ts';
import { NOPROC, Process } from '../actor/process.ts';
import { isObject, wrongArgument } from './arguments.ts';
import { checkDuration } from './durations.ts';
import { ExitError, reasonOf } from './errors.ts';

/** Whom `sys` speaks to: a pid, or any reference. */
export type SysTarget = Pid | { readonly pid: Pid | undefined };

/** OTP's default, milliseconds. */
const SYS_TIMEOUT = 5_000;

/** An answer that takes time: the process waits for it, as for any callback. */
export class Later<T> {
  readonly value: Promise<T>;
  constructor(value: Promise<T>) {
    this.value = value;
  }
}

class SystemRequest<T> implements Work {
  readonly #call: Call;
  readonly #answer: (self: Process) => T | Later<T>;
  constructor(call: Call, answer: (self: Process) => T | Later<T>) {
    this.#call = call;
    this.#answer = answer;
  }
  run(self: Process): void | Promise<void> {
    if (this.#call.settled) return undefined;
    const failed = (error: unknown): void => {
      const reason = error instanceof ExitError ? error.reason : thrownReason(error);
      this.#call.fail({ tag: 'exit', reason, holder: self });
    };
    let value: T | Later<T>;
    try {
      value = this.#answer(self);
    } catch (error) {
      return failed(error);
    }
    if (value instanceof Later) return value.value.then((late) => void this.#call.reply(late), failed);
    this.#call.reply(value);
    return undefined;
  }
}

/**
 * What `answer` gives in the target's turn. Rejects with `ExitError`: the reason `answer` threw, `noproc`,
 * `timeout`, `calling_self`, `noconnection` for a process of another node, or the target's exit reason; with a
 * `RangeError` for an invalid timeout, a `TypeError` for an invalid target.
 */
export function askProcess<T>(
  target: SysTarget,
  what: string,
  answer: (self: Process) => T | Later<T>,
  timeout: number = SYS_TIMEOUT,
): Promise<T> {
  return new Promise((resolve, reject) => {
    checkDuration('timeout', timeout);
    const pid = pidOf(target);
    const call = new PromiseCall(what, resolve as (value: unknown) => void, (failure) => {
      // nothing of it stays with a process that never comes to it
      if (failure.tag === 'timeout' && pid instanceof Process)
        pid.urgent?.removeFirst((_, message) => message === request);
      reject(new ExitError(`sys ${what}`, reasonOf(failure)));
    });
    const request = new SystemRequest(call, answer);
    const fail = (reason: string): void => {
      call.fail({ tag: 'exit', reason, holder: null });
    };
    if (pid === undefined) call.fail(NOPROC);
    else if (!(pid instanceof Process)) fail('noconnection');
    else if (pid === pid.runtime.scheduler.current) fail('calling_self');
    else {
      call.moveTo(pid);
      if (call.settled) return;
      if (timeout !== Infinity) pid.runtime.timers.set(call, timeout);
      urgentSignal(pid, Kind.work, request);
    }
  });
}

function pidOf(target: SysTarget): Pid | undefined {
  if (target instanceof Process) return target;
  if (isObject(target)) {
    const pid: unknown = 'pid' in target ? target.pid : target;
    if (pid === undefined || pid instanceof Process || pid instanceof RemotePid) return pid;
  }
  throw wrongArgument('target', 'a pid or a reference', target);
}
