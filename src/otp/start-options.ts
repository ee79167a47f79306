/**
 * What a process is started with beside its code, judged before there is a process. Pure.
 */
import type { FullPolicy, MailboxOptions } from '../actor/mailbox.ts';
import type { NameTable } from '../actor/names.ts';
import { MAILBOX_BOUND, type Self } from '../actor/process.ts';
import {
  isObject,
  wrongArgument,
  wrongBoolean,
  wrongBound,
  wrongObject,
  wrongSelf,
  wrongSignal,
} from './arguments.ts';
import { wrongDuration } from './durations.ts';

/** How a process is started, whatever its behavior. */
export interface StartOptions {
  /** Whose child it is, linked to it. Default: nobody's; it hangs below the runtime. */
  readonly parent?: Self | null | undefined;
  /** Its name in trees and logs. Default: the definition's; of a supervisor's child its id. */
  readonly label?: string | undefined;
  /** Registered before `init`; taken: `error` with `{ already_started: pid }`. */
  readonly name?: unknown;
  /** Where the name is registered. Default: the runtime's own scope. */
  readonly scope?: NameTable<unknown> | undefined;
  /** Messages queued at most, or that and what happens to more of them. Default: the definition's, else 1,000, `reject`. */
  readonly mailbox?: number | MailboxOptions | undefined;
  /** Default: the definition's, else false. */
  readonly trapExit?: boolean | undefined;
  /** Milliseconds for `init`; then the process is killed and the start fails with `timeout`. Default none. */
  readonly timeout?: number | undefined;
  /**
   * Gives the start up when it is aborted: it fails with `{ canceled: reason }`, a supervisor stops what it has started.
   * Aborted before the start: nothing is started.
   */
  readonly signal?: AbortSignal | undefined;
}

/** What supervisors and the runtime itself say beside. */
export interface ProcessOptions extends StartOptions {
  /** Whether the edge to the parent carries exit signals. Default true where there is a parent. */
  readonly linked?: boolean | undefined;
  /** The id of its child specification. */
  readonly id?: string | undefined;
}

/** What a definition says for those who start it and say nothing. */
export type StartDefaults = Pick<StartOptions, 'label' | 'mailbox' | 'trapExit'>;

/** What may be said in several places: at a start, of a child, in a definition. */
interface Settings extends StartDefaults, Pick<StartOptions, 'name' | 'scope' | 'timeout'> {
  readonly hibernateAfter?: number | undefined;
  readonly stateEnter?: boolean | undefined;
}

/**
 * The error of the first setting that makes no sense: a `TypeError`, or a `RangeError` for a duration or bound.
 * @param where comes before its name: `worker counter: `.
 */
export function wrongSettings(settings: Settings, where: string = ''): Error | undefined {
  const { label, mailbox, trapExit, name, scope, timeout, hibernateAfter, stateEnter } = settings;
  if (timeout !== undefined) {
    const wrong = wrongDuration(`${where}timeout`, timeout);
    if (wrong !== undefined) return wrong;
  }
  if (hibernateAfter !== undefined) {
    const wrong = wrongDuration(`${where}hibernateAfter`, hibernateAfter);
    if (wrong !== undefined) return wrong;
  }
  if (label !== undefined && typeof label !== 'string')
    return wrongArgument(`${where}label`, 'a string', label);
  if (mailbox !== undefined) {
    const judged = mailboxOf(mailbox, where);
    if (judged instanceof Error) return judged;
  }
  if (name === null) return wrongArgument(`${where}name`, 'a name', name);
  if (scope !== undefined) {
    const wrong = wrongTable(scope, where);
    if (wrong !== undefined) return wrong;
  }
  return wrongBoolean(`${where}trapExit`, trapExit) ?? wrongBoolean(`${where}stateEnter`, stateEnter);
}

/** The error of options that make no sense: a `TypeError`, or a `RangeError` for a duration or bound. */
export function wrongOptions(options: ProcessOptions): Error | undefined {
  const wrong = wrongObject('options', 'an object', options) ?? wrongSettings(options);
  if (wrong !== undefined) return wrong;
  const { id, linked, parent, signal } = options;
  if (id !== undefined && typeof id !== 'string') return wrongArgument('id', 'a string', id);
  if (parent !== undefined && parent !== null) {
    const stranger = wrongSelf('parent', parent);
    if (stranger !== undefined) return stranger;
  }
  const badSignal = signal === undefined ? undefined : wrongSignal('signal', signal);
  return badSignal ?? wrongBoolean('linked', linked);
}

/** The error of a scope that is no table of names. */
export function wrongTable(scope: unknown, where: string = ''): TypeError | undefined {
  const table = isObject(scope) ? (scope as Partial<NameTable>) : {};
  if (
    typeof table.register === 'function' &&
    typeof table.unregister === 'function' &&
    typeof table.whereis === 'function'
  )
    return undefined;
  return wrongArgument(`${where}scope`, 'a table of names (register, unregister, whereis)', scope);
}

const POLICIES: readonly FullPolicy[] = ['reject', 'dropNewest', 'dropOldest'];

/** A mailbox with its defaults filled in. */
export interface CheckedMailbox {
  readonly bound: number;
  readonly full: FullPolicy;
}

/** Bound and policy, judged; a `TypeError` for what makes no sense, a `RangeError` for a bound out of range. */
export function mailboxOf(given: number | MailboxOptions, where: string = ''): CheckedMailbox | Error {
  if (typeof given !== 'number' && !isObject(given))
    return wrongArgument(`${where}mailbox`, 'a number or { bound, full }', given);
  const { bound = MAILBOX_BOUND, full = 'reject' }: MailboxOptions =
    typeof given === 'number' ? { bound: given } : given;
  const outside = wrongBound(`${where}mailbox: bound`, 1, bound);
  if (outside !== undefined) return outside;
  if (!POLICIES.includes(full)) return new TypeError(`${where}mailbox: full must be ${POLICIES.join(', ')}`);
  return { bound, full };
}
