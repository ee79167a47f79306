/**
 * A pool of worker threads: functions of a module, each call in a thread with its own heap.
 *
 * ```ts
 * const pool = await startWorkerPool(runtime, { module: new URL('./work.mjs', import.meta.url), size: 2 });
 * await pool.call('resize', [image, 640], { timeout: 2_000 });
 * ```
 * What no process inside one thread can be: stopped in the middle of a loop, and limited in memory. A call past its
 * deadline ends its thread, and a new one is started; so does a full heap. Arguments and results are copied by
 * structured clone (ArrayBuffers can be moved). A round trip costs some 20 µs, an idle thread 8 MiB. Use it for
 * work that takes milliseconds and for code that is not trusted to end; never for what a process can do.
 *
 * The pool is a process below your supervisor and supervises one process for each thread. Source: OTP §4.
 */
import { types } from 'node:util';
import type { Behavior } from '../actor/behavior.ts';
import { cancelOn } from '../actor/cancel-on.ts';
import { isOrderly } from '../actor/exit-reason.ts';
import { Kind } from '../actor/mailbox.ts';
import { Process, Status, type Self } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import { refuse, wrongObject, wrongSelf, wrongSignal } from '../otp/arguments.ts';
import { childOf, type ChildOptions } from '../otp/child-options.ts';
import type { ChildSpec } from '../otp/child-spec.ts';
import { checkDuration } from '../otp/durations.ts';
import { TreeRef } from '../otp/process-ref.ts';
import type { MaybePromise } from '../otp/sequence.ts';
import type { CallOptions } from '../otp/server-ref.ts';
import {
  checkStart,
  startedOrThrow,
  startProcess,
  type StartOptions,
  type StartResult,
} from '../otp/start.ts';
import { checkPool, type CheckedPool, type WorkerPoolOptions } from './pool-options.ts';
import { PoolState } from './pool-state.ts';
import { checkOptions } from './thread.ts';
import { WorkerCall } from './worker-call.ts';
import { WorkerError, type WorkerFailure } from './worker-error.ts';

/** Messages queued at most, as the mesh's procedures have: `maxQueue` decides, not the mailbox. */
const POOL_MAILBOX = 16_384;
/** What a supervisor grants beyond `drain`, for threads to end; milliseconds. */
const SHUTDOWN_MARGIN = 1_000;

/** What may be asked of a module nobody has described. */
export type AnyModule = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;

/** What of a module can be called: constants and classes it exports cannot. */
type FunctionsOf<Module> = {
  [Name in keyof Module & string]: Module[Name] extends (...args: never[]) => unknown ? Name : never;
}[keyof Module & string];
type ArgsOf<F> = F extends (...args: infer Args) => unknown ? Readonly<Args> : readonly unknown[];
type ResultOf<F> = F extends (...args: never[]) => infer R ? Awaited<R> : unknown;

export interface WorkerCallOptions extends CallOptions {
  /** Moved instead of copied; the caller's are empty afterwards. */
  readonly transfer?: readonly ArrayBuffer[] | undefined;
}

const poolBehavior: Behavior = {
  type: 'WorkerPool',
  supervises: true,

  receive(kind, message, self) {
    if (kind === Kind.call && message instanceof WorkerCall) (self.state as PoolState).admit(message);
  },

  async terminate(reason, self) {
    const state = self.state;
    if (!(state instanceof PoolState)) return;
    if (isOrderly(reason) && state.options.drain > 0) {
      state.admitQueued();
      await drained(self, state);
    }
    await state.endAll('shutdown');
  },

  inspect(self) {
    const { options, waiting, idle, busy, starting, ending, served, refused, killed, crashed } =
      self.state as PoolState;
    return {
      strategy: 'oneForOne',
      ...options.limit,
      size: options.size,
      spare: options.spare,
      running: busy.size,
      idle: idle.length,
      starting: starting.size,
      ending: ending.size,
      waiting: waiting.size,
      served,
      refused,
      killed,
      crashed,
    };
  },
};

function drained(self: Process, state: PoolState): Promise<void> {
  return new Promise((resolve) => {
    const timer = self.runtime.timers.after(state.options.drain, resolve);
    state.drained().then(
      () => {
        timer.unset();
        resolve();
      },
      (error: unknown) => self.runtime.defect(error),
    );
  });
}

/** Starts a pool without a parent. Throws `StartError`: what the module threw, `timeout`, or why a thread ended. */
export async function startWorkerPool<Module extends object = AnyModule>(
  runtime: Runtime,
  options: WorkerPoolOptions,
  startOptions: StartOptions = {},
): Promise<WorkerPoolRef<Module>> {
  checkStart(runtime, startOptions);
  const checked = checkPool(options);
  const result = await start(runtime, checked, startOptions);
  return new WorkerPoolRef(runtime, startedOrThrow(result, startOptions, checked.label));
}

