/**
 * Turns whatever a user hands over into a plain copy of it, or says why that cannot be done.
 *
 * Reading a value may run user code (getters, Proxy traps); each property is read exactly once and a throw is
 * an answer, never an exception. The walk is iterative and stops at the limits before it copies what breaks
 * them. Copy and limits are the same for a local call and a remote one, so both handlers see the same shape:
 * `normalize(x)` equals `decode(encode(x))`.
 *
 * Accepted: null, undefined (becomes null), booleans, numbers (-0 becomes 0), bigints of 64 bits (safe ones become
 * numbers), well-formed strings that do not begin with U+FEFF, `Uint8Array` and `Buffer` (become plain
 * `Uint8Array`), arrays without holes, plain objects (prototype null or `Object.prototype` of any realm) by their
 * own enumerable string keys. Symbol keys are not seen.
 *
 * Pure but for the user code it may run. Throws nothing. Source: SECURITY §8.
 */
import { isWellFormedText } from './utf8.ts';
import { Buffer } from 'node:buffer';
import { isUint8Array } from 'node:util/types';
import { DEFAULT_LIMITS, type CborLimits } from './limits.ts';
import { pathTo } from './value-path.ts';
import { byteLengthOf, plainView, setOwn, type Value } from './value.ts';

export type UnencodableReason =
  /** The value contains itself. */
  | 'cycle'
  /** One of the four limits. */
  | 'depth'
  | 'items'
  | 'keys'
  | 'size'
  | 'function'
  | 'symbol'
  /** An object of a class: Map, Date, Error, a typed array other than Uint8Array, … */
  | 'instance'
  | 'sparse'
  /** A bigint outside -2^63 … 2^64 - 1. */
  | 'bigint'
  /** A string or key with a lone surrogate, or one that begins with U+FEFF (a byte order mark). */
  | 'utf8'
  /** An own key `__proto__`. */
  | 'proto-key'
  /** A getter or a Proxy trap threw; `cause` is what it threw. */
  | 'threw';

export interface Unencodable {
  readonly tag: 'unencodable';
  readonly reason: UnencodableReason;
  /** Where, as `$.users[3].name`; at most 256 characters. */
  readonly path: string;
  readonly cause?: unknown;
}

export type NormalizeResult =
  /** `blobs`: bytes of all byte strings in it. */
  | { readonly ok: true; readonly value: Value; readonly blobs: number }
  | { readonly ok: false; readonly error: Unencodable };

/** `frozen`: a copy to hand out. `borrowed`: byte strings are views, for a copy that is written at once. */
export type CopyMode = 'frozen' | 'borrowed';

/** One container on the way from the root to where the walk stands. */
export interface Level {
  readonly source: object;
  readonly target: Value[] | Record<string, Value>;
  /** Undefined for an array. */
  readonly keys: readonly string[] | undefined;
  readonly length: number;
  next: number;
  readonly depth: number;
  readonly parent: Level | undefined;
}

/** Some decoders, cbor-x's among them, drop it from the beginning of a text. */
const BYTE_ORDER_MARK = 0xfeff;
const MIN_BIGINT = -(2n ** 63n);
const MAX_BIGINT = 2n ** 64n - 1n;

export function normalize(
  value: unknown,
  limits: CborLimits = DEFAULT_LIMITS,
  mode: CopyMode = 'frozen',
): NormalizeResult {
  const walk = new Walk(limits, mode);
  try {
    const reason = walk.run(value);
    if (reason === undefined) return { ok: true, value: walk.root, blobs: walk.blobs };
    return { ok: false, error: { tag: 'unencodable', reason, path: pathTo(walk.level) } };
  } catch (cause) {
    return { ok: false, error: { tag: 'unencodable', reason: 'threw', path: pathTo(walk.level), cause } };
  }
}

class Walk {
  root: Value = null;
  level: Level | undefined = undefined;
  blobs = 0;
  readonly #limits: CborLimits;
  readonly #mode: CopyMode;
  #items = 0;
  #bytes = 0;
  #out: Value = null;

  constructor(limits: CborLimits, mode: CopyMode) {
    this.#limits = limits;
    this.#mode = mode;
  }

