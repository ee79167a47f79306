/**
 * What a process is started with beside its code, judged before there is a process. Pure.
 */
import type { FullPolicy, MailboxOptions } from '../actor/mailbox.ts';
import type { NameTable } from '../actor/names.ts';
import { MAILBOX_BOUND, type Process } from '../actor/process.ts';
import { isObject, wrongArgument, wrongObject, wrongSignal } from './arguments.ts';
import { wrongDuration } from './durations.ts';

/** How a process is started, whatever its behavior. */
export interface StartOptions {
  /** Whose child it is. Default: nobody's; it hangs below the runtime. */
  readonly parent?: Process | null | undefined;
  /** Whether the edge to the parent carries exit signals. Default true where there is a parent. */
  readonly linked?: boolean | undefined;
  /** Its name in trees and logs. Default: `id`, else the definition's. */
  readonly label?: string | undefined;
  /** The id of its child specification. */
  readonly id?: string | undefined;
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

/** What a definition says for those who start it and say nothing. */
export type StartDefaults = Pick<StartOptions, 'label' | 'mailbox' | 'trapExit'>;

/** The error of options that make no sense: a `TypeError`, or a `RangeError` for a duration. */
export function wrongOptions(options: StartOptions): Error | undefined {
  const wrong = wrongObject('options', 'an object', options);
  if (wrong !== undefined) return wrong;
  const { name, scope, signal, timeout } = options;
  if (timeout !== undefined) {
    const bad = wrongDuration('timeout', timeout);
    if (bad !== undefined) return bad;
  }
  const dumb = signal === undefined ? undefined : wrongSignal('signal', signal);
  if (dumb !== undefined) return dumb;
  return name !== undefined && scope !== undefined ? wrongTable(scope) : undefined;
}

/** The error of the time after which a server hibernates, of the options or of the definition; or of options that are none. */
export function wrongIdleTime(
  options: { readonly hibernateAfter?: number | undefined },
  definition: { readonly hibernateAfter?: number },
): Error | undefined {
  const wrong = wrongObject('options', 'an object', options);
  if (wrong !== undefined) return wrong;
  const idle = options.hibernateAfter ?? definition.hibernateAfter;
  return idle === undefined ? undefined : wrongDuration('hibernateAfter', idle);
}

/** The error of a scope that is no table of names. */
export function wrongTable(scope: unknown): TypeError | undefined {
  const table = isObject(scope) ? (scope as Partial<NameTable>) : {};
  if (
    typeof table.register === 'function' &&
    typeof table.unregister === 'function' &&
    typeof table.whereis === 'function'
  )
    return undefined;
  return wrongArgument('scope', 'a table of names (register, unregister, whereis)', scope);
}

const POLICIES: readonly FullPolicy[] = ['reject', 'dropNewest', 'dropOldest'];

/** Bound and policy, judged; a `TypeError` for what makes no sense. */
export function mailboxOf(given: number | MailboxOptions): Required<MailboxOptions> | TypeError {
  if (typeof given !== 'number' && !isObject(given))
    return wrongArgument('mailbox', 'a number or { bound, full }', given);
  const { bound = MAILBOX_BOUND, full = 'reject' }: MailboxOptions =
    typeof given === 'number' ? { bound: given } : given;
  if (!(Number.isInteger(bound) && bound >= 1)) return new TypeError('mailbox: bound must be an integer ≥ 1');
  if (!POLICIES.includes(full)) return new TypeError(`mailbox: full must be ${POLICIES.join(', ')}`);
  return { bound, full };
}
