/**
 * Task: one piece of work in a process of its own (OTP T4).
 *
 * A linked task takes its owner along when it crashes; one that is not linked only rejects its result. The
 * result of a killed task is `killed`; whatever its promise does later is dropped.
 */
import type { Behavior } from '../actor/behavior.ts';
import { PromiseCall, type Call } from '../actor/call.ts';
import { Kind } from '../actor/mailbox.ts';
import type { Pid } from '../actor/pid.ts';
import type { Process, Self } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import { ExitError, reasonOf } from './errors.ts';
import { isPromiseLike } from './sequence.ts';
import { CALL_TIMEOUT } from './server-ref.ts';

/** The work. `self.signal` is aborted when the task is killed. */
export type TaskBody<T> = (self: Self) => T | PromiseLike<T>;

const taskBehavior: Behavior = {
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
  self.runtime.stop(self, 'normal');
}

export interface TaskOptions {
  readonly label?: string;
  /** Milliseconds until the task is killed and its result is `timeout`. Default none. */
  readonly timeout?: number;
}

export class Task<T> {
  readonly pid: Pid;
  readonly runtime: Runtime;
  readonly #result: Promise<T>;

  constructor(runtime: Runtime, pid: Pid, result: Promise<T>) {
    this.runtime = runtime;
    this.pid = pid;
    this.#result = result;
    // a task nobody waits for must not end the program; its crash is in the report
    result.catch(() => {});
  }

  /** The task's result. Rejects with `ExitError`: its exit reason, or `timeout` (default 5,000 ms), when it is killed. */
  async await(timeout: number = CALL_TIMEOUT): Promise<T> {
    const result = await this.yield(timeout);
    if (result !== undefined) return result.value;
    this.runtime.exit(this.pid, 'kill');
    throw new ExitError('task', 'timeout');
  }

  /** The result in a box if it comes within `timeout` ms, else undefined; the task runs on. */
  async yield(timeout: number = CALL_TIMEOUT): Promise<{ readonly value: T } | undefined> {
    if (timeout === Infinity) return { value: await this.#result };
    return new Promise((resolve, reject) => {
      const timer = this.runtime.timers.after(timeout, () => {
        resolve(undefined);
      });
      this.#result.then(
        (value) => {
          timer.unset();
          resolve({ value });
        },
        (error: unknown) => {
          timer.unset();
          reject(error as Error);
        },
      );
    });
  }

  /** Kills the task if it still runs. */
  kill(): void {
    this.runtime.exit(this.pid, 'kill');
  }
}

/** Starts a task linked to `owner`: a crash of one is an exit signal to the other. */
export function startTaskLink<T>(owner: Self, body: TaskBody<T>, options: TaskOptions = {}): Task<T> {
  return start(owner.runtime, owner as Process, true, body, options);
}

/** Starts a task that harms nobody: its failure is only in its result and in the crash report. */
export function startTask<T>(owner: Self | Runtime, body: TaskBody<T>, options: TaskOptions = {}): Task<T> {
  return 'runtime' in owner
    ? start(owner.runtime, owner as Process, false, body, options)
    : start(owner, null, false, body, options);
}

function start<T>(
  runtime: Runtime,
  parent: Process | null,
  linked: boolean,
  body: TaskBody<T>,
  options: TaskOptions,
): Task<T> {
  const process = runtime.spawn(taskBehavior, { parent, linked, label: options.label ?? 'Task' });
  runtime.activate(process);
  const result = new Promise<unknown>((resolve, reject) => {
    const call = new PromiseCall(body, resolve, (failure) => {
      reject(new ExitError('task', reasonOf(failure)));
      if (failure.tag === 'timeout') runtime.exit(process, 'kill');
    });
    runtime.call(process, call, options.timeout ?? Infinity);
  });
  return new Task<T>(runtime, process, result as Promise<T>);
}
