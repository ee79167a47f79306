/**
 * `sys`: looks at a running process, and takes it in hand. Source: Erlang/OTP `sys`; OTP §1.7.
 *
 * ```ts
 * await sys.getState(ref);
 * await sys.log(ref, 20); // keep the last 20 events
 * await sys.getLog(ref);
 * ```
 * For people and tools, not for programs. Every process answers, whatever its behavior, between two messages and
 * before those that wait. All functions take a pid or a reference and, last, a timeout in ms (default 5,000); they
 * reject with `ExitError`: `noproc`, `timeout`, `calling_self`, or what the process died of; for wrong arguments with
 * a `TypeError` or a `RangeError` that names them.
 */
import type { Behavior } from '../actor/behavior.ts';
import { ancestorsOf, moduleOf } from '../actor/crash-details.ts';
import type { ExitReason } from '../actor/exit-reason.ts';
import { namesOf } from '../actor/names.ts';
import type { Pid } from '../actor/pid.ts';
import type { Process } from '../actor/process.ts';
import { refuse, wrongFunction, wrongObject } from './arguments.ts';
import { ExitError } from './errors.ts';
import { refusePromise } from './sequence.ts';
import { requestStop } from './stop.ts';
import { debugLog, debugOf } from './sys-debug.ts';
import { askProcess, Later, type SysTarget } from './sys-request.ts';
import { CodeChange } from './system-messages.ts';

export { done, type DebugFunction, type SysEvent } from './sys-debug.ts';
export type { SysTarget } from './sys-request.ts';
export {
  getLog,
  getStatistics,
  install,
  log,
  logToFile,
  noDebug,
  printLog,
  remove,
  statistics,
  trace,
  type SysStatistics,
} from './sys-watch.ts';

/** What `getStatus` shows. */
export interface SysStatus {
  readonly pid: Pid;
  readonly label: string;
  /** The definition it runs. */
  readonly module: string;
  readonly status: 'running' | 'suspended';
  /** Whether it hibernates. */
  readonly hibernates: boolean;
  readonly parent: Pid | null;
  readonly ancestors: readonly Pid[];
  readonly names: readonly unknown[];
  readonly queued: number;
  /** The debug options that are on. */
  readonly debug: readonly string[];
  /** As `formatStatus` shows it. */
  readonly state: unknown;
  readonly log: readonly unknown[];
}

/** The state itself, not a copy; of a server in a worker a copy, or `{ unclonable: detail }`. */
export function getState(target: SysTarget, timeout?: number): Promise<unknown> {
  const run = (self: Process): unknown =>
    self.behavior.fetchState === undefined ? stateOf(self) : new Later(self.behavior.fetchState(self));
  return askProcess(target, 'getState', run, timeout);
}

/**
 * Puts `replace(state)` in place of the state, and gives it back. Only servers, agents and state machines have a state
 * to replace; elsewhere the promise rejects with `{ read_only: type }`. When `replace` throws, or gives a promise, the
 * state stays and the promise rejects with `{ callback_failed: error }`.
 */
export async function replaceState(
  target: SysTarget,
  replace: (state: unknown) => unknown,
  timeout?: number,
): Promise<unknown> {
  refuse(wrongFunction('replace', replace));
  const run = (self: Process): unknown => {
    const { behavior } = self;
    refuseReadOnly(behavior);
    let next: unknown;
    try {
      next = replace(stateOf(self));
      refusePromise('replace', next);
    } catch (error) {
      throw new ExitError('sys', { callback_failed: error });
    }
    if (behavior.writeState === undefined) self.state = next;
    else behavior.writeState(self, next);
    return next;
  };
  return askProcess(target, 'replaceState', run, timeout);
}

/** From now on only system messages and the parent's exit signal are served; the rest waits. Twice is once. */
export function suspend(target: SysTarget, timeout?: number): Promise<void> {
  return askProcess(target, 'suspend', (self) => void (self.suspended = true), timeout);
}

/** Serves again what waited, in order. Twice is once. */
export function resume(target: SysTarget, timeout?: number): Promise<void> {
  return askProcess(target, 'resume', (self) => void (self.suspended = false), timeout);
}

/**
 * How a process stands: who it is, what waits for it, what is looked at, and its state as `formatStatus` of its
 * definition shows it.
 */
export function getStatus(target: SysTarget, timeout?: number): Promise<SysStatus> {
  const run = (self: Process): SysStatus => {
    const { behavior } = self;
    const status = { state: stateOf(self), log: debugLog(self) };
    const shown = behavior.formatStatus?.(status, self) ?? status;
    return {
      pid: self,
      label: self.label,
      module: moduleOf(self),
      status: self.suspended ? 'suspended' : 'running',
      hibernates: behavior.inspect?.(self)['hibernates'] === true,
      parent: self.parent,
      ancestors: ancestorsOf(self),
      names: namesOf(self),
      queued: self.queued,
      debug: debugOf(self)?.options ?? [],
      state: shown.state,
      log: shown.log ?? [],
    };
  };
  return askProcess(target, 'getStatus', run, timeout);
}

/** Ends a process as if told by its parent: `terminate` runs. Does not wait for it. */
export function terminate(target: SysTarget, reason: ExitReason, timeout?: number): Promise<void> {
  return askProcess(target, 'terminate', (self) => requestStop(self, reason), timeout);
}

/**
 * Has a suspended server or state machine go on as another version of itself: `server.codeChange(from, state, extra)`
 * makes its state, at once. Rejects with `not_suspended`, with `{ read_only: type }` where the state belongs to the
 * behavior, or with `undef` or what it threw, and leaves all as it was.
 * @param change.server the definition from now on. Default: the one it has.
 */
export async function changeCode(
  target: SysTarget,
  change: { readonly server?: object | undefined; readonly from?: unknown; readonly extra?: unknown } = {},
  timeout?: number,
): Promise<void> {
  refuse(wrongObject('change', 'an object', change));
  const { server, from, extra } = change;
  if (server !== undefined) refuse(wrongObject('server', 'a definition', server));
  const run = (self: Process): void => {
    if (!self.suspended) throw new ExitError('sys', 'not_suspended');
    refuseReadOnly(self.behavior);
    if (self.behavior.changeCode === undefined) throw new ExitError('sys', 'undef');
    self.behavior.changeCode(self, new CodeChange(server, from, extra));
  };
  return askProcess(target, 'changeCode', run, timeout);
}

/** What a supervisor, a pool or a controller calls its state is no user's: anything else in its place ends it. */
function refuseReadOnly({ type, readState, writeState, replaceable }: Behavior): void {
  if (writeState !== undefined || (readState === undefined && replaceable === true)) return;
  throw new ExitError('sys', { read_only: type });
}

const stateOf = (self: Process): unknown =>
  self.behavior.readState === undefined ? self.state : self.behavior.readState(self);
