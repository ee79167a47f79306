/**
 * Long work in slices: between two of them the event loop has its turn.
 */
import type { Clock } from '../actor/clock.ts';

/** Milliseconds of a slice. */
const SLICE = 3;
/** Steps between two looks at the clock. */
const STEPS = 4;

/** Runs the work to its end, which is what it gives. A step is what lies between two of its yields: each has to be short. */
export function inSlices<Result>(
  work: Generator<unknown, Result>,
  clock: Pick<Clock, 'now' | 'later'>,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const slice = (): void => {
      try {
        const end = clock.now() + SLICE;
        for (let steps = 1; ; steps++) {
          const step = work.next();
          if (step.done === true) {
            resolve(step.value);
            return;
          }
          if (steps % STEPS === 0 && clock.now() >= end) break;
        }
        clock.later(slice);
      } catch (error) {
        reject(error as Error);
      }
    };
    slice();
  });
}
