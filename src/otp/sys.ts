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
 * reject with `ExitError`: `noproc`, `timeout`, `calling_self`, or what the process died of.
 */
import { appendFileSync } from 'node:fs';
import { ancestorsOf, moduleOf } from '../actor/crash-details.ts';
import type { ExitReason } from '../actor/exit-reason.ts';
import { formatTerm } from '../actor/format-term.ts';
import type { Pid } from '../actor/pid.ts';
import type { Process } from '../actor/process.ts';
import { ExitError } from './errors.ts';
import { requestStop } from './stop.ts';
import { debugLog, debugOf, setDebug, type DebugFunction, type SysEvent } from './sys-debug.ts';
import { askProcess, type SysTarget } from './sys-request.ts';
import { CodeChange } from './system-messages.ts';

export { done, type DebugFunction, type SysEvent } from './sys-debug.ts';
export type { SysTarget } from './sys-request.ts';

/** Events kept by `log` when no number is said. */
const LOG_KEEPS = 10;

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

/** Counters since `statistics(target, true)`. */
export interface SysStatistics {
  /** Milliseconds since 1970. */
  readonly startTime: number;
  readonly currentTime: number;
  /** Messages and signals handled, of any kind. */
  readonly work: number;
  readonly messagesIn: number;
  readonly messagesOut: number;
}

/** The state itself, not a copy. */
export function getState(target: SysTarget, timeout?: number): Promise<unknown> {
  return askProcess(target, 'getState', stateOf, timeout);
}

/**
 * Puts `replace(state)` in place of the state, and gives it back. When `replace` throws, the state stays and the
 * promise rejects with `{ callback_failed: error }`; `{ read_only: type }` where a state cannot be replaced.
 */
export function replaceState(
  target: SysTarget,
  replace: (state: unknown) => unknown,
  timeout?: number,
): Promise<unknown> {
  const run = (self: Process): unknown => {
    const { behavior } = self;
    if (behavior.readState !== undefined && behavior.writeState === undefined)
      throw new ExitError('sys', { read_only: behavior.type });
    let next: unknown;
    try {
      next = replace(stateOf(self));
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
      names: self.names.map(({ name }) => name),
      queued: self.queued,
      debug: debugOf(self)?.options ?? [],
      state: shown.state,
      log: shown.log ?? [],
    };
  };
  return askProcess(target, 'getStatus', run, timeout);
}

/** Keeps the last events: 10, or as many as said; `false` forgets them. */
export function log(target: SysTarget, keep: boolean | number, timeout?: number): Promise<void> {
  const count = keep === true ? LOG_KEEPS : keep === false ? 0 : keep;
  if (!(Number.isInteger(count) && count >= 0))
    throw new RangeError('log: how many events to keep, or a boolean');
  return change(target, 'log', timeout, (debug) => {
    debug.log = count === 0 ? null : { keep: count, events: debug.log?.events.slice(-count) ?? [] };
  });
}

/** The events kept, oldest first. */
export function getLog(target: SysTarget, timeout?: number): Promise<readonly SysEvent[]> {
  return askProcess(target, 'getLog', debugLog, timeout);
}

/** Writes the events kept, a line each. */
export async function printLog(
  target: SysTarget,
  write: (line: string) => void,
  timeout?: number,
): Promise<void> {
  const lines = await askProcess(target, 'printLog', (self) => debugLog(self).map(lineOf(self)), timeout);
  for (const line of lines) write(line);
}

/** Gives `write` a line for each event; `false` ends it. A `write` that throws ends it too. */
export function trace(
  target: SysTarget,
  write: ((line: string) => void) | false,
  timeout?: number,
): Promise<void> {
  return change(target, 'trace', timeout, (debug, self) => {
    const line = lineOf(self);
    debug.trace = write === false ? null : (event) => write(line(event));
  });
}

/** Appends a line for each event to a file; `false` ends it. Rejects when the file cannot be written. */
export function logToFile(target: SysTarget, path: string | false, timeout?: number): Promise<void> {
  return change(target, 'logToFile', timeout, (debug, self) => {
    const line = lineOf(self);
    if (path !== false) appendFileSync(path, '');
    debug.file = path === false ? null : (event) => appendFileSync(path, `${line(event)}\n`);
  });
}

