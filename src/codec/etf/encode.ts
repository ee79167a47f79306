/**
 * Bytes from terms: every value that has one meaning to Erlang, and a reason for every other.
 *
 * Obeys the limits of the reader, so whatever is written here is read there. Pure but for getters and Proxy traps of
 * the value, whose throws are reported as `unencodable`. Source: Erlang/OTP "External Term Format"; SECURITY §8, §9.
 *
 * Longer than other files: a method for each kind of term, all of one class, since terms hold terms of every other kind.
 */
import { isWellFormedText } from '../utf8.ts';
import { Atom, isAtomName } from './atom.ts';
import { bytesOf } from './big-integer.ts';
import { BARE, PidTerm, PortTerm, ReferenceTerm, type Identities } from './identities.ts';
import { ETF_LIMITS, type EtfLimits } from './limits.ts';
import { areDifferent, nameOf } from './map-keys.ts';
import {
  ATOM_UTF8,
  BINARY,
  BIT_BINARY,
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
  NIL,
  OBJECT,
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
import { Writer } from './writer.ts';

export interface EncodeOptions {
  readonly limits?: EtfLimits;
  readonly identities?: Identities;
  /** The reader takes `TEXT` and `OBJECT`; else they are binaries, and maps with binaries as keys. Default false. */
  readonly javascript?: boolean;
}

export interface TermUnencodable {
  readonly tag: 'unencodable';
  /**
   * `type`: Erlang has nothing like it; `text`: a lone surrogate; `atom`: no name of an atom; `number`: NaN or infinite; `keys`:
   * two keys of a map are the same term, which Erlang would disconnect for; `thrown`: a getter threw, or changed what is
   * written.
   */
  readonly reason:
    'type' | 'text' | 'atom' | 'number' | 'depth' | 'elements' | 'integer' | 'size' | 'keys' | 'thrown';
  /** Where, such as `$.list[3]`. */
  readonly path: string;
  readonly cause?: unknown;
}

export type TermWritten = { readonly ok: true } | { readonly ok: false; readonly error: TermUnencodable };
export type TermEncoded =
  { readonly ok: true; readonly bytes: Uint8Array } | { readonly ok: false; readonly error: TermUnencodable };

/** Writes a term with its version byte behind what is written already; nothing when it cannot be. */
export function writeTerm(writer: Writer, value: unknown, options: EncodeOptions = {}): TermWritten {
  const { at } = writer;
  try {
    writer.u8(VERSION);
    new Encoding(writer, options).term(value, 0);
    return { ok: true };
  } catch (error) {
    writer.at = at;
    const { reason, path, cause } = error instanceof Refused ? error : new Refused('thrown', error);
    return {
      ok: false,
      error: { tag: 'unencodable', reason, path: `$${path}`, ...(cause !== undefined && { cause }) },
    };
  }
}

export function encodeTerm(value: unknown, options: EncodeOptions = {}): TermEncoded {
  const writer = new Writer();
  const written = writeTerm(writer, value, options);
  return written.ok ? { ok: true, bytes: writer.written } : written;
}

class Refused extends Error {
  readonly reason: TermUnencodable['reason'];
  path = '';
  constructor(reason: TermUnencodable['reason'], cause?: unknown) {
    super(reason, { cause });
    this.reason = reason;
  }
}

/** A term inside of this one was refused. */
function inside(error: unknown, where: string): Refused {
  const refused = error instanceof Refused ? error : new Refused('thrown', error);
  refused.path = `${where}${refused.path}`;
  return refused;
}

/** A 32-bit length. */
const LONGEST = 0xffff_ffff;

class Encoding {
  readonly #writer: Writer;
  readonly #depth: number;
  readonly #integer: number;
  readonly #identities: Identities;
  readonly #javascript: boolean;
  #left: number;

  constructor(writer: Writer, { limits = ETF_LIMITS, identities = BARE, javascript = false }: EncodeOptions) {
    this.#writer = writer;
    this.#depth = limits.depth;
    this.#integer = limits.integer;
    this.#left = limits.elements;
    this.#identities = identities;
    this.#javascript = javascript;
  }

  term(value: unknown, depth: number): void {
    if (depth > this.#depth) throw new Refused('depth');
    if (--this.#left < 0) throw new Refused('elements');
    switch (typeof value) {
      case 'number':
        this.#number(value);
        return;
      case 'string':
        this.#string(this.#javascript ? TEXT : BINARY, value);
        return;
      case 'boolean':
        this.#atom(value ? 'true' : 'false');
        return;
      case 'undefined':
        this.#atom('undefined');
        return;
      case 'bigint':
        this.#bigint(value);
        return;
      case 'object':
        if (value === null) this.#atom('null');
        else this.#object(value, depth);
        return;
      default:
        throw new Refused('type');
    }
  }

  #object(value: object, depth: number): void {
    const writer = this.#writer;
    if (value instanceof Atom) this.#atom(value.name);
    else if (value instanceof Tuple) this.#tuple(value.elements as readonly unknown[], depth);
    else if (Array.isArray(value)) this.#list(value as readonly unknown[], depth);
    else if (value instanceof Uint8Array) {
      writer.u8(BINARY);
      this.#length(value.length);
      writer.raw(value);
    } else if (value instanceof Map) this.#map(value as ReadonlyMap<unknown, unknown>, depth);
    else if (value instanceof PidTerm) this.#pid(value);
    else if (value instanceof ReferenceTerm) this.#reference(value);
    else if (value instanceof Float) {
      if (!Number.isFinite(value.value)) throw new Refused('number');
      writer.u8(NEW_FLOAT);
      writer.f64(value.value);
    } else if (value instanceof ImproperList) this.#improper(value, depth);
    else if (value instanceof Bitstring) {
      writer.u8(BIT_BINARY);
      this.#length(value.bytes.length);
      writer.u8(value.bits);
      writer.raw(value.bytes);
    } else if (value instanceof PortTerm) {
      writer.u8(V4_PORT);
      this.#atom(value.node);
      writer.u32(Number(value.id >> 32n));
      writer.u32(Number(value.id & 0xffff_ffffn));
      writer.u32(value.creation);
    } else if (value instanceof OpaqueFun) {
      if (!isFun(value.bytes)) throw new Refused('type');
      writer.u8(NEW_FUN);
      writer.raw(value.bytes);
    } else if (value instanceof ExternalFun) {
      if (value.arity !== (value.arity & 0xff)) throw new Refused('number');
      writer.u8(EXPORT);
      this.#atom(value.module);
      this.#atom(value.function);
      writer.pair(SMALL_INTEGER, value.arity);
    } else this.#other(value, depth);
  }

  #other(value: object, depth: number): void {
    const identity = this.#identities.termOf(value);
    if (identity instanceof PidTerm) this.#pid(identity);
    else if (identity !== undefined) this.#reference(identity);
    else {
      const prototype: unknown = Object.getPrototypeOf(value);
      if (prototype !== Object.prototype && prototype !== null) throw new Refused('type');
      this.#plain(value as Readonly<Record<string, unknown>>, depth);
    }
  }

  #number(value: number): void {
    const writer = this.#writer;
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      if (value >= 0 && value <= 0xff) writer.pair(SMALL_INTEGER, value);
      else if (value === (value | 0)) {
        writer.u8(INTEGER);
        writer.u32(value);
      } else this.#big(value);
    } else if (Number.isFinite(value)) {
      writer.u8(NEW_FLOAT);
      writer.f64(value);
    } else throw new Refused('number');
  }

  /** More than 32 bits, at most 53. */
  #big(value: number): void {
    const writer = this.#writer;
    let rest = Math.abs(value);
    const from = writer.at;
    writer.pair(SMALL_BIG, 0);
    writer.u8(value < 0 ? 1 : 0);
    while (rest > 0) {
      writer.u8(rest % 256);
      rest = Math.floor(rest / 256);
    }
    writer.bytes[from + 1] = writer.at - from - 3;
  }

  #bigint(value: bigint): void {
    const exact = Number(value);
    if (Number.isSafeInteger(exact)) {
      this.#number(exact);
      return;
    }
    const writer = this.#writer;
    const bytes = bytesOf(value);
    if (bytes.length > this.#integer) throw new Refused('integer');
    if (bytes.length <= 0xff) writer.pair(SMALL_BIG, bytes.length);
    else {
      writer.u8(LARGE_BIG);
      writer.u32(bytes.length);
    }
    writer.u8(value < 0n ? 1 : 0);
    writer.raw(bytes);
  }

  #atom(name: string): void {
    const writer = this.#writer;
    const from = writer.at;
    if (name.length <= 63) {
      writer.pair(SMALL_ATOM_UTF8, 0);
      // first: it may move the bytes
      const length = writer.text(name);
      if (length !== name.length && !isAtomName(name)) throw new Refused('atom');
      writer.bytes[from + 1] = length;
      return;
    }
    if (!isAtomName(name)) throw new Refused('atom');
    writer.u8(ATOM_UTF8);
    writer.u16(0);
    const length = writer.text(name);
    writer.bytes[from + 1] = length >>> 8;
    writer.bytes[from + 2] = length & 0xff;
  }

  #string(tag: number, value: string): void {
    const writer = this.#writer;
    if (!isWellFormedText(value)) throw new Refused('text');
    writer.u8(tag);
    this.#text(value);
  }

  /** With its length before it. */
  #text(value: string): void {
    const writer = this.#writer;
    const from = writer.at;
    writer.u32(0);
    writer.set32(from, writer.text(value));
  }

  #length(length: number): void {
    if (length > LONGEST) throw new Refused('size');
    this.#writer.u32(length);
  }

  #tuple(elements: readonly unknown[], depth: number): void {
    const writer = this.#writer;
    const { length } = elements;
    if (length <= 0xff) writer.pair(SMALL_TUPLE, length);
    else {
      writer.u8(LARGE_TUPLE);
      this.#length(length);
    }
    this.#terms(elements, depth);
  }

  #list(elements: readonly unknown[], depth: number): void {
    const writer = this.#writer;
    const { length } = elements;
    if (length > 0 && length <= 0xffff && areBytes(elements)) {
      writer.u8(STRING);
      writer.u16(length);
      for (const byte of elements) writer.u8(byte as number);
      return;
    }
    if (length > 0) {
      writer.u8(LIST);
      this.#length(length);
      this.#terms(elements, depth);
    }
    writer.u8(NIL);
  }

  #improper({ elements, tail }: ImproperList, depth: number): void {
    this.#writer.u8(LIST);
    this.#length(elements.length);
    this.#terms(elements, depth);
    try {
      this.term(tail, depth + 1);
    } catch (error) {
      throw inside(error, '.tail');
    }
  }

  #terms(elements: readonly unknown[], depth: number): void {
    const { length } = elements;
    let index = 0;
    try {
      for (; index < length; index++) this.term(elements[index], depth + 1);
      if (elements.length !== length) throw new Refused('thrown');
    } catch (error) {
      throw inside(error, `[${index}]`);
    }
  }

  #map(map: ReadonlyMap<unknown, unknown>, depth: number): void {
    const writer = this.#writer;
    writer.u8(MAP);
    this.#length(map.size);
    const { size } = map;
    const written = size > 1 && !areDifferent(map) ? new Set<string>() : undefined;
    let where = '';
    let left = size;
    try {
      for (const [key, value] of map) {
        where = '.keys()';
        const from = writer.at;
        this.term(key, depth + 1);
        written?.add(writer.bytes.toString('latin1', from, writer.at));
        where = `.get(${nameOf(key)})`;
        this.term(value, depth + 1);
        left--;
      }
      where = '.keys()';
      if (left !== 0 || map.size !== size) throw new Refused('thrown');
      if (written !== undefined && written.size !== size) throw new Refused('keys');
    } catch (error) {
      throw inside(error, where);
    }
  }

  #plain(value: Readonly<Record<string, unknown>>, depth: number): void {
    const writer = this.#writer;
    const keys = Object.keys(value);
    writer.u8(this.#javascript ? OBJECT : MAP);
    this.#length(keys.length);
    let where = '';
    try {
      for (const key of keys) {
        where = `.${key}`;
        if (--this.#left < 0) throw new Refused('elements');
        if (!isWellFormedText(key)) throw new Refused('text');
        if (!this.#javascript) writer.u8(BINARY);
        this.#text(key);
        this.term(value[key], depth + 1);
      }
    } catch (error) {
      throw inside(error, where);
    }
  }

  #pid({ node, id, serial, creation }: PidTerm): void {
    const writer = this.#writer;
    writer.u8(NEW_PID);
    this.#atom(node);
    writer.u32(id);
    writer.u32(serial);
    writer.u32(creation);
  }

  #reference({ node, creation, words }: ReferenceTerm): void {
    const writer = this.#writer;
    if (words.length === 0 || words.length > 5) throw new Refused('size');
    writer.u8(NEWER_REFERENCE);
    writer.u16(words.length);
    this.#atom(node);
    writer.u32(creation);
    for (const word of words) writer.u32(word);
  }
}

/** The size field counts itself and all behind it. */
function isFun(bytes: Uint8Array): boolean {
  const { length } = bytes;
  return length >= 33 && new DataView(bytes.buffer, bytes.byteOffset, length).getUint32(0) === length;
}

function areBytes(elements: readonly unknown[]): boolean {
  for (let index = 0; index < elements.length; index++) {
    const value = elements[index];
    if (typeof value !== 'number' || value !== (value & 0xff) || Object.is(value, -0)) return false;
  }
  return true;
}
