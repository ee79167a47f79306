/**
 * A running task as its owner holds it: wait for the result, look whether it is there, or stop it (OTP T4).
 */
import type { ExitReason } from '../../actor/exit-reason.ts';
import type { Pid } from '../../actor/pid.ts';
import { Status, type Process } from '../../actor/process.ts';
import type { Runtime } from '../../actor/runtime.ts';
import {
  isObject,
  refuse,
  wrongArgument,
  wrongBoolean,
  wrongFunction,
  wrongObject,
  wrongSignal,
} from '../arguments.ts';
import { wrongDuration } from '../durations.ts';
import { exitErrorOf, type ExitError } from '../errors.ts';
import { CALL_TIMEOUT, type CallOptions } from '../server-ref.ts';
import { stopProcess, type Shutdown } from '../stop.ts';
import { runTaskNow, type TaskBody } from './task-process.ts';
import { TaskRun, TaskWait } from './task-run.ts';

/** Milliseconds a task that traps exits has to end after it was told to (OTP `Task.shutdown/2`). */
const TASK_SHUTDOWN = 5_000;

/** How a task is started. */
export interface TaskOptions {
  /** Its name in trees and logs. Default `Task`. */
  readonly label?: string | undefined;
  /** Milliseconds until the task is killed and its result is `timeout`. Default none. */
  readonly timeout?: number | undefined;
  /**
   * Runs the body at once, in the caller's turn, up to its first `await`, as an async function does; no trip through
   * the run queue, several times the speed for short work. A linked task that throws at once ends its owner before
   * the start has returned. Eight deep, or when others have waited long enough, it takes its turn. Default false.
   */
  readonly eager?: boolean | undefined;
}

/** Throws a `TypeError` for an invalid body or options, a `RangeError` for an invalid time. */
export function checkTask(body: unknown, options: TaskOptions): void {
  refuse(wrongFunction('body', body) ?? wrongObject('options', 'an object', options));
  // one by one: tasks are started by the million
  const { label, timeout, eager } = options;
  if (label !== undefined && typeof label !== 'string') throw wrongArgument('label', 'a string', label);
  refuse(
    (timeout === undefined ? undefined : wrongDuration('timeout', timeout)) ?? wrongBoolean('eager', eager),
  );
}

/** A result that is there; `undefined` is a value like any other. */
export interface TaskValue<T> {
  readonly value: T;
}

/** A function that runs in a process of its own, and what becomes of it. Source: Elixir `Task`; OTP T4. */
export class Task<T> {
  readonly runtime: Runtime;
  readonly #owner: Process | null;
  readonly #run: TaskRun<T>;

  /** Only the functions that start tasks make one. */
  constructor(process: Process, owner: Process | null, body: TaskBody<T>, options: TaskOptions) {
    const { timeout = Infinity, eager } = options;
    const { runtime } = process;
    this.runtime = runtime;
    this.#owner = owner;
    this.#run = new TaskRun(process, body);
    if (eager === true && runtime.scheduler.mayRunNow) runTaskNow(process, this.#run, timeout);
    else {
      runtime.activate(process);
      runtime.call(process, this.#run, timeout);
    }
  }

  get pid(): Pid {
    return this.#run.process;
  }

  /**
   * The task's result. Rejects with `ExitError`: the reason the task died of, or `timeout` (default 5,000 ms).
   *
   * A timeout ends the actor that waits too, with `timeout` as its reason and whatever it catches, and so the task if
   * it is linked. The actor is the one whose turn it is, after an `await` the one that started the task. Where
   * there is none the task is killed: nobody else would. A `signal` ends only the wait: `{ canceled: reason }`.
   */
  await(options: number | CallOptions = CALL_TIMEOUT): Promise<T> {
    const waiting = this.runtime.scheduler.current ?? this.#owner;
    return wait(new Await(this.#run, waiting), options) as Promise<T>;
  }

  /**
   * The result in a box if it comes within `timeout` ms (default 5,000), else undefined; the task runs on. Rejects
   * with `ExitError` when the task died.
   */
  yield(options: number | CallOptions = CALL_TIMEOUT): Promise<TaskValue<T> | undefined> {
    return wait(new Yield(this.#run), options) as Promise<TaskValue<T> | undefined>;
  }

  /**
   * Unlinks the task, stops it and waits until it is dead; the owner goes on. Gives a result that had already
   * arrived, or came while the task ended, else undefined. Rejects with `ExitError` when it had died of something
   * else. @param shutdown ms until it is killed (default 5,000), or `brutalKill`.
   */
  async shutdown(shutdown: Shutdown = TASK_SHUTDOWN): Promise<TaskValue<T> | undefined> {
    const { process } = this.#run;
    const asked = process.alive;
    this.#unlink();
    await stopProcess(process, null, shutdown);
    try {
      return await this.yield(Infinity);
    } catch (error) {
      const { reason } = error as ExitError;
      if (asked && (reason === 'shutdown' || reason === 'killed')) return undefined;
      throw error;
    }
  }

  /** Kills the task at once if it still runs. A linked owner gets the exit signal `killed`: `shutdown` unlinks first. */
  kill(): void {
    this.runtime.exit(this.#run.process, 'kill');
  }

  #unlink(): void {
    if (this.#owner !== null) this.runtime.unlink(this.#owner, this.#run.process);
  }
}

class Await<T> extends TaskWait<T> {
  readonly #waiting: Process | null;
  constructor(run: TaskRun<T>, waiting: Process | null) {
    super(run);
    this.#waiting = waiting;
  }
  protected give(value: T): void {
    this.resolve(value);
  }
  protected giveUp(): void {
    const { process } = this.run;
    if (this.#waiting === null) process.runtime.exit(process, 'kill');
    else exitWaiting(this.#waiting, 'timeout');
    this.reject(exitErrorOf(process.label, { tag: 'timeout' }));
  }
}

class Yield<T> extends TaskWait<T> {
  protected give(value: T): void {
    this.resolve({ value } satisfies TaskValue<T>);
  }
  protected giveUp(): void {
    this.resolve(undefined);
  }
}

function wait(wait: TaskWait<unknown>, options: number | CallOptions): Promise<unknown> {
  const given = typeof options === 'number' ? { timeout: options } : options;
  if (!isObject(given)) return Promise.reject(wrongArgument('options', 'milliseconds or an object', options));
  const { timeout = CALL_TIMEOUT, signal }: CallOptions = given;
  const wrong =
    wrongDuration('timeout', timeout) ?? (signal === undefined ? undefined : wrongSignal('signal', signal));
  if (wrong !== undefined) return Promise.reject(wrong);
  return wait.start(timeout, signal);
}

/** Ends the actor that waited in vain as a throw in its callback does, also when it catches everything. */
export function exitWaiting(actor: Process, reason: ExitReason): void {
  const { runtime } = actor;
  if (actor.status === Status.starting && actor.behavior.supervises !== true) {
    runtime.reportCrash(actor, reason);
    runtime.die(actor, reason);
  } else runtime.stop(actor, reason);
}
