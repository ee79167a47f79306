/**
 * A task under way: the one call its process takes, what came of it, and those who wait for that.
 *
 * Nothing is made for a result nobody asked for: no promise, no error.
 */
import { offAbort, onAbort } from '../../actor/abort-listeners.ts';
import { Call, type CallFailure } from '../../actor/call.ts';
import type { Process } from '../../actor/process.ts';
import { TimerEntry } from '../../actor/timers.ts';
import { deferred, unsettled, type Deferred } from '../deferred.ts';
import { exitErrorOf, type ExitError } from '../errors.ts';
import type { TaskBody } from './task-process.ts';

/** What came of a task. */
export type Outcome<T> =
  { readonly tag: 'value'; readonly value: T } | { readonly tag: 'failed'; readonly failure: CallFailure };

export class TaskRun<T> extends Call {
  /** The body, until there is an outcome: what it captured is not kept by who keeps the task. */
  request: TaskBody<T>;
  readonly process: Process;
  outcome: Outcome<T> | undefined = undefined;
  #first: TaskWait<T> | null = null;
  #last: TaskWait<T> | null = null;
  #error: ExitError | undefined = undefined;

  constructor(process: Process, body: TaskBody<T>) {
    super();
    this.process = process;
    this.request = body;
  }

  /** What all who wait for a task that failed are told. */
  error(failure: CallFailure): ExitError {
    return (this.#error ??= exitErrorOf(this.process.label, failure));
  }

  /** Tells `wait` as soon as there is an outcome. */
  add(wait: TaskWait<T>): void {
    wait.previousWait = this.#last;
    if (this.#last === null) this.#first = wait;
    else this.#last.nextWait = wait;
    this.#last = wait;
  }

  remove(wait: TaskWait<T>): void {
    if (wait.previousWait !== null) wait.previousWait.nextWait = wait.nextWait;
    else if (this.#first === wait) this.#first = wait.nextWait;
    if (wait.nextWait !== null) wait.nextWait.previousWait = wait.previousWait;
    else if (this.#last === wait) this.#last = wait.previousWait;
    wait.previousWait = wait.nextWait = null;
  }

  protected onReply(value: unknown): void {
    this.#conclude({ tag: 'value', value: value as T });
  }

  /** Its own time is up, or its process died. */
  protected onFailure(failure: CallFailure): void {
    this.#conclude({ tag: 'failed', failure });
    if (failure.tag === 'timeout') this.process.runtime.exit(this.process, 'kill');
  }

  #conclude(outcome: Outcome<T>): void {
    this.outcome = outcome;
    this.request = over;
    for (let wait = this.#first; wait !== null; wait = this.#first) {
      this.remove(wait);
      wait.settle(outcome);
    }
  }
}

const over = (): never => {
  throw new Error('the task is over');
};

/** One who waits for a task: until its outcome, for so long, or until a signal fires. */
export abstract class TaskWait<T> extends TimerEntry implements Deferred<unknown> {
  readonly run: TaskRun<T>;
  previousWait: TaskWait<T> | null = null;
  nextWait: TaskWait<T> | null = null;
  resolve: (value: unknown) => void = unsettled;
  reject: (error: unknown) => void = unsettled;
  #signal: AbortSignal | undefined = undefined;
  #onAbort: (() => void) | undefined = undefined;

  constructor(run: TaskRun<T>) {
    super();
    this.run = run;
  }

  /** The result is there. */
  protected abstract give(value: T): void;
  /** Its time is up; nobody tells it anything any more. */
  protected abstract giveUp(): void;

  /** Begins to wait. @param timeout ms, or Infinity. */
  start(timeout: number, signal: AbortSignal | undefined): Promise<unknown> {
    const promise = deferred(this);
    const { run } = this;
    if (run.outcome !== undefined) this.settle(run.outcome);
    else if (signal?.aborted === true) this.#cancel(signal);
    else {
      run.add(this);
      if (timeout !== Infinity) run.process.runtime.timers.set(this, timeout);
      if (signal !== undefined) this.#listen(signal);
    }
    return promise;
  }

  settle(outcome: Outcome<T>): void {
    this.#end();
    if (outcome.tag === 'value') this.give(outcome.value);
    else this.reject(this.run.error(outcome.failure));
  }

  override onTimer(): void {
    this.run.remove(this);
    this.#end();
    this.giveUp();
  }

  #listen(signal: AbortSignal): void {
    this.#signal = signal;
    this.#onAbort = () => {
      this.run.remove(this);
      this.#end();
      this.#cancel(signal);
    };
    onAbort(signal, this.#onAbort);
  }

  #cancel(signal: AbortSignal): void {
    this.reject(exitErrorOf(this.run.process.label, { tag: 'canceled', reason: signal.reason as unknown }));
  }

  #end(): void {
    this.unset();
    if (this.#onAbort !== undefined) offAbort(this.#signal, this.#onAbort);
  }
}
