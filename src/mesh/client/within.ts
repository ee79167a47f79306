/**
 * Waiting for so long and no longer: what everybody here who waits does it with.
 */
import { offAbort, onAbort } from '../../actor/abort-listeners.ts';
import type { Runtime } from '../../actor/runtime.ts';

/**
 * What `promise` gives within `timeout` ms and before `signal` is aborted, else what `giveUp` gives or throws. What
 * comes of the promise after that is dropped. Neither a timer nor a listener is left.
 */
export function within<T, U>(
  { timers }: Runtime,
  timeout: number,
  promise: Promise<T>,
  giveUp: () => U,
  signal?: AbortSignal,
): Promise<T | U> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      timer.unset();
      offAbort(signal, tooLong);
    };
    const tooLong = (): void => {
      end();
      try {
        resolve(giveUp());
      } catch (error) {
        reject(error as Error);
      }
    };
    const timer = timers.after(timeout, tooLong);
    if (signal?.aborted === true) tooLong();
    else onAbort(signal, tooLong);
    promise.then(
      (value) => {
        end();
        resolve(value);
      },
      (error: unknown) => {
        end();
        reject(error as Error);
      },
    );
  });
}
