/**
 * The process of a task: it takes one call, whose request is the work, answers it and ends.
 *
 * The call brings the result home, or the reason when the process dies first, or `timeout`.
 */
import type { Behavior } from '../../actor/behavior.ts';
import { PromiseCall, type Call, type CallFailure } from '../../actor/call.ts';
import { Kind } from '../../actor/mailbox.ts';
import type { Process, Self } from '../../actor/process.ts';
import { isPromiseLike } from '../sequence.ts';

/** The work. `self.signal` is aborted when the task is killed. */
export type TaskBody<T> = (self: Self) => T | PromiseLike<T>;

export const taskBehavior: Behavior = {
  type: 'Task',
  receive(kind, message, self) {
    if (kind !== Kind.call) return undefined;
    const call = message as Call;
    const result = (call.request as TaskBody<unknown>)(self);
    if (!isPromiseLike(result)) return finish(self, call, result);
    return Promise.resolve(result).then((value) => finish(self, call, value));
  },
};

function finish(self: Process, call: Call, value: unknown): void {
  call.reply(value);
  self.runtime.die(self, 'normal');
}

/**
 * Has the process of a task that has just been spawned do its work; one of the two is called, once. `timeout` in ms,
 * Infinity for none.
 */
export function runTask<T>(
  process: Process,
  body: TaskBody<T>,
  timeout: number,
  onResult: (value: T) => void,
  onFailure: (failure: CallFailure) => void,
): void {
  const call = new PromiseCall(body, onResult as (value: unknown) => void, onFailure);
  process.runtime.activate(process);
  process.runtime.call(process, call, timeout);
}

/** Has the process of a task that has just been spawned do its work up to its first `await`, at once. */
export function runTaskNow(process: Process, call: Call, timeout: number): void {
  const { runtime } = process;
  call.moveTo(process);
  runtime.scheduler.runNow(process, workNow);
  // what is done by now needs no deadline
  if (timeout !== Infinity && !call.settled) runtime.timers.set(call, timeout);
}

/** The one call it holds is its work. */
const workNow = (self: Process): void | PromiseLike<void> =>
  taskBehavior.receive(Kind.call, self.calls, self);
