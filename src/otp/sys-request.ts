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
import type { Pid } from '../actor/pid.ts';
import { NOPROC, Process } from '../actor/process.ts';
import { ExitError, reasonOf } from './errors.ts';

/** Whom `sys` speaks to: a pid, or any reference. */
export type SysTarget = Pid | { readonly pid: Pid | undefined };

/** OTP's default, milliseconds. */
const SYS_TIMEOUT = 5_000;

class SystemRequest<T> implements Work {
  readonly #call: Call;
  readonly #answer: (self: Process) => T;
  constructor(call: Call, answer: (self: Process) => T) {
    this.#call = call;
    this.#answer = answer;
  }
  run(self: Process): void {
    if (this.#call.settled) return;
    let value: T;
    try {
      value = this.#answer(self);
    } catch (error) {
      const reason = error instanceof ExitError ? error.reason : thrownReason(error);
      this.#call.fail({ tag: 'exit', reason, holder: self });
      return;
    }
    this.#call.reply(value);
  }
}

/**
 * What `answer` gives in the target's turn. Rejects with `ExitError`: the reason `answer` threw, `noproc`,
 * `timeout`, `calling_self`, `noconnection` for a process of another node, or the target's exit reason; with a
 * `RangeError` for a timeout that is none.
 */
export function askProcess<T>(
  target: SysTarget,
  what: string,
  answer: (self: Process) => T,
  timeout: number = SYS_TIMEOUT,
): Promise<T> {
  return new Promise((resolve, reject) => {
    if (typeof timeout !== 'number' || !(timeout >= 0))
      throw new RangeError('timeout must be milliseconds or Infinity');
    const pid = target instanceof Process ? target : 'pid' in target ? target.pid : target;
    const call = new PromiseCall(what, resolve as (value: unknown) => void, (failure) => {
      reject(new ExitError(`sys ${what}`, reasonOf(failure)));
    });
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
      urgentSignal(pid, Kind.work, new SystemRequest(call, answer));
    }
  });
}
