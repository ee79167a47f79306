/**
 * How a process comes to life: `init` runs before the starter hears of it (OTP G1–G4).
 *
 * `init` runs at once, in the starter's turn; when it returns no promise the whole start is synchronous, so
 * that a supervisor can start thousands of children in one go. A name is taken before `init` and is free
 * again before the starter hears of a failure.
 */
import type { Behavior } from '../actor/behavior.ts';
import { isOrderly, thrownReason, type ExitReason } from '../actor/exit-reason.ts';
import type { FullPolicy, MailboxOptions } from '../actor/mailbox.ts';
import { takeName, type NameTable } from '../actor/names.ts';
import type { Pid } from '../actor/pid.ts';
import { MAILBOX_BOUND, Status, type Process } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import { StartError } from './errors.ts';
import { requestStop } from './stop.ts';

/** What starting a child gives its supervisor. */
export type StartResult =
  | { readonly tag: 'ok'; readonly pid: Pid; readonly extra?: unknown }
  /** The child decided not to run; not an error. */
  | { readonly tag: 'ignore' }
  | { readonly tag: 'error'; readonly reason: ExitReason };

/** What `init` decided. */
export type InitResult =
  { readonly tag: 'ok' } | { readonly tag: 'ignore' } | { readonly tag: 'stop'; readonly reason: ExitReason };

export interface StartOptions {
  readonly parent?: Process | null;
  readonly linked?: boolean;
  readonly label?: string;
  readonly id?: string;
  /** Registered before `init`; taken: `error` with `{ already_started: pid }`. */
  readonly name?: unknown;
  /** Where the name is registered. Default: the runtime's own scope. */
  readonly scope?: NameTable<unknown>;
  /** Messages queued at most, or that and what happens to more of them. Default 1,000, `reject`. */
  readonly mailbox?: number | MailboxOptions;
  readonly trapExit?: boolean;
  /** Milliseconds for `init`; then the process is killed and the start fails with `timeout`. Default none. */
  readonly timeout?: number;
  /** Gives the start up when it is aborted: it fails with `{ canceled: reason }`, a supervisor stops what it has started. */
  readonly signal?: AbortSignal;
}

export function startProcess(
  runtime: Runtime,
  behavior: Behavior,
  init: (self: Process) => InitResult | PromiseLike<InitResult>,
  options: StartOptions = {},
): StartResult | Promise<StartResult> {
  const mailbox = options.mailbox === undefined ? undefined : mailboxOf(options.mailbox);
  if (mailbox instanceof TypeError) return { tag: 'error', reason: mailbox };
  const process = runtime.spawn(behavior, options);
  if (!process.alive) return { tag: 'error', reason: process.reason };
  if (mailbox !== undefined) {
    process.bound = mailbox.bound;
    if (mailbox.full !== 'reject') process.full = mailbox.full;
  }
  if (options.trapExit === true) process.trapExit = true;
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
  if ('tag' in result) return conclude(process, result);
  return later(process, result, options.timeout ?? Infinity, options.signal);
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

const POLICIES: readonly FullPolicy[] = ['reject', 'dropNewest', 'dropOldest'];

/** Bound and policy, judged; a `TypeError` for what makes no sense. */
function mailboxOf(given: number | MailboxOptions): Required<MailboxOptions> | TypeError {
  const { bound = MAILBOX_BOUND, full = 'reject' }: MailboxOptions =
    typeof given === 'number' ? { bound: given } : given;
  if (!(Number.isInteger(bound) && bound >= 1)) return new TypeError('mailbox: bound must be an integer ≥ 1');
  if (!POLICIES.includes(full)) return new TypeError(`mailbox: full must be ${POLICIES.join(', ')}`);
  return { bound, full };
}

/** The process; throws `StartError` with the reason, or `ignore`. */
export function startedOrThrow(result: StartResult, what: string): Pid {
  if (result.tag === 'ok') return result.pid;
  throw new StartError(what, result.tag === 'ignore' ? 'ignore' : result.reason);
}

/** Waits for an asynchronous `init`, its death, or its deadline, whichever is first. */
function later(
  process: Process,
  result: PromiseLike<InitResult>,
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<StartResult> {
  const runtime = process.runtime;
  return new Promise((resolve) => {
    let canceled: ExitReason;
    const timer = timeout === Infinity ? undefined : runtime.timers.after(timeout, expire);
    const watch = runtime.onExit(process, (reason) => {
      timer?.unset();
      signal?.removeEventListener('abort', giveUp);
      resolve({ tag: 'error', reason: canceled ?? reason });
    });
    // a supervisor ends in good order, anything else at once: its `init` may never end
    function giveUp(): void {
      canceled = { canceled: signal?.reason as unknown };
      if (process.behavior.supervises === true) requestStop(process, 'shutdown');
      else runtime.exit(process, 'kill');
    }
    if (signal?.aborted === true) giveUp();
    else signal?.addEventListener('abort', giveUp);
    function expire(): void {
      runtime.demonitor(watch);
      signal?.removeEventListener('abort', giveUp);
      resolve({ tag: 'error', reason: 'timeout' });
      runtime.exit(process, 'kill');
    }
    const settle = (finish: () => StartResult): void => {
      // dead, or about to be: then its death is the answer
      if (process.status !== Status.starting) return;
      runtime.demonitor(watch);
      timer?.unset();
      signal?.removeEventListener('abort', giveUp);
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
      if (!isOrderly(result.reason)) runtime.reportCrash(process, result.reason);
      runtime.die(process, result.reason);
      return { tag: 'error', reason: result.reason };
  }
}

function crashed(process: Process, error: unknown): StartResult {
  return conclude(process, { tag: 'stop', reason: thrownReason(error) });
}
