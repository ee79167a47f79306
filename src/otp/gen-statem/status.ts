/**
 * What may be shown of a machine, to people and in reports (OTP G19, Y3).
 *
 * `formatStatus` of the definition has the last word. A formatter that throws harms nobody: a note stands where
 * it would have had something to show.
 */
import { types } from 'node:util';
import type { ExitReason } from '../../actor/exit-reason.ts';
import { dataOf } from '../../actor/named.ts';
import { silenced } from '../sequence.ts';
import { FORMATTER_CRASHED, unformatted } from '../server-status.ts';

/** What `formatStatus` of a machine takes and gives (OTP G19). */
export interface StatemStatus<State = unknown, Data = unknown> {
  readonly state: State;
  readonly data: Data;
  /** Why it ends; only in the report of its end. */
  readonly reason?: ExitReason;
  /**
   * Events that are inserted or tried again, the next one first; at its end the current one comes before them.
   * A call is shown without its `from`.
   */
  readonly queue: readonly unknown[];
  /** Events that wait for a change of state, the oldest first. */
  readonly postponed: readonly unknown[];
  /** Timeouts that run, as the events they will be. */
  readonly timeouts: readonly unknown[];
  /** What `sys` keeps of its last events. */
  readonly log: readonly unknown[];
}

/** Gives a status with its parts replaced; also what `redact` makes. */
export type FormatStatus = (status: StatemStatus) => object;

/** What a formatter leaves out is not shown. */
export function formatted(status: StatemStatus, format: FormatStatus | undefined): StatemStatus {
  if (format === undefined) return status;
  try {
    const given: unknown = format(status);
    // one that is async gives nothing to show
    silenced(given);
    if (typeof given === 'object' && given !== null && 'state' in given) {
      const { state, data, reason, queue, postponed, timeouts, log } = given as Partial<StatemStatus>;
      return {
        state,
        data,
        ...('reason' in status ? { reason } : {}),
        queue: listOf(queue),
        postponed: listOf(postponed),
        timeouts: listOf(timeouts),
        log: listOf(log),
      };
    }
  } catch {
    // as below; nothing of what was thrown, which may hold what the formatter was to hide
  }
  return {
    state: FORMATTER_CRASHED,
    data: FORMATTER_CRASHED,
    ...('reason' in status ? { reason: unformatted(status.reason) } : {}),
    queue: [],
    postponed: [],
    timeouts: [],
    log: [],
  };
}

/** What `formatStatus` is given where there is no machine (yet, or any more). */
export const NO_MACHINE: StatemStatus = {
  state: undefined,
  data: undefined,
  queue: [],
  postponed: [],
  timeouts: [],
  log: [],
};

/** A reason as `formatStatus` may have it: what a callback gave by mistake is often the data, so it is shown as data is. */
export function hideValue(reason: ExitReason, format: FormatStatus | undefined): ExitReason {
  if (format === undefined || !types.isNativeError(reason) || types.isProxy(reason)) return reason;
  const value = dataOf(reason, 'value');
  if (value === undefined || value === null || !reason.message.startsWith('bad_')) return reason;
  const { data } = formatted({ ...NO_MACHINE, data: value }, format);
  return Object.assign(new TypeError(reason.message), { stack: reason.stack, value: data });
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);
