/**
 * A promise and the two functions that settle it, kept by whoever owes the answer.
 *
 * Calls are made by the million: this makes no closure beside the two.
 */

/** Where the functions are put. */
export interface Deferred<T> {
  resolve: (value: T) => void;
  reject: (error: unknown) => void;
}

const none = (): void => undefined;
let resolveLast: (value: never) => void = none;
let rejectLast: (error: unknown) => void = none;

function keep(resolve: (value: never) => void, reject: (error: unknown) => void): void {
  resolveLast = resolve;
  rejectLast = reject;
}

/** Makes the promise that `into` settles from now on. */
export function deferred<T>(into: Deferred<T>): Promise<T> {
  // a patched Promise may make another one meanwhile
  const [resolveOuter, rejectOuter] = [resolveLast, rejectLast];
  const promise = new Promise<T>(keep);
  into.resolve = resolveLast as (value: T) => void;
  into.reject = rejectLast;
  resolveLast = resolveOuter;
  rejectLast = rejectOuter;
  return promise;
}

/** Of one that is not made yet. */
export const unsettled: () => void = none;
