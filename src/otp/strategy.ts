/**
 * What a supervisor does about a child that ended. Pure: facts in, decision out (OTP S4, S8, S9).
 */
import { isOrderly, type ExitReason } from '../actor/exit-reason.ts';

/** Who is restarted with a child that ended: nobody else, all, or those that were started after it. */
export type Strategy = 'oneForOne' | 'oneForAll' | 'restForOne';

/** `permanent`: always restarted. `transient`: unless it ended orderly. `temporary`: never. */
export type Restart = 'permanent' | 'transient' | 'temporary';

export function restarts(restart: Restart, reason: ExitReason): boolean {
  return restart === 'permanent' || (restart === 'transient' && !isOrderly(reason));
}

/** Whether significant children that end by themselves end their supervisor: the first of them, or the last. */
export type AutoShutdown = 'never' | 'anySignificant' | 'allSignificant';

/**
 * Whether a child that ended by itself, and is not restarted, ends the supervisor (OTP S13, S14).
 * @param othersLeft whether another significant child runs or is being restarted.
 */
export function endsSupervisor(mode: AutoShutdown, significant: boolean, othersLeft: () => boolean): boolean {
  if (mode === 'never' || !significant) return false;
  return mode === 'anySignificant' || !othersLeft();
}

/** Whether the end of a child is worth an error report (OTP R2). */
export function reportable(restart: Restart, reason: ExitReason): boolean {
  return restart === 'permanent' || !isOrderly(reason);
}

/**
 * The children that a restart of `child` stops (in reverse order) and starts (in order).
 * @param children all of them, in start order.
 */
export function restartGroup<T>(strategy: Strategy, children: Iterable<T>, child: T): readonly T[] {
  if (strategy === 'oneForOne') return [child];
  const all = [...children];
  return strategy === 'oneForAll' ? all : all.slice(all.indexOf(child));
}
