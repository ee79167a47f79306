/**
 * Steps that are usually synchronous and sometimes not.
 *
 * Supervisors start and stop children one after the other; most do so without a promise, and then a whole
 * tree comes up within one turn.
 */

export type MaybePromise<T> = T | Promise<T>;

/** Runs `step` for each item in order, waiting where a step returns a promise. Stops early when a step says so. */
export function eachInOrder<T>(
  items: readonly T[],
  step: (item: T) => MaybePromise<boolean>,
): MaybePromise<boolean> {
  for (let i = 0; i < items.length; i++) {
    const result = step(items[i] as T);
    if (result instanceof Promise) return theRest(items, step, i + 1, result);
    if (!result) return false;
  }
  return true;
}

async function theRest<T>(
  items: readonly T[],
  step: (item: T) => MaybePromise<boolean>,
  from: number,
  first: Promise<boolean>,
): Promise<boolean> {
  if (!(await first)) return false;
  for (let i = from; i < items.length; i++) if (!(await step(items[i] as T))) return false;
  return true;
}

/** Whether a value can be awaited. */
export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return (
    value instanceof Promise ||
    (typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function')
  );
}

/** A promise where none was wanted: its rejection must not end the program. Gives whether it is one. */
export function silenced(value: unknown): boolean {
  if (!isPromiseLike(value)) return false;
  Promise.resolve(value).catch(() => undefined);
  return true;
}

/** Throws a `TypeError` when what must answer at once gave a promise; nobody hears of that promise any more. */
export function refusePromise(what: string, value: unknown): void {
  if (silenced(value)) throw new TypeError(`${what} must answer at once, not give a promise`);
}

/** `then` for what a user's function gave: a value, a promise, or anything else with a `then`. */
export function chainLike<T, U>(
  value: T | PromiseLike<T>,
  next: (value: T) => MaybePromise<U>,
): MaybePromise<U> {
  return isPromiseLike(value) ? Promise.resolve(value as PromiseLike<T>).then(next) : next(value);
}

/** `then` for a value that may not be a promise. */
export function chain<T, U>(value: MaybePromise<T>, next: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}
