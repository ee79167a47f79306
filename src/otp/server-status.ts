/**
 * What a server shows of itself in a status and in reports (OTP G19).
 *
 * `formatStatus` of the definition has the last word. One that throws, or gives nothing to show, harms nobody: a
 * note stands where the state would be, and nothing that it might have hidden is shown.
 */
import { types } from 'node:util';
import type { StatusParts } from '../actor/behavior.ts';
import type { ExitReason } from '../actor/exit-reason.ts';
import { dataOf } from '../actor/named.ts';
import { outlineReason } from '../actor/outline.ts';
import { silenced } from './sequence.ts';

export type { StatusParts } from '../actor/behavior.ts';
export { redact, REDACTED } from './redact.ts';

/** Stands in place of what a broken `formatStatus` was to show. */
export const FORMATTER_CRASHED = 'formatStatus crashed';

/** What `format` gives, judged: it must answer at once. */
export function formatted(format: (status: StatusParts) => unknown, status: StatusParts): StatusParts {
  try {
    const shown = format(status);
    // a promise shows nothing, and must not end the program
    if (!silenced(shown) && typeof shown === 'object' && shown !== null && 'state' in shown) {
      // what it leaves out is not shown; what was not there does not appear
      const { state, reason, message, log } = shown as StatusParts;
      return {
        state,
        ...('reason' in status ? { reason } : {}),
        ...('message' in status ? { message } : {}),
        ...('log' in status ? { log: Array.isArray(log) ? log : [] } : {}),
      };
    }
  } catch {
    // as below
  }
  return {
    state: FORMATTER_CRASHED,
    ...('reason' in status ? { reason: unformatted(status.reason) } : {}),
    ...('message' in status ? { message: FORMATTER_CRASHED } : {}),
    ...('log' in status ? { log: [] } : {}),
  };
}

/** What is shown of a reason that nobody has formatted: a text as it is, of everything else its kind. */
export const unformatted = (reason: ExitReason): unknown =>
  typeof reason === 'string' ? reason : outlineReason(reason);

/** What crash and supervisor reports show of a reason; of one that `formatStatus` has left out, its kind. */
export const orKind = (shown: unknown, reason: ExitReason): unknown =>
  shown === undefined && reason !== undefined ? outlineReason(reason) : shown;

/**
 * A reason as `formatStatus` may have it: what a callback returned by mistake is most often the state, so it is shown
 * as the state is.
 */
export function hideReturned(reason: ExitReason, show: (returned: unknown) => unknown): ExitReason {
  if (typeof reason !== 'object' || reason === null || types.isProxy(reason)) return reason;
  const returned = dataOf(reason, RETURNED);
  return returned === undefined || returned === null ? reason : { [RETURNED]: show(returned) };
}

const RETURNED = 'bad_return_value';
