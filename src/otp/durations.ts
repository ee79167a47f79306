/**
 * Durations as users give them, judged. Pure; milliseconds, Infinity for "without limit".
 *
 * A string, `NaN` or a negative number would otherwise become a timer that fires at once, or never.
 */

/** What is wrong with a duration; undefined when nothing is. 0 is one. */
export function wrongDuration(what: string, ms: unknown): RangeError | undefined {
  if (typeof ms === 'number' && ms >= 0) return undefined;
  return new RangeError(`${what} must be milliseconds or Infinity, not ${shown(ms)}`);
}

/** Throws a `RangeError` that names the duration. */
export function checkDuration(what: string, ms: unknown): void {
  const wrong = wrongDuration(what, ms);
  if (wrong !== undefined) throw wrong;
}

/** The same where 0 makes no sense: nobody could keep such a deadline. */
export function checkDeadline(what: string, ms: unknown): void {
  if (typeof ms === 'number' && ms > 0) return;
  throw new RangeError(`${what} must be positive milliseconds or Infinity, not ${shown(ms)}`);
}

const shown = (ms: unknown): string =>
  typeof ms === 'number' || ms === null ? String(ms) : `${typeof ms === 'object' ? 'an' : 'a'} ${typeof ms}`;
