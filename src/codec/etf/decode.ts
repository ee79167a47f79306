/**
 * Terms from bytes: bounded in depth, number, and size, whatever the bytes say.
 *
 * Every count is held against the bytes that are left before anything is made of it, so what is allocated is a small
 * multiple of what was received. Recursion is as deep as the limit, 64 levels, no deeper. Nothing in the result refers to
 * the bytes, which may be lent. Throws nothing. Source: Erlang/OTP "External Term Format"; SECURITY §9.
 */
import { isWellFormedUtf8 } from '../utf8.ts';
import { Atom, ATOM_CHARACTERS } from './atom.ts';
import { atomOf, type AtomValue } from './atom-cache.ts';
import { binaryOf } from './binaries.ts';
import { Broken } from './broken.ts';
import { integerOf } from './big-integer.ts';
import { BARE, PidTerm, PortTerm, ReferenceTerm, type Identities } from './identities.ts';
import { inflate } from './compressed.ts';
import { ETF_LIMITS, type EtfLimits, type EtfRule } from './limits.ts';
import {
  ATOM_LATIN1,
  ATOM_UTF8,
  BINARY,
  BIT_BINARY,
  COMPRESSED,
  EXPORT,
  INTEGER,
  LARGE_BIG,
  LARGE_TUPLE,
  LIST,
  MAP,
  NEWER_REFERENCE,
  NEW_FLOAT,
  NEW_FUN,
  NEW_PID,
  NEW_PORT,
  NIL,
  OBJECT,
  SMALL_ATOM_LATIN1,
  SMALL_ATOM_UTF8,
  SMALL_BIG,
  SMALL_INTEGER,
  SMALL_TUPLE,
  STRING,
  TEXT,
  V4_PORT,
  VERSION,
} from './tags.ts';
import { Bitstring, ExternalFun, Float, ImproperList, OpaqueFun, Tuple } from './terms.ts';

export interface DecodeOptions {
  readonly limits?: EtfLimits;
  readonly identities?: Identities;
  /** Take `TEXT` and `OBJECT`. Default false. */
  readonly javascript?: boolean;
  /** Take compressed terms, which are refused inside distribution frames. Default false. */
  readonly compressed?: boolean;
}

export type TermDecoded =
  /** `next`: where the bytes behind it begin. */
  | { readonly ok: true; readonly value: unknown; readonly next: number }
  | { readonly ok: false; readonly rule: EtfRule };

/** Reads one term with its version byte, from `at` on. */
export function readTerm(bytes: Uint8Array, at = 0, options: DecodeOptions = {}): TermDecoded {
  if (bytes[at] !== VERSION) return { ok: false, rule: at < bytes.length ? 'version' : 'truncated' };
  try {
    const inflated = bytes[at + 1] === COMPRESSED && options.compressed === true;
    const reader = new Reader(inflated ? inflate(bytes, at + 2, options.limits) : bytes, options);
    reader.at = inflated ? 0 : at + 1;
    const value = reader.term(0);
    if (inflated && reader.at !== reader.bytes.length) return { ok: false, rule: 'trailing' };
    return { ok: true, value, next: inflated ? bytes.length : reader.at };
  } catch (error) {
    if (error instanceof Broken) return { ok: false, rule: error.rule };
    // out of memory, in the shape of an invalid length
    if (error instanceof RangeError) return { ok: false, rule: 'elements' };
    throw error;
  }
}

/** Reads the one term that the bytes are. */
export function decodeTerm(bytes: Uint8Array, options: DecodeOptions = {}): TermDecoded {
  const decoded = readTerm(bytes, 0, options);
  return decoded.ok && decoded.next !== bytes.length ? { ok: false, rule: 'trailing' } : decoded;
}

const FLOAT = new DataView(new ArrayBuffer(8));

class Reader {
  readonly bytes: Uint8Array;
  at = 0;
  /** The same as a buffer; made when it is needed first. */
  #buffer: Buffer | undefined;
  readonly #depth: number;
  readonly #integer: number;
  readonly #identities: Identities;
  readonly #javascript: boolean;
  #left: number;

  constructor(
    bytes: Uint8Array,
    { limits = ETF_LIMITS, identities = BARE, javascript = false }: DecodeOptions,
  ) {
    this.bytes = bytes;
    this.#buffer = undefined;
    this.#depth = limits.depth;
    this.#integer = limits.integer;
    this.#left = limits.elements;
    this.#identities = identities;
    this.#javascript = javascript;
  }

