/**
 * What is `undefined` does not exist for a schema, but on the wire it is null: an optional field that was written as
 * `undefined` would arrive as a null that the other end refuses. So fields of plain objects that are `undefined` are
 * left out before they travel. Pure.
 *
 * A value that is too deep, too large or throws when it is looked at is given back as it is: the codec, which copies
 * whatever leaves, says what is wrong with it.
 */
import { DEFAULT_LIMITS } from '../../codec/limits.ts';

interface Visit {
  left: number;
}

/** The value itself when nothing has to be left out. */
export function withoutAbsent(value: unknown): unknown {
  try {
    return strip(value, DEFAULT_LIMITS.depth, { left: DEFAULT_LIMITS.items });
  } catch {
    return value;
  }
}

function strip(value: unknown, depth: number, visit: Visit): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0 || visit.left-- <= 0) throw new RangeError('too deep or too large');
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    const stripped = items.map((item) => strip(item, depth - 1, visit));
    return stripped.some((item, index) => item !== items[index]) ? stripped : value;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  let changed = false;
  const kept: [string, unknown][] = [];
  for (const [key, item] of Object.entries(value)) {
    const stripped = strip(item, depth - 1, visit);
    changed ||= stripped !== item || item === undefined;
    if (item !== undefined) kept.push([key, stripped]);
  }
  return changed ? Object.fromEntries(kept) : value;
}
