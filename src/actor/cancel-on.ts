/**
 * A call that its caller gives up with an `AbortSignal`.
 */
import { offAbort, onAbort } from './abort-listeners.ts';
import type { Call } from './call.ts';

/**
 * Makes a call that is canceled with the reason of `signal` when that fires. `make` gets what settles the caller's
 * promise; whichever of the two is called takes the listener away. A signal that has fired already is the caller's to
 * see.
 */
export function cancelOn<Made extends Call, Value, Failure>(
  signal: AbortSignal,
  resolve: (value: Value) => void,
  reject: (failure: Failure) => void,
  make: (resolve: (value: Value) => void, reject: (failure: Failure) => void) => Made,
): Made {
  const giveUp = (): void => {
    call.cancel(signal.reason);
  };
  const settling = <T>(settle: (value: T) => void): ((value: T) => void) => {
    return (value) => {
      offAbort(signal, giveUp);
      settle(value);
    };
  };
  const call = make(settling(resolve), settling(reject));
  onAbort(signal, giveUp);
  return call;
}