/** Starts a pool linked to the calling process, as a child specification does. Never throws. */
export function startWorkerPoolLink(
  parent: Self,
  options: WorkerPoolOptions,
  startOptions: Omit<StartOptions, 'parent'> = {},
): MaybePromise<StartResult> {
  try {
    refuse(wrongSelf('parent', parent));
    checkStart(parent.runtime, startOptions);
    return start(parent.runtime, checkPool(options), { ...startOptions, parent: parent as Process });
  } catch (error) {
    return { tag: 'error', reason: error };
  }
}

/**
 * A child specification. Found under its id in `scope`: `new WorkerPoolRef(runtime, { scope, name: id })`.
 * @param childOptions.shutdown default a second more than `drain`.
 */
export function workerPool(
  id: string,
  options: WorkerPoolOptions,
  childOptions: Omit<ChildOptions, 'mailbox'> = {},
): ChildSpec {
  checkOptions(options);
  refuse(wrongObject(`child ${id}: options`, 'an object', childOptions));
  const checked = checkPool({ ...options, label: options.label ?? id });
  const given = { ...childOptions, shutdown: childOptions.shutdown ?? checked.drain + SHUTDOWN_MARGIN };
  return childOf(id, 'supervisor', given, (parent, each) =>
    start(parent.runtime, checked, { ...each, parent: parent as Process }),
  );
}

function start(runtime: Runtime, options: CheckedPool, given: StartOptions): MaybePromise<StartResult> {
  return startProcess(
    runtime,
    poolBehavior,
    async (self) => {
      const state = new PoolState(self, options);
      self.state = state;
      const failed = await state.begin();
      return failed === undefined ? { tag: 'ok' } : { tag: 'stop', reason: failed.reason };
    },
    { ...given, label: given.label ?? options.label, trapExit: true, mailbox: POOL_MAILBOX },
  );
}

/**
 * How others use a pool; `stop` lets accepted calls finish.
 * @typeParam Module the functions of its module: `typeof import('./work.mjs')`.
 */
export class WorkerPoolRef<Module extends object = AnyModule> extends TreeRef {
  /**
   * Calls an exported function in a thread and gives what it returns or resolves with. `timeout` in ms (default: the
   * pool's) covers waiting and running; when it passes, or `signal` fires, a function that runs is ended with its
   * thread. `args` are cloned when the function starts: leave them alone until then. Rejects with `WorkerError`;
   * with a `RangeError` for an invalid timeout, a `TypeError` for arguments of another kind, and with what a table of
   * names throws.
   */
  call<Name extends FunctionsOf<Module>>(
    name: Name,
    args: ArgsOf<Module[Name]>,
    options: WorkerCallOptions = {},
  ): Promise<ResultOf<Module[Name]>> {
    return ask(this, name, args as readonly unknown[], options) as Promise<ResultOf<Module[Name]>>;
  }
}

const isArrayBuffer = (value: unknown): boolean => types.isArrayBuffer(value);

function ask(
  ref: TreeRef,
  name: string,
  args: readonly unknown[],
  options: WorkerCallOptions,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    // wrong arguments and a broken table of names reject the call
    refuse(wrongObject('options', 'an object', options));
    const { timeout, signal, transfer = [] } = options;
    if (timeout !== undefined) checkDuration('timeout', timeout);
    if (signal !== undefined) refuse(wrongSignal('signal', signal));
    if (typeof name !== 'string') throw new TypeError('name must be a string');
    if (!Array.isArray(args)) throw new TypeError('args must be an array');
    if (!Array.isArray(transfer) || !transfer.every(isArrayBuffer))
      throw new TypeError('transfer must be an array of ArrayBuffers');
    const what = `worker ${name}`;
    const failed = (failure: WorkerFailure): void => {
      reject(new WorkerError(what, failure));
    };
    const { runtime, pid } = ref;
    const state = pid instanceof Process && pid.alive ? pid.state : undefined;
    if (!(state instanceof PoolState)) {
      failed({ tag: 'exit', reason: 'noproc' });
      return;
    }
    const process = pid as Process;
    if (process.status === Status.stopping || process.toldToEnd) {
      failed({ tag: 'exit', reason: 'shutdown' });
      return;
    }
    if (signal?.aborted === true) {
      failed({ tag: 'canceled', reason: signal.reason });
      return;
    }
    const made = (answered: typeof resolve, refused: typeof failed): WorkerCall =>
      new WorkerCall(name, args, transfer, answered, refused);
    const call = signal === undefined ? made(resolve, failed) : cancelOn(signal, resolve, failed, made);
    runtime.call(process, call, timeout ?? state.options.timeout);
  });
}
