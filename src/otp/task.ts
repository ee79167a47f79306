/**
 * Task: one piece of work in a process of its own (OTP T3, T4, T6).
 *
 * ```ts
 * const task = startTaskLink(self, () => fetchPage(url));
 * const page = await task.await();
 * ```
 * A linked task takes its owner along when it crashes; one that is not linked only rejects its result. The
 * result of a killed task is `killed`; whatever its promise does later is dropped. Tasks started here hang below
 * their owner; `TaskSupervisorRef` has the same below a supervisor. Source: Elixir `Task`, `Task.Supervisor`.
 */
import { Process, type Self } from '../actor/process.ts';
import { Runtime } from '../actor/runtime.ts';
import { refuse, wrongArgument, wrongSelf } from './arguments.ts';
import { startStream, type StreamOptions, type TaskStream } from './task/async-stream.ts';
import { taskBehavior, type TaskBody } from './task/task-process.ts';
import { checkTask, Task, type TaskOptions } from './task/task.ts';

export type { StreamElement, StreamOptions, TaskStream } from './task/async-stream.ts';
export type { TaskBody } from './task/task-process.ts';
export {
  startTaskSupervisor,
  startTaskSupervisorLink,
  taskSupervisor,
  TaskSupervisorRef,
  type TaskSupervisorSpec,
} from './task/task-supervisor.ts';
export { Task, type TaskOptions, type TaskValue } from './task/task.ts';

/**
 * Starts a task linked to `owner` (`Task.async`): a crash of one is an exit signal to the other. Throws a `TypeError` for
 * an invalid owner, body or options, a `RangeError` for an invalid time.
 */
export function startTaskLink<T>(owner: Self, body: TaskBody<T>, options: TaskOptions = {}): Task<T> {
  refuse(wrongSelf('owner', owner));
  return start(owner.runtime, owner as Process, true, body, options);
}

/**
 * Starts a task that harms nobody: its failure is only in its result and in the crash report. Throws as
 * `startTaskLink`.
 */
export function startTask<T>(owner: Self | Runtime, body: TaskBody<T>, options: TaskOptions = {}): Task<T> {
  if (owner instanceof Runtime) return start(owner, null, false, body, options);
  refuse(wrongOwner(owner));
  return start(owner.runtime, owner as Process, false, body, options);
}

/**
 * Runs `work` on every item, each in a task of its own, `maxConcurrency` at a time, and gives the results as they are
 * asked for. The tasks are linked to `owner`; those of a runtime are linked to nobody. Throws a `TypeError` or a
 * `RangeError` for arguments that make no sense. Source: Elixir `Task.async_stream`; OTP T6.
 *
 * ```ts
 * for await (const page of asyncStream(self, urls, (url) => fetchPage(url))) …
 * ```
 */
export function asyncStream<T, R>(
  owner: Self | Runtime,
  items: Iterable<T> | AsyncIterable<T>,
  work: (item: T, self: Self) => R | PromiseLike<R>,
  options: StreamOptions = {},
): TaskStream<R> {
  refuse(wrongOwner(owner));
  const runtime = owner instanceof Runtime ? owner : owner.runtime;
  const parent = owner instanceof Runtime ? null : (owner as Process);
  const spawn = (): Process =>
    runtime.spawn(taskBehavior, { parent, linked: parent !== null, label: options.label ?? 'Task' });
  return startStream({ runtime, owner: parent, spawn, link: false }, items, work, options);
}

const wrongOwner = (owner: unknown): TypeError | undefined =>
  owner instanceof Runtime || owner instanceof Process
    ? undefined
    : wrongArgument('owner', 'a process (Self) or a runtime', owner);

function start<T>(
  runtime: Runtime,
  parent: Process | null,
  linked: boolean,
  body: TaskBody<T>,
  options: TaskOptions,
): Task<T> {
  checkTask(body, options);
  const { label } = options;
  const process = runtime.spawn(
    taskBehavior,
    label === undefined ? { parent, linked } : { parent, linked, label },
  );
  return new Task<T>(process, parent, body, options);
}
