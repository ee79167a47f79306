/**
 * TaskSupervisor: a dynamic supervisor whose children are tasks (OTP T3).
 *
 * Its children are temporary: one that crashes is reported and gone, and nobody's restart intensity is touched.
 * Stopping the supervisor stops them all. Source: Elixir `Task.Supervisor`.
 *
 * ```ts
 * const tasks = await startTaskSupervisor(runtime);
 * const task = tasks.asyncNolink(self, () => fetchPage(url));
 * ```
 */
import type { Pid } from '../../actor/pid.ts';
import { Process, type Self } from '../../actor/process.ts';
import type { Runtime } from '../../actor/runtime.ts';
import { childrenOf } from '../../actor/tree.ts';
import { isObject, refuse, wrongSelf } from '../arguments.ts';
import type { ChildOptions } from '../child-options.ts';
import type { ChildSpec } from '../child-spec.ts';
import {
  dynamicSupervisor,
  startDynamicChild,
  startDynamicSupervisor,
  startDynamicSupervisorLink,
} from '../dynamic-supervisor.ts';
import { StartError } from '../errors.ts';
import { TreeRef } from '../process-ref.ts';
import type { MaybePromise } from '../sequence.ts';
import type { ProcessOptions, StartOptions, StartResult } from '../start.ts';
import { startStream, type StreamOptions, type TaskStream } from './async-stream.ts';
import { taskBehavior, type TaskBody } from './task-process.ts';
import { checkTask, Task, type TaskOptions } from './task.ts';

/** What a task supervisor is. Its tasks are temporary: none is restarted. */
export interface TaskSupervisorSpec {
  /** Tasks at most at a time; one more is `max_children`. Default Infinity. */
  readonly maxChildren?: number | undefined;
}

/** Starts a task supervisor without a parent. Throws `StartError`, a `TypeError` for invalid arguments. */
export async function startTaskSupervisor(
  runtime: Runtime,
  spec: TaskSupervisorSpec = {},
  options: StartOptions = {},
): Promise<TaskSupervisorRef> {
  const { pid } = await startDynamicSupervisor(runtime, spec, labelled(options));
  return new TaskSupervisorRef(runtime, pid as Process);
}

/** Starts a task supervisor linked to the calling process, as a child specification does. Never throws. */
export function startTaskSupervisorLink(
  parent: Self,
  spec: TaskSupervisorSpec = {},
  options: Omit<StartOptions, 'parent'> = {},
): MaybePromise<StartResult> {
  return startDynamicSupervisorLink(parent, spec, labelled(options));
}

/**
 * A child specification for a task supervisor. With a `scope` it is found there under its id:
 * `new TaskSupervisorRef(runtime, { scope, name: id })`.
 */
export function taskSupervisor(
  id: string,
  spec: TaskSupervisorSpec = {},
  options: ChildOptions = {},
): ChildSpec {
  return dynamicSupervisor(id, spec, options);
}

/**
 * How others start tasks below a task supervisor. All throw `StartError`: `noproc`, `max_children`; a stream rejects with
 * it. Before anything starts: a `TypeError` for invalid arguments, a `RangeError` for those out of range.
 */
export class TaskSupervisorRef extends TreeRef {
  /** A task linked to `owner` as well: a crash of one is an exit signal to the other. */
  async<T>(owner: Self, body: TaskBody<T>, options: TaskOptions = {}): Task<T> {
    refuse(wrongSelf('owner', owner));
    checkTask(body, options);
    const process = this.#spawn(options);
    this.runtime.link(process, owner.pid);
    return new Task(process, owner as Process, body, options);
  }

  /** A task that is linked to nobody but its supervisor. @param owner who waits for it; null outside an actor. */
  asyncNolink<T>(owner: Self | null, body: TaskBody<T>, options: TaskOptions = {}): Task<T> {
    refuse(wrongOwner(owner));
    checkTask(body, options);
    return new Task(this.#spawn(options), owner as Process | null, body, options);
  }

  /** A task for what it does, whose result nobody waits for. */
  startChild(body: TaskBody<unknown>, options: TaskOptions = {}): Pid {
    checkTask(body, options);
    const process = this.#spawn(options);
    // the handle is let go of
    void new Task(process, null, body, options);
    return process;
  }

  /** `asyncStream` with tasks below this supervisor, linked to `owner`. */
  asyncStream<T, R>(
    owner: Self,
    items: Iterable<T> | AsyncIterable<T>,
    work: (item: T, self: Self) => R | PromiseLike<R>,
    options: StreamOptions = {},
  ): TaskStream<R> {
    refuse(wrongSelf('owner', owner));
    return this.#stream(owner as Process, true, items, work, options);
  }

  /** The same, linked to nobody: a crash is an element `exit`. @param owner who reads it; null outside an actor. */
  asyncStreamNolink<T, R>(
    owner: Self | null,
    items: Iterable<T> | AsyncIterable<T>,
    work: (item: T, self: Self) => R | PromiseLike<R>,
    options: StreamOptions = {},
  ): TaskStream<R> {
    refuse(wrongOwner(owner));
    return this.#stream(owner as Process | null, false, items, work, options);
  }

  /** The tasks that run, oldest first. */
  get children(): readonly Pid[] {
    const process = this.pid;
    return process instanceof Process ? [...childrenOf(process)] : [];
  }

  #stream<T, R>(
    owner: Process | null,
    link: boolean,
    items: Iterable<T> | AsyncIterable<T>,
    work: (item: T, self: Self) => R | PromiseLike<R>,
    options: StreamOptions,
  ): TaskStream<R> {
    const { runtime } = this;
    return startStream({ runtime, owner, spawn: () => this.#spawn(options), link }, items, work, options);
  }

  #spawn({ label = 'Task' }: { readonly label?: string | undefined }): Process {
    const supervisor = this.pid;
    const started: MaybePromise<StartResult> =
      supervisor instanceof Process
        ? startDynamicChild(supervisor, taskSpec(label))
        : { tag: 'error', reason: 'noproc' };
    // the start of a task takes no turn
    const result = started as StartResult;
    if (result.tag === 'ok') return result.pid as Process;
    throw new StartError(label, result.tag === 'error' ? result.reason : 'ignore');
  }
}

const wrongOwner = (owner: unknown): TypeError | undefined =>
  owner === null ? undefined : wrongSelf('owner', owner);

/** As of all processes: its label, else its id, else what it is. */
const labelled = (options: ProcessOptions): ProcessOptions =>
  isObject(options) && options.label === undefined && options.id === undefined
    ? { ...options, label: 'TaskSupervisor' }
    : options;

const taskSpec = (label: string): ChildSpec => ({
  id: label,
  restart: 'temporary',
  // it begins with its work, in the turn it is started in
  start: (parent) => ({
    tag: 'ok',
    pid: parent.runtime.spawn(taskBehavior, { parent: parent as Process, label }),
  }),
});