  run(root: unknown): UnencodableReason | undefined {
    const refused = this.#copy(root);
    if (refused !== undefined) return refused;
    this.root = this.#out;
    for (;;) {
      const level = this.level;
      if (level === undefined) return undefined;
      if (level.next === level.length) {
        if (this.#mode === 'frozen') Object.freeze(level.target);
        this.level = level.parent;
        continue;
      }
      const reason = level.keys === undefined ? this.#element(level) : this.#property(level, level.keys);
      if (reason !== undefined) return reason;
    }
  }

  #element(level: Level): UnencodableReason | undefined {
    const source = level.source as readonly unknown[];
    const index = level.next++;
    const value = source[index];
    if (value === undefined && !(index in source)) return 'sparse';
    const reason = this.#copy(value);
    if (reason === undefined) (level.target as Value[]).push(this.#out);
    return reason;
  }

  #property(level: Level, keys: readonly string[]): UnencodableReason | undefined {
    const key = keys[level.next++]!;
    if (key === '__proto__') return 'proto-key';
    this.#items++;
    const reason = this.#text(key) ?? this.#copy((level.source as Record<string, unknown>)[key]);
    if (reason === undefined) setOwn(level.target as Record<string, Value>, key, this.#out);
    return reason;
  }

  /** Leaves the copy in `#out`; a container is still empty then and has become the current level. */
  #copy(value: unknown): UnencodableReason | undefined {
    if (++this.#items > this.#limits.items) return 'items';
    switch (typeof value) {
      case 'string':
        this.#out = value;
        return this.#text(value);
      case 'number':
        // -0 becomes 0, as on the wire.
        this.#out = value + 0;
        return undefined;
      case 'boolean':
        this.#out = value;
        return undefined;
      case 'undefined':
        this.#out = null;
        return undefined;
      case 'bigint':
        if (value < MIN_BIGINT || value > MAX_BIGINT) return 'bigint';
        this.#out = Number.isSafeInteger(Number(value)) ? Number(value) : value;
        return undefined;
      case 'object':
        if (value !== null) return isUint8Array(value) ? this.#copyBytes(value) : this.#open(value);
        this.#out = null;
        return undefined;
      default:
        return typeof value === 'function' ? 'function' : 'symbol';
    }
  }

  #text(text: string): UnencodableReason | undefined {
    // A UTF-16 unit takes at least one byte; the exact figure is asked for only when it may matter.
    const room = this.#limits.bytes - this.#bytes;
    if (text.length > room) return 'size';
    if (!isWellFormedText(text) || text.charCodeAt(0) === BYTE_ORDER_MARK) return 'utf8';
    this.#bytes += text.length * 3 <= room ? text.length : Buffer.byteLength(text);
    return this.#bytes > this.#limits.bytes ? 'size' : undefined;
  }

  #copyBytes(value: Uint8Array): UnencodableReason | undefined {
    const length = byteLengthOf(value);
    this.#bytes += length;
    this.blobs += length;
    if (this.#bytes > this.#limits.bytes) return 'size';
    this.#out = this.#mode === 'borrowed' ? plainView(value) : new Uint8Array(value);
    return undefined;
  }

  #open(source: object): UnencodableReason | undefined {
    for (let above = this.level; above !== undefined; above = above.parent) {
      if (above.source === source) return 'cycle';
    }
    const depth = this.level === undefined ? 1 : this.level.depth + 1;
    if (depth > this.#limits.depth) return 'depth';
    let keys: readonly string[] | undefined;
    let length: number;
    if (Array.isArray(source)) {
      length = source.length;
      if (length > this.#limits.items) return 'items';
    } else {
      if (!isPlain(source)) return 'instance';
      keys = Object.keys(source);
      length = keys.length;
      if (length > this.#limits.pairs) return 'keys';
    }
    const target: Value[] | Record<string, Value> = keys === undefined ? [] : {};
    this.level = { source, target, keys, length, next: 0, depth, parent: this.level };
    this.#out = target;
    return undefined;
  }
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === Object.prototype || prototype === null) return true;
  // Another realm's Object.prototype (vm contexts): a root that has what only that object has.
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf');
}
