/**
 * What a log may say about why something ended: its kind, never what is in it. Pure.
 *
 * Messages, thrown values and everything a user's code put into an error may hold secrets, so they are not
 * shown unless `details` asks for them; then name and message are, of the outermost error only. Words of our own
 * (`noproc`, `timeout`, …), class names and places in the code are no secrets. Never throws.
 * Source: SECURITY §12.
 */
import { constants } from 'node:os';
import { describeReason, isShutdown } from './exit-reason.ts';

/** Reasons that the runtime and its behaviors make themselves. */
const WORDS: ReadonlySet<string> = new Set([
  'normal',
  'shutdown',
  'kill',
  'killed',
  'noproc',
  'noconnection',
  'timeout',
  'calling_self',
  'mailbox',
  'max_children',
  'already_started',
  'reached_max_restart_intensity',
  'worker_oom',
]);

/** Whether a reason is one of these. */
export const isWord = (reason: unknown): boolean => typeof reason === 'string' && WORDS.has(reason);

/** Errors in a chain of causes, the first included. */
const CAUSES = 4;
/** Objects within objects that are looked into. */
const DEPTH = 8;
const CLASS = /^[A-Za-z_$][\w$]{0,63}$/;

/** Lines kept of a stack, and the part of its text that is looked at. */
const FRAMES = 12;
const STACK_TEXT = 16_384;
/** A line of V8's that names a place in a file; nothing else that a stack may hold passes. */
const FRAME =
  /^ {4}at (?:async )?(?:(?:new )?[\w$.<>#]{1,128}(?: \[as [\w$]{1,64}\])? \((?=[^()]{1,1024}\)$))?(?:file:\/\/|node:|\/|[A-Za-z]:[\\/])[^()\n]{1,1024}:\d{1,9}:\d{1,9}\)?$/;

/** One line about a reason. With `details` the name and message of an error, and the text of a string. */
export function outlineReason(reason: unknown, details: boolean = false): string {
  try {
    if (details && (typeof reason === 'string' || reason instanceof Error)) return describeReason(reason);
    return describeReason(outlineAt(reason, 0));
  } catch {
    return 'a value that cannot be read';
  }
}

/** Where an error was made, innermost first; empty for what is no error. */
export function framesOf(reason: unknown): readonly string[] {
  try {
    if (!(reason instanceof Error)) return [];
    const { stack, message } = reason;
    if (typeof stack !== 'string') return [];
    // a message may look like a stack: what comes before its end is not part of one
    const at = typeof message === 'string' && message !== '' ? stack.indexOf(message) : -1;
    const lines = stack
      .slice(at === -1 ? 0 : at + message.length)
      .slice(-STACK_TEXT)
      .split('\n');
    return lines.filter((line) => FRAME.test(line)).slice(0, FRAMES);
  } catch {
    return [];
  }
}

function outlineAt(reason: unknown, depth: number): string {
  if (typeof reason === 'string')
    return WORDS.has(reason) ? reason : `a string of ${reason.length} characters`;
  if (typeof reason === 'function') return 'a function';
  if (typeof reason !== 'object' || reason === null)
    return reason === undefined || reason === null ? String(reason) : `a ${typeof reason}`;
  if (reason instanceof Error) return outlineError(reason);
  if (Array.isArray(reason)) return `an array of ${reason.length}`;
  if (depth > DEPTH) return '…';
  if (isShutdown(reason)) return `{ shutdown: ${outlineAt(reason.shutdown, depth + 1)} }`;
  if (Object.hasOwn(reason, 'bad_return_value')) return 'bad_return_value';
  const { failed_to_start_child: child, overloaded, reason: inner } = reason as Record<string, unknown>;
  const { worker_exit: code } = reason as Record<string, unknown>;
  if (typeof code === 'number') return `{ worker_exit: ${code} }`;
  if (typeof overloaded === 'string' && WORDS.has(overloaded)) return `{ overloaded: ${overloaded} }`;
  if (typeof child === 'string')
    return `{ failed_to_start_child: ${child}, reason: ${outlineAt(inner, depth + 1)} }`;
  return 'an object';
}

function outlineError(error: Error): string {
  const parts: string[] = [];
  let next: unknown = error;
  while (next instanceof Error && parts.length < CAUSES) {
    const code = errnoOf(next);
    parts.push(code === undefined ? classOf(next) : `${classOf(next)} ${code}`);
    next = next.cause;
  }
  return parts.join(', caused by ');
}

/** Of the class, not of the object: `name` is a field that anything may be written to. */
function classOf(error: Error): string {
  const prototype = Object.getPrototypeOf(error) as {
    readonly constructor?: { readonly name?: unknown };
  } | null;
  const name = prototype?.constructor?.name;
  return typeof name === 'string' && CLASS.test(name) ? name : 'Error';
}

/** `ECONNREFUSED`, `ENOENT`, …: words of the operating system. */
function errnoOf(error: Error): string | undefined {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' && Object.hasOwn(constants.errno, code) ? code : undefined;
}
