/**
 * What a server shows of itself in a status and in reports (OTP G19).
 *
 * `formatStatus` of the definition has the last word. One that throws, or gives nothing to show, harms nobody: a
 * note stands where the state would be, and nothing that it might have hidden is shown.
 */
import type { StatusParts } from '../actor/behavior.ts';
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
    // the reason is in the exit signals anyway
    ...('reason' in status ? { reason: status.reason } : {}),
    ...('message' in status ? { message: FORMATTER_CRASHED } : {}),
    ...('log' in status ? { log: [] } : {}),
  };
}
