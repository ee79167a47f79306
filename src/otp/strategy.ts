/**
 * What a supervisor does about a child that ended. Pure: facts in, decision out (OTP S4, S8, S9).
 */
import { isOrderly, type ExitReason } from '../actor/exit-reason.ts';

export type Strategy = 'oneForOne' | 'oneForAll' | 'restForOne';

/** `permanent`: always restarted. `transient`: unless it ended orderly. `temporary`: never. */
export type Restart = 'permanent' | 'transient' | 'temporary';

export function restarts(restart: Restart, reason: ExitReason): boolean {
  return restart === 'permanent' || (restart === 'transient' && !isOrderly(reason));
}

/** Whether the end of a child is worth an error report (OTP R2). */
export function reportable(restart: Restart, reason: ExitReason): boolean {
  return restart === 'permanent' || !isOrderly(reason);
}

/** The children, by index, that a restart of the one at `index` stops (in reverse) and starts (in order). */
export function restartRange(
  strategy: Strategy,
  count: number,
  index: number,
): { readonly from: number; readonly to: number } {
  switch (strategy) {
    case 'oneForOne':
      return { from: index, to: index + 1 };
    case 'oneForAll':
      return { from: 0, to: count };
    case 'restForOne':
      return { from: index, to: count };
  }
}
