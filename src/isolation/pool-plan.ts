/**
 * What a pool decides about its threads. Pure.
 *
 * A thread that dies under a call costs that call and nobody else: a function that loops or fills its heap would
 * otherwise end the pool for all its users. A thread that dies without one, or before its module was loaded, will
 * most likely do so again, and counts for the intensity. A thread that is still ending counts as one that is
 * there, so that there are never more than were asked for.
 */

/** A thread at its death. */
interface Death {
  readonly loaded: boolean;
  /** A function was running. */
  readonly busy: boolean;
  /** It was ended because the caller of that function gave up. */
  readonly abandoned: boolean;
}

/** Whether a death counts for the intensity. */
export const counts = ({ loaded, busy, abandoned }: Death): boolean => !loaded || (!busy && !abandoned);

interface ThreadCount {
  readonly size: number;
  readonly spare: number;
  /** Threads that are there, whatever they do. */
  readonly present: number;
}

/** How many threads to start. */
export const lacking = ({ size, spare, present }: ThreadCount): number => Math.max(0, size + spare - present);

/** Whether one more function may run. */
export const mayRun = (running: number, size: number): boolean => running < size;
