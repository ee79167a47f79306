/**
 * What reports show of why a process ended, where its `formatStatus` hides a part of that (OTP G19).
 *
 * The reason itself goes to links, monitors, callers and supervisors, and from there into reports of others. So what is
 * shown of it is found by the reason, also within the errors of calls and starts that failed of it; where it is no
 * object, by the process or the failed start whose reason it is.
 */
import { types } from 'node:util';
import { define } from './bounded-copy.ts';
import { describeReason, type ExitReason } from './exit-reason.ts';
import { dataOf } from './named.ts';
import { isWord, outlineReason } from './outline.ts';
import type { Process } from './process.ts';

/** Errors within errors that are looked into. */
const CAUSES = 16;

interface Shown {
  readonly reason: ExitReason;
  readonly as: ExitReason;
}

const kept = new WeakMap<object, Shown>();

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

/** Has reports show `as` instead of a reason. @param holder whose it is. */
export function keepShown(holder: object, reason: ExitReason, as: ExitReason): void {
  const shown = { reason, as };
  kept.set(holder, shown);
  if (isObject(reason)) kept.set(reason, shown);
}

/** What reports show of a reason: itself, while nobody hides anything of it. @param holder as in `keepShown`. */
export function shownReason(reason: ExitReason, holder?: object): ExitReason {
  const held = holder === undefined ? undefined : kept.get(holder);
  if (held !== undefined && Object.is(held.reason, reason)) return held.as;
  return isObject(reason) ? shownObject(reason, 0) : reason;
}

function shownObject(reason: object, depth: number): ExitReason {
  const known = kept.get(reason);
  if (known !== undefined) return known.as;
  // no proxy is one
  return depth < CAUSES && types.isNativeError(reason) ? shownError(reason, depth) : reason;
}

/** An error that tells of another end: a failed call or start, or one that has such a thing as its cause. */
function shownError(error: Error, depth: number): ExitReason {
  const hidden = new Map<string, Shown>();
  for (const key of ['reason', 'cause']) {
    const reason = dataOf(error, key);
    const as = isObject(reason) ? shownObject(reason, depth + 1) : reason;
    if (!Object.is(as, reason)) hidden.set(key, { reason, as });
  }
  if (hidden.size === 0) return error;
  const as = copyOf(error, hidden);
  kept.set(error, { reason: error, as });
  return as;
}

/** With what is hidden replaced, in its texts too. */
function copyOf(error: Error, hidden: ReadonlyMap<string, Shown>): ExitReason {
  const texts = [...hidden.values()].map(
    ({ reason, as }) => [describeReason(reason), describeReason(as)] as const,
  );
  const told = (value: unknown): unknown =>
    typeof value === 'string'
      ? texts.reduce((text, [from, to]) => text.replaceAll(from, () => to), value)
      : value;
  try {
    const copy = new Error();
    Object.setPrototypeOf(copy, Object.getPrototypeOf(error) as object | null);
    for (const key of Object.getOwnPropertyNames(error)) {
      const value = key === 'stack' ? error.stack : dataOf(error, key);
      const part = hidden.get(key);
      const enumerable = Object.prototype.propertyIsEnumerable.call(error, key);
      define(copy, key, part === undefined ? told(value) : part.as, enumerable);
    }
    return copy;
  } catch {
    return outlineReason(error);
  }
}

/** As `shownReason`, of a process that ends or has ended: its behavior is asked, once. Words of our own are no secrets. */
export function formatReason(process: Process, reason: ExitReason): ExitReason {
  const { behavior } = process;
  if (behavior.formatReason === undefined || isWord(reason)) return shownReason(reason);
  const held = kept.get(process);
  if (held !== undefined && Object.is(held.reason, reason)) return held.as;
  const as = behavior.formatReason(shownReason(reason), process);
  keepShown(process, reason, as);
  return as;
}