  term(depth: number): unknown {
    if (depth > this.#depth) throw new Broken('depth');
    if (--this.#left < 0) throw new Broken('elements');
    const tag = this.#u8();
    switch (tag) {
      case SMALL_INTEGER:
        return this.#u8();
      case INTEGER:
        return this.#u32() | 0;
      case SMALL_ATOM_UTF8:
        return this.#atom(this.#u8(), false);
      case ATOM_UTF8:
        return this.#atom(this.#u16(), false);
      case SMALL_TUPLE:
        return new Tuple(this.#few(this.#u8(), depth));
      case LARGE_TUPLE:
        return new Tuple(this.#terms(this.#u32(), depth));
      case NIL:
        return [];
      case LIST:
        return this.#list(depth);
      case STRING:
        return this.#string(this.#u16());
      case BINARY:
        return this.#take(this.#u32());
      case MAP:
        return this.#map(depth);
      case NEW_PID:
        return this.#identities.pid(new PidTerm(this.#node(), this.#u32(), this.#u32(), this.#u32()));
      case NEWER_REFERENCE:
        return this.#reference();
      case NEW_FLOAT:
        return this.#float();
      case SMALL_BIG:
        return this.#big(this.#u8());
      case LARGE_BIG:
        return this.#big(this.#u32());
      case BIT_BINARY:
        return this.#bitstring();
      case NEW_PORT:
        return new PortTerm(this.#node(), BigInt(this.#u32()), this.#u32());
      case V4_PORT: {
        const node = this.#node();
        const high = BigInt(this.#u32());
        return new PortTerm(node, (high << 32n) | BigInt(this.#u32()), this.#u32());
      }
      case NEW_FUN:
        return this.#fun();
      case EXPORT:
        return this.#export();
      case ATOM_LATIN1:
        return this.#atom(this.#u16(), true);
      case SMALL_ATOM_LATIN1:
        return this.#atom(this.#u8(), true);
      case TEXT:
        if (this.#javascript) return this.#utf8(this.#u32());
        break;
      case OBJECT:
        if (this.#javascript) return this.#object(depth);
        break;
    }
    throw new Broken(tag === COMPRESSED ? 'compressed' : 'tag');
  }

  #u8(): number {
    const value = this.bytes[this.at++];
    if (value === undefined) throw new Broken('truncated');
    return value;
  }

  #u16(): number {
    return (this.#u8() << 8) | this.#u8();
  }

  #u32(): number {
    const { bytes, at } = this;
    if (at + 4 > bytes.length) throw new Broken('truncated');
    this.at = at + 4;
    return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  }

  /** Moves on; from where. */
  #skip(length: number): number {
    const { at } = this;
    if (length > this.bytes.length - at) throw new Broken('truncated');
    this.at = at + length;
    return at;
  }

  #take(length: number): Uint8Array {
    return binaryOf(this.bytes, this.#skip(length), length);
  }

  #text(): Buffer {
    const { buffer, byteOffset, length } = this.bytes;
    return (this.#buffer ??= Buffer.from(buffer, byteOffset, length));
  }

  #utf8(length: number): string {
    const from = this.#skip(length);
    if (!isWellFormedUtf8(this.bytes, from, from + length)) throw new Broken('utf8');
    return this.#text().toString('utf8', from, from + length);
  }

  #atom(length: number, latin1: boolean): AtomValue {
    // four bytes a character at most
    if (length > 4 * ATOM_CHARACTERS) throw new Broken('atom');
    const from = this.#skip(length);
    return atomOf(this.bytes, from, from + length, latin1);
  }

  #node(): string {
    const tag = this.#u8();
    const wide = tag === ATOM_UTF8 || tag === ATOM_LATIN1;
    const latin1 = tag === ATOM_LATIN1 || tag === SMALL_ATOM_LATIN1;
    if (!wide && !latin1 && tag !== SMALL_ATOM_UTF8) throw new Broken('malformed');
    const name = this.#atom(wide ? this.#u16() : this.#u8(), latin1);
    return name instanceof Atom ? name.name : String(name);
  }

  #terms(count: number, depth: number): unknown[] {
    // a term has one byte at least
    if (count > this.bytes.length - this.at) throw new Broken('truncated');
    if (count > this.#left) throw new Broken('elements');
    const terms: unknown[] = [];
    for (let index = 0; index < count; index++) terms.push(this.term(depth + 1));
    return terms;
  }

  /** The same; arrays of two and three, as most tuples are, are made as long as they stay. */
  #few(count: number, depth: number): unknown[] {
    if (count === 2) return [this.term(depth + 1), this.term(depth + 1)];
    if (count === 3) return [this.term(depth + 1), this.term(depth + 1), this.term(depth + 1)];
    return this.#terms(count, depth);
  }

  /** A list of small integers. */
  #string(length: number): number[] {
    const { bytes } = this;
    const from = this.#skip(length);
    const elements: number[] = [];
    for (let at = from; at < from + length; at++) elements.push(bytes[at]!);
    return elements;
  }

  #list(depth: number): readonly unknown[] | ImproperList {
    const elements = this.#terms(this.#u32(), depth);
    if (this.bytes[this.at] === NIL) {
      this.at++;
      return elements;
    }
    const tail = this.term(depth + 1);
    if (Array.isArray(tail)) return [...elements, ...(tail as readonly unknown[])];
    // a list of nothing before a tail is that tail, and nobody sends it
    if (elements.length === 0) throw new Broken('malformed');
    if (tail instanceof ImproperList) return new ImproperList([...elements, ...tail.elements], tail.tail);
    return new ImproperList(elements, tail);
  }

  #map(depth: number): Map<unknown, unknown> {
    const pairs = this.#pairs(2);
    const map = new Map<unknown, unknown>();
    for (let index = 0; index < pairs; index++) {
      const key = this.term(depth + 1);
      // a map would take -0 for 0
      map.set(Object.is(key, -0) ? new Float(-0) : key, this.term(depth + 1));
    }
    if (map.size !== pairs) throw new Broken('malformed');
    return map;
  }

