/**
 * Why a process ended. Any value is a reason; a few words have a meaning of their own.
 *
 * Reasons may come from user code, so nothing here trusts them: a proxy whose traps throw is a reason like
 * any other. Source: Erlang/OTP `erlang:exit/2`, `supervisor`.
 */
import { dataOf, nameOf } from './named.ts';

/** `normal`, `shutdown` and `{ shutdown: why }` are orderly ends; `kill` as a signal cannot be trapped. */
export type ExitReason = unknown;

/** An orderly end that says why. */
export interface Shutdown {
  readonly shutdown: unknown;
}

/** True for `normal`, `shutdown` and `{ shutdown: … }`: no report is written, a transient child stays down. */
export function isOrderly(reason: ExitReason): boolean {
  return reason === 'normal' || reason === 'shutdown' || isShutdown(reason);
}

export function isShutdown(reason: ExitReason): reason is Shutdown {
  if (typeof reason !== 'object' || reason === null) return false;
  try {
    return Object.getPrototypeOf(reason) === Object.prototype && Object.hasOwn(reason, 'shutdown');
  } catch {
    return false;
  }
}

/** Ends the calling process with `reason` when thrown from one of its callbacks. Not a crash by itself. */
export class ExitSignal {
  readonly reason: ExitReason;
  constructor(reason: ExitReason) {
    this.reason = reason;
  }
}

// says what was thrown where `instanceof` cannot: a worker thread loads a copy of this module
Object.defineProperty(ExitSignal.prototype, Symbol.for('espalier.exit'), { value: true });

/** Ends the calling process with a chosen reason. Only inside a process's own callback. */
export function exit(reason: ExitReason): never {
  throw new ExitSignal(reason);
}

/** Whether what was thrown is an `exit`, not an error. */
export function isExit(error: unknown): boolean {
  try {
    return error instanceof ExitSignal;
  } catch {
    return false;
  }
}

/** The exit reason that a throw means. */
export function thrownReason(error: unknown): ExitReason {
  try {
    return error instanceof ExitSignal ? error.reason : error;
  } catch {
    // a proxy that refuses to be looked at
    return error;
  }
}

/** Longest text made from a reason. */
const TEXT_LIMIT = 1_024;
/** Control characters and the other line ends. */
// oxlint-disable-next-line no-control-regex
const LINE_BREAKERS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;
// oxlint-disable-next-line no-control-regex
const BREAKS_LINE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/**
 * One line about any value at all. Never throws, never longer than `limit` characters (default 1,024). What belongs to
 * the runtime is named (`<0.1>`); of a user's nothing is run, but for name and message of an error.
 */
export function describeReason(reason: unknown, limit: number = TEXT_LIMIT): string {
  const text = describeAt(reason, 0).slice(0, limit);
  // hardly ever: to look costs a fraction of replacing
  return BREAKS_LINE.test(text) ? text.replaceAll(LINE_BREAKERS, ' ') : text;
}

function describeAt(reason: unknown, depth: number): string {
  try {
    if (typeof reason === 'string') return reason;
    if (typeof reason !== 'object' || reason === null) {
      return typeof reason === 'function' ? 'a function' : String(reason);
    }
    const named = nameOf(reason);
    if (named !== undefined) return named;
    if (reason instanceof Error) return `${reason.name}: ${reason.message}`;
    if (depth > 2) return '…';
    if (Array.isArray(reason)) return `an array of ${reason.length}`;
    const parts: string[] = [];
    for (const key of Object.keys(reason).slice(0, 8)) {
      parts.push(`${key}: ${describeAt(dataOf(reason, key), depth + 1)}`);
    }
    return `{ ${parts.join(', ')} }`;
  } catch {
    return 'a value that cannot be read';
  }
}
