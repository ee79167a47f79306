/**
 * Binaries in the text of terms: `<<"text">>`, `<<"täxt"/utf8>>`, `<<1,2,3>>`, `<<1000:16/little>>`, `<<1.5:32/float>>`, `<<5:3>>`.
 *
 * Pure. Segments that stand for other binaries, units and UTF-16 are left to Erlang. Source: Erlang/OTP "Bit Syntax Expressions".
 */
import { Bitstring, Float } from './terms.ts';
import type { Source } from './text-source.ts';

/** Bytes of one binary, inclusive. */
const BYTES = 16_777_216;
/** Bits of one number, inclusive: as long as an integer may be. */
const WIDEST = 524_288;
const BYTE = 8;
const DOUBLE = 64;

type Value = number | bigint | Float | readonly number[];

const WORD = /[a-z0-9]+/y;
const TYPES: ReadonlySet<string> = new Set([
  'integer',
  'float',
  'utf8',
  'big',
  'little',
  'signed',
  'unsigned',
]);

/** The `<<` has been taken. @param value reads a number or a string. */
export function readBinary(source: Source, value: () => Value): Uint8Array | Bitstring {
  const bits = new Bits(source);
  if (!source.take('>>')) {
    do segment(source, value(), bits);
    while (source.take(','));
    source.expect('>>');
  }
  return bits.made;
}

function segment(source: Source, value: Value, bits: Bits): void {
  const from = source.at;
  const size = source.take(':') ? sizeOf(source) : undefined;
  const types = source.take('/') ? typesOf(source) : new Set<string>();
  const little = types.has('little');
  const codes = Array.isArray(value) ? (value as readonly number[]) : undefined;
  if (types.has('utf8')) {
    if (size !== undefined) throw source.wrong('utf8 has no size', from);
    const text = codes ?? [value as number];
    if (!text.every(isScalar)) throw source.wrong('that is no character', from);
    for (const byte of Buffer.from(text.map((code) => String.fromCodePoint(code)).join('')))
      bits.add(BigInt(byte), BYTE, little);
    return;
  }
  if (codes === undefined) {
    const { whole, width } = fieldOf(source, value as Exclude<Value, readonly number[]>, size, types, from);
    bits.add(whole, width, little);
    return;
  }
  if (size !== undefined || types.has('float'))
    throw source.wrong('a string has neither size nor type', from);
  for (const code of codes) {
    if (code > 0xff) throw source.wrong('characters beyond one byte: write "…"/utf8', from);
    bits.add(BigInt(code), BYTE, little);
  }
}

interface Field {
  readonly whole: bigint;
  /** Bits. */
  readonly width: number;
}

function fieldOf(
  source: Source,
  value: number | bigint | Float,
  size: number | undefined,
  types: ReadonlySet<string>,
  from: number,
): Field {
  if (!types.has('float')) {
    if (value instanceof Float || (typeof value === 'number' && !isInteger(value)))
      throw source.wrong('a float needs its type: 1.5/float', from);
    return { whole: BigInt(value), width: size ?? BYTE };
  }
  const width = size ?? DOUBLE;
  if (width !== DOUBLE && width !== DOUBLE / 2) throw source.wrong('a float has 32 or 64 bits', from);
  const view = new DataView(new ArrayBuffer(BYTE));
  if (width === DOUBLE) view.setFloat64(0, Number(value));
  else view.setFloat32(0, Number(value));
  return { whole: width === DOUBLE ? view.getBigUint64(0) : BigInt(view.getUint32(0)), width };
}

function sizeOf(source: Source): number {
  source.peek();
  const from = source.at;
  const size = source.number({ depth: 0, elements: 0, integer: BYTE, inflated: 0 }, false);
  if (typeof size !== 'number' || !isInteger(size) || size > WIDEST)
    throw source.wrong('a size is a number of bits', from);
  return size;
}

function typesOf(source: Source): ReadonlySet<string> {
  const types = new Set<string>();
  do {
    source.peek();
    const from = source.at;
    const word = source.match(WORD)?.[0] ?? '';
    if (!TYPES.has(word)) throw source.wrong(`a type is one of ${[...TYPES].join(', ')}`, from);
    types.add(word);
  } while (source.take('-'));
  return types;
}

/** Grows by bits. */
class Bits {
  readonly #source: Source;
  readonly #bytes: number[] = [];
  /** Used bits of the last byte; 0: all. */
  #used = 0;

  constructor(source: Source) {
    this.#source = source;
  }

  add(value: bigint, width: number, little: boolean): void {
    if (this.#bytes.length + width / BYTE > BYTES) throw this.#source.wrong('too long a binary');
    const digits = BigInt.asUintN(width, value);
    if (little) this.#little(digits, width);
    else this.#big(digits, width);
  }

  get made(): Uint8Array | Bitstring {
    const bytes = Uint8Array.from(this.#bytes);
    return this.#used === 0 ? bytes : new Bitstring(bytes, this.#used);
  }

  /** Whole bytes first, from the lowest on; what is left over last. */
  #little(digits: bigint, width: number): void {
    let rest = digits;
    let left = width;
    for (; left >= BYTE; left -= BYTE) {
      this.#put(Number(rest & 0xffn), BYTE);
      rest >>= 8n;
    }
    this.#put(Number(rest), left);
  }

  #big(digits: bigint, width: number): void {
    const odd = width % BYTE;
    const whole = digits >> BigInt(odd);
    const bytes = width < BYTE ? '' : whole.toString(16).padStart((2 * (width - odd)) / BYTE, '0');
    for (const byte of Buffer.from(bytes, 'hex')) this.#put(byte, BYTE);
    this.#put(Number(digits & ((1n << BigInt(odd)) - 1n)), odd);
  }

  /** At most a byte, with the highest bit first. */
  #put(value: number, width: number): void {
    if (width === 0) return;
    if (this.#used === 0) {
      this.#bytes.push((value << (BYTE - width)) & 0xff);
      this.#used = width % BYTE;
      return;
    }
    const last = this.#bytes.length - 1;
    const room = BYTE - this.#used;
    const shifted = room >= width ? value << (room - width) : value >> (width - room);
    this.#bytes[last] = (this.#bytes[last] ?? 0) | shifted;
    if (width > room) this.#bytes.push((value << (BYTE - (width - room))) & 0xff);
    this.#used = (this.#used + width) % BYTE;
  }
}

const isInteger = (value: number): boolean => Number.isSafeInteger(value) && !Object.is(value, -0);

const isScalar = (code: number): boolean =>
  isInteger(code) && code >= 0 && code <= 0x10_ffff && (code < 0xd800 || code > 0xdfff);
