/**
 * A running task as its owner holds it: wait for the result, look whether it is there, or stop it (OTP T4).
 */
import type { ExitReason } from '../../actor/exit-reason.ts';
import type { Pid } from '../../actor/pid.ts';
import { Status, type Process } from '../../actor/process.ts';
import type { Runtime } from '../../actor/runtime.ts';
import { ExitError, reasonOf } from '../errors.ts';
import { CALL_TIMEOUT, type CallOptions } from '../server-ref.ts';
import { stopProcess, type Shutdown } from '../stop.ts';
import { runTask, type TaskBody } from './task-process.ts';

/** Milliseconds a task that traps exits has to end after it was told to (OTP `Task.shutdown/2`). */
const TASK_SHUTDOWN = 5_000;

export interface TaskOptions {
  readonly label?: string;
  /** Milliseconds until the task is killed and its result is `timeout`. Default none. */
  readonly timeout?: number;
}

/** A result that is there; `undefined` is a value like any other. */
export interface TaskValue<T> {
  readonly value: T;
}

export class Task<T> {
  readonly runtime: Runtime;
  readonly #process: Process;
  readonly #owner: Process | null;
  readonly #result: Promise<T>;

  /** Only the functions that start tasks make one. */
  constructor(process: Process, owner: Process | null, body: TaskBody<T>, timeout: number = Infinity) {
    this.runtime = process.runtime;
    this.#process = process;
    this.#owner = owner;
    this.#result = new Promise((resolve, reject) => {
      runTask(process, body, timeout, resolve, (failure) => {
        reject(new ExitError(process.label, reasonOf(failure)));
        if (failure.tag === 'timeout') this.kill();
      });
    });
    // a task nobody waits for must not end the program; its crash is in the report
    this.#result.catch(() => {});
  }

  get pid(): Pid {
    return this.#process;
  }

  /**
   * The task's result. Rejects with `ExitError`: the reason the task died of, or `timeout` (default 5,000 ms).
   *
   * A timeout ends the actor that waits too, with that error as its reason and whatever catches it, and so the task
   * if it is linked. The actor is the one whose turn it is, after an `await` the one that started the task. Where
   * there is none the task is killed: nobody else would. A `signal` ends only the wait: `{ canceled: reason }`.
   */
  async await(options: number | CallOptions = CALL_TIMEOUT): Promise<T> {
    const waiting = this.runtime.scheduler.current ?? this.#owner;
    const result = await this.yield(options);
    if (result !== undefined) return result.value;
    const error = new ExitError(this.#process.label, 'timeout');
    if (waiting === null) this.kill();
    else exitWaiting(waiting, error);
    throw error;
  }

  /**
   * The result in a box if it comes within `timeout` ms (default 5,000), else undefined; the task runs on. Rejects
   * with `ExitError` when the task died.
   */
  async yield(options: number | CallOptions = CALL_TIMEOUT): Promise<TaskValue<T> | undefined> {
    const { timeout = CALL_TIMEOUT, signal } = typeof options === 'number' ? { timeout: options } : options;
    if (!(timeout >= 0)) throw new RangeError('timeout must be milliseconds or Infinity');
    if (timeout === Infinity && signal === undefined) return { value: await this.#result };
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        settle(() => reject(new ExitError(this.#process.label, { canceled: signal?.reason as unknown })));
      };
      const timer =
        timeout === Infinity
          ? undefined
          : this.runtime.timers.after(timeout, () => {
              settle(() => resolve(undefined));
            });
      function settle(how: () => void): void {
        timer?.unset();
        signal?.removeEventListener('abort', giveUp);
        how();
      }
      this.#result.then(
        (value) => settle(() => resolve({ value })),
        (error: unknown) => settle(() => reject(error as Error)),
      );
      if (signal?.aborted === true) giveUp();
      else signal?.addEventListener('abort', giveUp);
    });
  }

  /**
   * Unlinks the task, stops it and waits until it is dead; the owner goes on. Gives a result that had already
   * arrived, or came while the task ended, else undefined. Rejects with `ExitError` when it had died of something
   * else. @param shutdown ms until it is killed (default 5,000), or `brutalKill`.
   */
  async shutdown(shutdown: Shutdown = TASK_SHUTDOWN): Promise<TaskValue<T> | undefined> {
    const asked = this.#process.alive;
    this.#unlink();
    await stopProcess(this.#process, null, shutdown);
    try {
      return { value: await this.#result };
    } catch (error) {
      const { reason } = error as ExitError;
      if (asked && (reason === 'shutdown' || reason === 'killed')) return undefined;
      throw error;
    }
  }

  /** Kills the task at once if it still runs. A linked owner gets the exit signal `killed`: `shutdown` unlinks first. */
  kill(): void {
    this.runtime.exit(this.#process, 'kill');
  }

  #unlink(): void {
    if (this.#owner !== null) this.runtime.unlink(this.#owner, this.#process);
  }
}

/** Ends the actor that waited in vain as a throw in its callback does, also when it catches everything. */
export function exitWaiting(actor: Process, reason: ExitReason): void {
  const { runtime } = actor;
  if (actor.status === Status.starting && actor.behavior.supervises !== true) {
    runtime.reportCrash(actor, reason);
    runtime.die(actor, reason);
  } else runtime.stop(actor, reason);
}
