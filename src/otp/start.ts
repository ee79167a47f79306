/**
 * How a process comes to life: `init` runs before the starter hears of it (OTP G1–G4).
 *
 * `init` runs at once, in the starter's turn; when it returns no promise the whole start is synchronous, so
 * that a supervisor can start thousands of children in one go. A name is taken before `init` and is free
 * again before the starter hears of a failure.
 */
import { offAbort, onAbort } from '../actor/abort-listeners.ts';
import type { Behavior } from '../actor/behavior.ts';
import { isOrderly, thrownReason, type ExitReason } from '../actor/exit-reason.ts';
import { takeName, type NameTable } from '../actor/names.ts';
import type { Pid, Ref } from '../actor/pid.ts';
import { formatReason, keepShown } from '../actor/shown-reason.ts';
import { Status, type Process, type Self } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import { refuse, wrongRuntime, wrongSelf } from './arguments.ts';
import { StartError } from './errors.ts';
import { chain, type MaybePromise } from './sequence.ts';
import {
  mailboxOf,
  wrongOptions,
  type ProcessOptions,
  type StartDefaults,
  type StartOptions,
} from './start-options.ts';
import { requestStop } from './stop.ts';

export type { ProcessOptions, StartDefaults, StartOptions } from './start-options.ts';

/** Something could not be done; `reason` says why. */
export interface Failed {
  readonly tag: 'error';
  readonly reason: ExitReason;
}

/** Says so. */
export const failed = (reason: ExitReason): Failed => ({ tag: 'error', reason });

/** What starting a child gives its supervisor. */
export type StartResult =
  | { readonly tag: 'ok'; readonly pid: Pid; readonly extra?: unknown }
  /** The child decided not to run; not an error. */
  | { readonly tag: 'ignore' }
  | Failed;

/** What a start gives that also monitors: the `ref` of the monitor; a start that fails leaves none. */
export type MonitoredStart =
  | (Extract<StartResult, { readonly tag: 'ok' }> & { readonly ref: Ref })
  | Exclude<StartResult, { readonly tag: 'ok' }>;

/** Monitors what was started, from `self`. */
export const monitored = (self: Self, starting: MaybePromise<StartResult>): MaybePromise<MonitoredStart> =>
  chain(starting, (result) => (result.tag === 'ok' ? { ...result, ref: self.monitor(result.pid) } : result));

/** What `init` decided. */
export type InitResult =
  { readonly tag: 'ok' } | { readonly tag: 'ignore' } | { readonly tag: 'stop'; readonly reason: ExitReason };

const NOTHING_SAID: StartDefaults = {};

/**
 * Makes a process and runs `init` in it. Never throws.
 * @param parent instead of `options.parent`.
 * @param defaults what the definition says; `options` come before it.
 */
export function startProcess(
  runtime: Runtime,
  behavior: Behavior,
  init: (self: Process) => InitResult | PromiseLike<InitResult>,
  options: ProcessOptions = NOTHING_SAID,
  parent?: Process | null,
  defaults: StartDefaults = NOTHING_SAID,
): StartResult | Promise<StartResult> {
  const wrong = wrongStart(runtime, options);
  if (wrong !== undefined) return { tag: 'error', reason: wrong };
  const above = parent ?? (options.parent as Process | null | undefined) ?? null;
  const misplaced = above === null ? undefined : wrongSelf('parent', above);
  if (misplaced !== undefined) return { tag: 'error', reason: misplaced };
  const { signal } = options;
  if (isAborted(signal)) return { tag: 'error', reason: { canceled: signal?.reason as unknown } };
  const size = options.mailbox ?? defaults.mailbox;
  const mailbox = size === undefined ? undefined : mailboxOf(size);
  if (mailbox instanceof Error) return { tag: 'error', reason: mailbox };
  const process = runtime.spawn(behavior, {
    parent: above,
    linked: options.linked,
    label: options.label ?? options.id ?? defaults.label,
    id: options.id,
  });
  if (!process.alive) return { tag: 'error', reason: process.reason };
  if (mailbox !== undefined) {
    process.bound = mailbox.bound;
    if (mailbox.full !== 'reject') process.full = mailbox.full;
  }
  if ((options.trapExit ?? defaults.trapExit) === true) process.trapExit = true;
  if (options.name !== undefined) {
    const scope: NameTable<unknown> = options.scope ?? runtime.names;
    const refused = nameRefused(process, scope, options.name);
    if (refused !== undefined) {
      process.linkedToParent = false;
      runtime.die(process, 'normal');
      return { tag: 'error', reason: refused.reason };
    }
  }
  let result: InitResult | PromiseLike<InitResult>;
  const caller = runtime.scheduler.current;
  runtime.scheduler.current = process;
  try {
    result = init(process);
  } catch (error) {
    return crashed(process, error);
  } finally {
    runtime.scheduler.current = caller;
  }
  // `init` itself may have aborted it
  if ('tag' in result && !(process.alive && isAborted(signal))) return conclude(process, result);
  return later(process, result, options.timeout ?? Infinity, signal);
}