/** Counts from now on; `false` ends it. */
export function statistics(target: SysTarget, on: boolean, timeout?: number): Promise<void> {
  return change(target, 'statistics', timeout, (debug, self) => {
    const { handled, clock } = self;
    debug.statistics = on ? { startedAt: clock.wall(), handled, in: 0, out: 0 } : null;
  });
}

/** The counters, or `no_statistics` while they are off. */
export function getStatistics(target: SysTarget, timeout?: number): Promise<SysStatistics | 'no_statistics'> {
  const run = (self: Process): SysStatistics | 'no_statistics' => {
    const counted = debugOf(self)?.statistics ?? null;
    if (counted === null) return 'no_statistics';
    return {
      startTime: counted.startedAt,
      currentTime: self.clock.wall(),
      work: self.handled - counted.handled,
      messagesIn: counted.in,
      messagesOut: counted.out,
    };
  };
  return askProcess(target, 'getStatistics', run, timeout);
}

/**
 * Calls `run` with its own state and each event; it returns its next state, or `done` to be removed. One that
 * throws is removed in silence. The same `id` (default: the function) twice counts once.
 */
export function install<S>(
  target: SysTarget,
  run: DebugFunction<S>,
  state: S,
  options: { readonly id?: unknown; readonly timeout?: number } = {},
): Promise<void> {
  const { id = run, timeout } = options;
  return change(target, 'install', timeout, ({ installed }) => {
    if (!installed.has(id)) installed.set(id, { run: run as DebugFunction, state });
  });
}

/** @param id what it was installed with, or the function itself. */
export function remove(target: SysTarget, id: unknown, timeout?: number): Promise<void> {
  return change(target, 'remove', timeout, ({ installed }) => void installed.delete(id));
}

/** Ends everything that `log`, `trace`, `logToFile`, `statistics` and `install` began. */
export function noDebug(target: SysTarget, timeout?: number): Promise<void> {
  return change(target, 'noDebug', timeout, (debug) => {
    debug.log = debug.trace = debug.file = debug.statistics = null;
    debug.installed.clear();
  });
}

/** Ends a process as if told by its parent: `terminate` runs. Does not wait for it. */
export function terminate(target: SysTarget, reason: ExitReason, timeout?: number): Promise<void> {
  return askProcess(target, 'terminate', (self) => requestStop(self, reason), timeout);
}

/**
 * Has a suspended process go on as another version of itself: `server.codeChange(from, state, extra)` makes its
 * state. Rejects with `not_suspended`, or with `undef` or what it threw and leaves all as it was.
 */
export function changeCode(
  target: SysTarget,
  change: { readonly server?: object; readonly from?: unknown; readonly extra?: unknown } = {},
  timeout?: number,
): Promise<void> {
  const run = (self: Process): void => {
    if (!self.suspended) throw new ExitError('sys', 'not_suspended');
    if (self.behavior.changeCode === undefined) throw new ExitError('sys', 'undef');
    self.behavior.changeCode(self, new CodeChange(change.server, change.from, change.extra));
  };
  return askProcess(target, 'changeCode', run, timeout);
}

function change(
  target: SysTarget,
  what: string,
  timeout: number | undefined,
  apply: (debug: Parameters<Parameters<typeof setDebug>[1]>[0], self: Process) => void,
): Promise<void> {
  return askProcess(target, what, (self) => setDebug(self, (debug) => apply(debug, self)), timeout);
}

const stateOf = (self: Process): unknown =>
  self.behavior.readState === undefined ? self.state : self.behavior.readState(self);

/** Objects within objects, and characters, shown of one event. */
const LINE = { depth: 4, chars: 1_024, singleLine: true } as const;

/** An event as a line of text. Messages are shown as they are: `formatStatus` is for states. */
const lineOf =
  (self: Process) =>
  (event: SysEvent): string => {
    const who = `${self.label} ${self.toString()}`;
    return event.tag === 'in'
      ? `${who} got ${event.kind} ${formatTerm(event.message, LINE)}`
      : `${who} answered ${formatTerm(event.value, LINE)}`;
  };
