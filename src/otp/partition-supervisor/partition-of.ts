/**
 * Which partition a key belongs to. Pure and stable: equal keys give equal partitions, in every program and version.
 *
 * An integer is its own hash: `abs(key) mod count`. Anything else is hashed by value: text, numbers, booleans, bytes,
 * processes and references, and arrays and plain objects of those (the order of an object's fields does not matter).
 * Source: Elixir `PartitionSupervisor`; OTP T2. The hash is FNV-1a over 32 bits with MurmurHash3's final mixing,
 * as FNV alone spreads short keys badly over a power of two.
 */
import { refuse, wrongBound } from '../arguments.ts';

/** Deepest nesting of a key: more is a mistake, perhaps a cycle. */
const MAX_DEPTH = 8;

/**
 * The partition of a key, 0 to `count - 1`, the same in every run: integers by their amount, all else by a hash of what
 * it holds (OTP T2). Throws a `TypeError` for a key without a stable value: a function, a symbol, an instance; a
 * `RangeError` for a count below 1 or no integer.
 */
export function partitionOf(key: unknown, count: number): number {
  refuse(wrongBound('partitionOf: count', 1, count));
  if (typeof key === 'bigint') return Number((key < 0n ? -key : key) % BigInt(count));
  if (Number.isInteger(key)) return Math.abs(key as number) % count;
  return stableHash(canonical(key, 0)) % count;
}

/** 32 bits, unsigned. */
export function stableHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** One text per value; texts of unlike types differ by their first letter. */
function canonical(key: unknown, depth: number): string {
  if (depth > MAX_DEPTH) throw new TypeError(`partition key: nested deeper than ${MAX_DEPTH}`);
  switch (typeof key) {
    case 'string':
      return `s${key.length}:${key}`;
    case 'number':
      return `n${Object.is(key, -0) ? 0 : key};`;
    case 'bigint':
      return `n${key};`;
    case 'boolean':
      return key ? 't' : 'f';
    case 'undefined':
      return 'u';
    case 'object':
      return key === null ? 'z' : canonicalObject(key, depth);
    default:
      throw new TypeError(`partition key: a ${typeof key} has no stable value`);
  }
}

function canonicalObject(key: object, depth: number): string {
  if (Array.isArray(key)) {
    const items = key as readonly unknown[];
    return `a${items.length}:${items.map((item) => canonical(item, depth + 1)).join('')}`;
  }
  if (key instanceof Uint8Array) return `b${key.length}:${[...key].join()}`;
  if (isPlace(key)) return `p${key.serial},${key.creation},${key.node.length}:${key.node}`;
  const prototype: unknown = Object.getPrototypeOf(key);
  if (prototype !== Object.prototype && prototype !== null)
    throw new TypeError('partition key: an instance of a class has no stable value');
  const fields = Object.entries(key).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const texts = fields.map(([name, value]) => `${name.length}:${name}${canonical(value, depth + 1)}`);
  return `o${fields.length}:${texts.join('')}`;
}

/** A pid or a reference. */
const isPlace = (
  key: object,
): key is { readonly node: string; readonly creation: number; readonly serial: number } =>
  'node' in key &&
  typeof key.node === 'string' &&
  'creation' in key &&
  typeof key.creation === 'number' &&
  'serial' in key &&
  typeof key.serial === 'number';