const isAborted = (signal: AbortSignal | undefined): boolean => signal !== undefined && signal.aborted;

/** The error of a start that makes no sense, for those that never throw. */
const wrongStart = (runtime: Runtime, options: StartOptions): Error | undefined =>
  wrongRuntime(runtime) ?? wrongOptions(options);

/** For those that throw: a mistake in the arguments is thrown as it is, no `StartError`. */
export function checkStart(runtime: Runtime, options: StartOptions): void {
  refuse(wrongStart(runtime, options));
}

/** Why it cannot have the name: somebody holds it, or the table of names threw. */
function nameRefused(
  process: Process,
  scope: NameTable<unknown>,
  name: unknown,
): { readonly reason: ExitReason } | undefined {
  try {
    if (takeName(scope, name, process)) return undefined;
    return { reason: { already_started: scope.whereis(name) } };
  } catch (error) {
    return { reason: error };
  }
}

/**
 * The process; throws `StartError` with the reason, or `ignore`. The error names the process as trees and logs do.
 * @param what its name where the options say none.
 */
export function startedOrThrow(
  result: StartResult,
  options: Pick<ProcessOptions, 'label' | 'id'>,
  what: string,
): Pid {
  if (result.tag === 'ok') return result.pid;
  throw new StartError(
    options.label ?? options.id ?? what,
    result.tag === 'ignore' ? 'ignore' : result.reason,
  );
}

/** Waits for an asynchronous `init`, its death, or its deadline, whichever is first. */
function later(
  process: Process,
  result: InitResult | PromiseLike<InitResult>,
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<StartResult> {
  const runtime = process.runtime;
  return new Promise((resolve) => {
    let canceled: ExitReason;
    const timer = runtime.timers.within(timeout, expire);
    const watch = runtime.onExit(process, (reason) => {
      timer?.unset();
      offAbort(signal, giveUp);
      resolve(canceled === undefined ? notStarted(process, reason) : failed(canceled));
    });
    // a supervisor ends in good order, anything else at once: its `init` may never end
    function giveUp(): void {
      canceled = { canceled: signal?.reason as unknown };
      if (process.behavior.supervises === true) requestStop(process, 'shutdown');
      else runtime.exit(process, 'kill');
    }
    if (signal?.aborted === true) giveUp();
    else onAbort(signal, giveUp);
    function expire(): void {
      runtime.demonitor(watch);
      offAbort(signal, giveUp);
      resolve({ tag: 'error', reason: 'timeout' });
      runtime.exit(process, 'kill');
    }
    const settle = (finish: () => StartResult): void => {
      // dead, or about to be: then its death is the answer
      if (process.status !== Status.starting) return;
      runtime.demonitor(watch);
      timer?.unset();
      offAbort(signal, giveUp);
      resolve(finish());
    };
    Promise.resolve(result).then(
      (value) => settle(() => conclude(process, value)),
      (error: unknown) => settle(() => crashed(process, error)),
    );
  });
}

function conclude(process: Process, result: InitResult): StartResult {
  const runtime = process.runtime;
  if (!process.alive) return { tag: 'error', reason: process.reason };
  switch (result.tag) {
    case 'ok':
      runtime.activate(process);
      return { tag: 'ok', pid: process };
    case 'ignore':
      runtime.die(process, 'normal');
      return { tag: 'ignore' };
    case 'stop':
      return stopped(process, result.reason);
  }
}

function stopped(process: Process, reason: ExitReason): StartResult {
  const { runtime } = process;
  if (!isOrderly(reason)) runtime.reportCrash(process, reason);
  // before its state is gone
  const result = notStarted(process, reason);
  runtime.die(process, reason);
  return result;
}

/** A start failed; what its supervisor's report may show of the reason is up to the process that did not start. */
export function notStarted(process: Process, reason: ExitReason): Failed {
  const result = failed(reason);
  const { behavior, runtime } = process;
  if (behavior.formatReason !== undefined && runtime.wantsProgress)
    keepShown(result, reason, formatReason(process, reason));
  return result;
}

function crashed(process: Process, error: unknown): StartResult {
  return conclude(process, { tag: 'stop', reason: thrownReason(error) });
}
