/**
 * How long somebody waits for an answer, and the waiting itself.
 */
import type { Runtime } from '../../actor/runtime.ts';
import { isObject } from '../arguments.ts';
import { checkDuration } from '../durations.ts';

/** Milliseconds or Infinity, or a moment of the runtime's monotonic clock (`runtime.clock.now()`). */
export type ResponseTimeout = number | { readonly until: number };

/** Milliseconds from now; a moment that has passed is 0. Throws a `RangeError` for what is no time. */
export function delayOf(timeout: ResponseTimeout, runtime: Runtime | undefined): number {
  const until: unknown = isObject(timeout) ? timeout.until : undefined;
  const moment = typeof until === 'number';
  const delay: unknown = moment ? Math.max(0, until - (runtime?.clock.now() ?? 0)) : timeout;
  checkDuration(moment ? 'timeout (until)' : 'timeout', delay);
  return delay as number;
}

/** Waits until `listen`'s listener is called, or `delay` ms have passed; leaves neither timer nor listener behind. */
export function beforeLong(
  { timers }: Runtime,
  delay: number,
  listen: (wake: () => void) => () => void,
): Promise<void> {
  // no time: what can be answered in this turn is
  if (delay === 0) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      timer?.unset();
      forget();
      resolve();
    };
    const timer = timers.within(delay, end);
    const forget = listen(end);
  });
}
