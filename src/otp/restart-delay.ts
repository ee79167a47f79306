/**
 * Restart delay: how long a supervisor waits before it starts a child that ended. An extension of OTP, off by default:
 * there every restart is at once and only the intensity ends a child that keeps crashing.
 *
 * Pure. Milliseconds on the monotonic clock. A child that has lived for the supervisor's `period` begins anew with
 * attempt 1, as its older restarts no longer count for the intensity either. Throws: `TypeError` for a delay that is
 * none.
 */
import type { Clock } from '../actor/clock.ts';
import type { ExitReason } from '../actor/exit-reason.ts';
import type { Random } from '../actor/random.ts';

/** What is known of a restart that is due. */
export interface DueRestart {
  /** How many restarts in a row this is, itself included: 1, 2, … */
  readonly attempt: number;
  /** What the child ended with, or why its last start failed. */
  readonly reason: ExitReason;
  /** Stands for the child: the same object at each of its restarts. A place to keep what belongs to it. */
  readonly child: object;
  readonly clock: Clock;
  readonly random: Random;
}

/** Milliseconds until the restart; undefined: never, the supervisor gives up as if its intensity were exceeded. */
export type RestartDelay = (restart: DueRestart) => number | undefined;

/**
 * The number of a restart.
 * @param previous that of the one before, 0 for none.
 * @param lived ms from its last start to its end; 0 when that start failed.
 */
export const attemptAfter = (previous: number, lived: number, period: number): number =>
  lived >= period ? 1 : previous + 1;

/** What a delay function said, judged. */
export function checkDelay(delay: number | undefined, id: string): number | undefined {
  if (delay === undefined || (typeof delay === 'number' && delay >= 0 && delay !== Infinity)) return delay;
  throw new TypeError(`child ${id}: restartDelay must give milliseconds or undefined`);
}
