/**
 * What a server shows of itself in a status and in reports (OTP G19).
 *
 * `formatStatus` of the definition has the last word. One that throws, or gives nothing to show, harms nobody: a
 * note stands where the state would be, and nothing that it might have hidden is shown.
 */
import type { StatusParts } from '../actor/behavior.ts';

export type { StatusParts } from '../actor/behavior.ts';

/** Stands in place of what a broken `formatStatus` was to show. */
export const FORMATTER_CRASHED = 'formatStatus crashed';

/** What stands in place of a value that is not shown. */
export const REDACTED = '[redacted]';

export function formatted(format: (status: StatusParts) => unknown, status: StatusParts): StatusParts {
  try {
    const shown = format(status);
    if (typeof shown === 'object' && shown !== null && 'state' in shown) {
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

/** Objects within objects that are looked into. */
const DEPTH = 16;

/**
 * A `formatStatus` that hides the values of these keys wherever they stand, in plain objects, arrays, maps and the
 * fields of instances. What is nested deeper than 16 is hidden too; errors are left as they are.
 */
export function redact(...keys: readonly string[]): (status: StatusParts) => StatusParts {
  const secret = new Set<unknown>(keys);
  const hide = (value: unknown, depth: number): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (depth === DEPTH) return REDACTED;
    if (Array.isArray(value)) return value.map((item) => hide(item, depth + 1));
    if (value instanceof Map)
      return new Map(
        [...value].map(([key, item]) => [key, secret.has(key) ? REDACTED : hide(item, depth + 1)]),
      );
    if (value instanceof Set) return new Set([...value].map((item) => hide(item, depth + 1)));
    if (value instanceof Error) return value;
    const entries = Object.entries(value).map(([key, item]) => [
      key,
      secret.has(key) ? REDACTED : hide(item, depth + 1),
    ]);
    return Object.fromEntries(entries) as unknown;
  };
  return (status) => {
    const { reason, ...rest } = status;
    const shown = hide(rest, 0) as StatusParts;
    return 'reason' in status ? { ...shown, reason: hide(reason, 0) } : shown;
  };
}
