/**
 * The part of `sys` that looks on while a process works: log, trace, counters, functions of one's own.
 *
 * All of it is asked for and ended by messages; what is kept is `sys-debug`'s. Source: Erlang/OTP `sys`; OTP Y4, Y5.
 */
import { appendFileSync } from 'node:fs';
import { formatTerm } from '../actor/format-term.ts';
import type { Process } from '../actor/process.ts';
import { refuse, wrongArgument, wrongFunction, wrongObject } from './arguments.ts';
import { debugLog, debugOf, setDebug, type DebugFunction, type SysEvent } from './sys-debug.ts';
import { askProcess, type SysTarget } from './sys-request.ts';

/** Events kept by `log` when no number is said. */
const LOG_KEEPS = 10;

/** Objects within objects, and characters, shown of one event. */
const LINE = { depth: 4, chars: 1_024, singleLine: true } as const;

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

/** Keeps the last events: 10, or as many as said; `false` forgets them. Rejects with a `RangeError` for other numbers. */
export async function log(target: SysTarget, keep: boolean | number, timeout?: number): Promise<void> {
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

/** Writes the events kept, a line each, waiting for each. Rejects with what `write` threw or rejected with. */
export async function printLog(
  target: SysTarget,
  write: (line: string) => unknown,
  timeout?: number,
): Promise<void> {
  refuse(wrongFunction('write', write));
  const lines = await askProcess(target, 'printLog', (self) => debugLog(self).map(lineOf(self)), timeout);
  for (const line of lines) await write(line);
}

/**
 * Gives `write` a line for each event; `false` ends it. A `write` that throws or rejects is ended too, with a line in
 * the runtime's log. Lines are not waited for: one that takes time may be overtaken.
 */
export async function trace(
  target: SysTarget,
  write: ((line: string) => unknown) | false,
  timeout?: number,
): Promise<void> {
  if (write !== false && typeof write !== 'function')
    throw wrongArgument('write', 'a function, or false', write);
  return change(target, 'trace', timeout, (debug, self) => {
    const line = lineOf(self);
    debug.trace = write === false ? null : (event) => write(line(event));
  });
}

/**
 * Appends a line for each event to a file, and waits until it is written; `false` ends it. Rejects when the file cannot
 * be written; one that cannot be written later ends it, with a line in the runtime's log.
 */
export async function logToFile(target: SysTarget, path: string | false, timeout?: number): Promise<void> {
  if (path !== false && typeof path !== 'string') throw wrongArgument('path', 'a string, or false', path);
  return change(target, 'logToFile', timeout, (debug, self) => {
    const line = lineOf(self);
    if (path !== false) appendFileSync(path, '');
    debug.file = path === false ? null : (event) => appendFileSync(path, `${line(event)}\n`);
  });
}

/** Counts from now on; `false` ends it. */
export async function statistics(target: SysTarget, on: boolean, timeout?: number): Promise<void> {
  if (typeof on !== 'boolean') throw wrongArgument('on', 'a boolean', on);
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
 * Calls `run` with its own state and each event; it returns its next state, or `done` to be removed. One that throws or
 * rejects is removed, with a line in the runtime's log. The same `id` (default: the function) twice counts once.
 */
export async function install<S>(
  target: SysTarget,
  run: DebugFunction<S>,
  state: S,
  options: { readonly id?: unknown; readonly timeout?: number | undefined } = {},
): Promise<void> {
  refuse(wrongFunction('run', run) ?? wrongObject('options', 'an object', options));
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

function change(
  target: SysTarget,
  what: string,
  timeout: number | undefined,
  apply: (debug: Parameters<Parameters<typeof setDebug>[1]>[0], self: Process) => void,
): Promise<void> {
  return askProcess(target, what, (self) => setDebug(self, (debug) => apply(debug, self)), timeout);
}

/** An event as a line of text. Messages are shown as they are: `formatStatus` is for states. */
const lineOf =
  (self: Process) =>
  (event: SysEvent): string => {
    const who = `${self.label} ${self.toString()}`;
    return event.tag === 'in'
      ? `${who} got ${event.kind} ${formatTerm(event.message, LINE)}`
      : `${who} answered ${formatTerm(event.value, LINE)}`;
  };