  #object(depth: number): Readonly<Record<string, unknown>> {
    const pairs = this.#pairs(5);
    const object: Record<string, unknown> = {};
    for (let index = 0; index < pairs; index++) {
      if (--this.#left < 0) throw new Broken('elements');
      const key = this.#utf8(this.#u32());
      const value = this.term(depth + 1);
      if (key === '__proto__')
        Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
      else object[key] = value;
    }
    return object;
  }

  /** @param least bytes of one pair. */
  #pairs(least: number): number {
    const pairs = this.#u32();
    if (pairs * least > this.bytes.length - this.at) throw new Broken('truncated');
    if (2 * pairs > this.#left) throw new Broken('elements');
    return pairs;
  }

  #float(): number | Float {
    const from = this.#skip(8);
    for (let index = 0; index < 8; index++) FLOAT.setUint8(index, this.bytes[from + index]!);
    const value = FLOAT.getFloat64(0);
    if (!Number.isFinite(value)) throw new Broken('float');
    return Number.isSafeInteger(value) && !Object.is(value, -0) ? new Float(value) : value;
  }

  #big(length: number): number | bigint {
    if (length > this.#integer) throw new Broken('integer');
    const sign = this.#u8();
    if (sign > 1) throw new Broken('malformed');
    const from = this.#skip(length);
    return integerOf(this.bytes, from, length, sign === 1);
  }

  #bitstring(): Uint8Array | Bitstring {
    const length = this.#u32();
    const bits = this.#u8();
    if (bits > 8 || (bits === 0) !== (length === 0)) throw new Broken('malformed');
    const bytes = this.#take(length);
    if (bits === 0 || bits === 8) return bytes;
    bytes[length - 1]! &= (0xff << (8 - bits)) & 0xff;
    return new Bitstring(bytes, bits);
  }

  #reference(): unknown {
    const count = this.#u16();
    if (count === 0 || count > 5) throw new Broken('malformed');
    const node = this.#node();
    const creation = this.#u32();
    const words: number[] = count === 3 ? [this.#u32(), this.#u32(), this.#u32()] : [];
    while (words.length < count) words.push(this.#u32());
    return this.#identities.reference(new ReferenceTerm(node, creation, words));
  }

  #fun(): OpaqueFun {
    const from = this.at;
    const size = this.#u32();
    // the size field counts itself; what follows has 29 bytes at least
    if (size < 33) throw new Broken('malformed');
    this.at = from;
    return new OpaqueFun(this.#take(size));
  }

  #export(): ExternalFun {
    const module = this.#node();
    const name = this.#node();
    if (this.#u8() !== SMALL_INTEGER) throw new Broken('malformed');
    return new ExternalFun(module, name, this.#u8());
  }
}
