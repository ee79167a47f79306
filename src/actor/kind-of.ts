/**
 * What a value is, never what is in it: for trees and reports that strangers may see. Runs none of its code but a proxy's traps.
 */
export interface ValueKind {
  /** `Array`, `Map`, `Set`, `bytes`, `object`, `null`, or as `typeof` says; `unreadable`: it throws when it is looked at. */
  readonly type: string;
  /** Elements, entries, bytes or characters of what knows how many: to count the keys of an object means to list them all. */
  readonly size?: number;
}

export function kindOf(value: unknown): ValueKind {
  try {
    if (Array.isArray(value)) return { type: 'Array', size: value.length };
    if (value instanceof Map) return { type: 'Map', size: value.size };
    if (value instanceof Set) return { type: 'Set', size: value.size };
    if (ArrayBuffer.isView(value)) return { type: 'bytes', size: value.byteLength };
    if (typeof value === 'string') return { type: 'string', size: value.length };
    return { type: value === null ? 'null' : typeof value };
  } catch {
    return { type: 'unreadable' };
  }
}
