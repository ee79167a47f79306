/**
 * A GenServer in a worker thread: its module exports the callbacks, its state lives in the thread.
 *
 * ```ts
 * // count.mjs
 * import { reply } from 'espalier/otp';
 * export const init = (start) => start;
 * export const handleCall = { add: (amount, total) => reply(total + amount, total + amount) };
 * // elsewhere
 * const ref = await startWorkerServer(runtime, { module: new URL('./count.mjs', import.meta.url) }, 0);
 * await ref.call('add', 2); // 2
 * ```
 * Outside it is a GenServer like any other: a process with links, monitors, names, a mailbox and a place below a
 * supervisor. A callback past `deadline` is an exit with `killed`, a full heap one with `worker_oom`, a thread that
 * ends one with `{ worker_exit: code }`; the state is lost with the thread. Messages are copied by structured
 * clone; a request that cannot be is refused with `{ unclonable: detail }` and the server lives on. Callbacks get
 * `(payload, state, self, from)`, where `self` has `label` and `send(message)`, to itself: false, and not sent, when
 * its mailbox could not hold it. Source: OTP §4.
 */
import type { StatusParts } from '../actor/behavior.ts';
import type { MailboxOptions } from '../actor/mailbox.ts';
import type { Process, Self } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import { refuse, wrongFunction, wrongSelf } from '../otp/arguments.ts';
import { childOf, type ChildOptions } from '../otp/child-options.ts';
import type { ChildSpec } from '../otp/child-spec.ts';
import { checkDeadline } from '../otp/durations.ts';
import type { ServerBehavior } from '../otp/gen-server-behavior.ts';
import type { MaybePromise } from '../otp/sequence.ts';
import { ServerRef, type AnyProtocol, type Protocol } from '../otp/server-ref.ts';
import { wrongSettings } from '../otp/start-options.ts';
import {
  checkStart,
  startedOrThrow,
  startProcess,
  type ProcessOptions,
  type StartOptions,
  type StartResult,
} from '../otp/start.ts';
import { checkOptions, checkThread, type ThreadOptions } from './thread.ts';
import { workerBehavior } from './worker-server-behavior.ts';

export interface WorkerServerOptions extends ThreadOptions {
  /** Its name in trees and logs. Default `WorkerServer`. */
  readonly label?: string | undefined;
  /** Milliseconds that one callback may take, or Infinity; then the server is killed. Default 5,000. */
  readonly deadline?: number | undefined;
  /** As a GenServer's: exit signals become messages, and the parent's runs `terminate`. Default false. */
  readonly trapExit?: boolean | undefined;
  readonly mailbox?: number | MailboxOptions | undefined;
  /**
   * What its status and its reports show, as a GenServer's, or `redact(…)`. It runs here, not in the thread: there is no
   * state to see, but the reason and the message it failed with. The module's own is not asked. Default: all of it.
   */
  readonly formatStatus?: ((status: StatusParts) => StatusParts) | undefined;
}

/** As the default timeout of a call: nobody waits longer unless somebody says so. */
const DEADLINE = 5_000;

/** Throws an error that names the option: a `RangeError` for an invalid time, a `TypeError` for the rest. */
function behaviorOf(options: WorkerServerOptions): ServerBehavior {
  checkOptions(options);
  const { deadline = DEADLINE, label = 'WorkerServer', mailbox, trapExit, formatStatus } = options;
  refuse(wrongSettings({ mailbox, trapExit }, 'worker server: '));
  checkDeadline('worker server: deadline', deadline);
  if (formatStatus !== undefined) refuse(wrongFunction('worker server: formatStatus', formatStatus));
  return workerBehavior(checkThread(options), deadline, label, formatStatus);
}

function start(
  runtime: Runtime,
  behavior: ServerBehavior,
  { label, trapExit, mailbox }: WorkerServerOptions,
  args: unknown,
  options: ProcessOptions,
): MaybePromise<StartResult> {
  const given = { ...options, label: options.label ?? label ?? options.id ?? behavior.module };
  const init = (self: Process): ReturnType<typeof behavior.init> => behavior.init(args, self);
  return startProcess(runtime, behavior, init, given, null, { trapExit, mailbox });
}

/** Starts a server in a worker without a parent. Throws `StartError`, also with what its module threw. */
export async function startWorkerServer<
  Calls extends Protocol = AnyProtocol,
  Casts extends Protocol = AnyProtocol,
>(
  runtime: Runtime,
  options: WorkerServerOptions,
  args?: unknown,
  startOptions: StartOptions = {},
): Promise<ServerRef<Calls, Casts>> {
  checkStart(runtime, startOptions);
  const behavior = behaviorOf(options);
  const result = await start(runtime, behavior, options, args, startOptions);
  return new ServerRef(runtime, startedOrThrow(result, startOptions, behavior.module));
}

/** Starts one linked to the calling process, as a child specification does. Never throws. */
export function startWorkerServerLink(
  parent: Self,
  options: WorkerServerOptions,
  args?: unknown,
  startOptions: Omit<StartOptions, 'parent'> = {},
): MaybePromise<StartResult> {
  try {
    refuse(wrongSelf('parent', parent));
    const given = { ...startOptions, parent: parent as Process };
    return start(parent.runtime, behaviorOf(options), options, args, given);
  } catch (error) {
    return { tag: 'error', reason: error };
  }
}

/** A child specification; `worker` for one in a thread. */
export function workerServer(
  id: string,
  options: WorkerServerOptions,
  args?: unknown,
  childOptions: ChildOptions = {},
): ChildSpec {
  const behavior = behaviorOf(options);
  return childOf(id, 'worker', childOptions, (parent, each) =>
    start(parent.runtime, behavior, options, args, { ...each, parent: parent as Process }),
  );
}
