/**
 * Writes a normalized value as CBOR: definite lengths, shortest integers and lengths, no tags.
 *
 * It writes exactly what `prescan` accepts, in the canonical mode too. cbor-x is not used for this: it writes
 * -0 as 0, integers above 2^32 as floats, every map head in three bytes and lone surrogates as they are.
 *
 * Messages are written one after the other into slabs; the result is a view of its slab, which the caller may
 * keep and send but must never transfer. Not reentrant, but synchronous and free of foreign code: it takes
 * values from `normalize` only. Source: RFC 8949 §3, §4.2.1 (without key order).
 */
import { Buffer } from 'node:buffer';
import { isUint8Array } from 'node:util/types';
import { byteLengthOf, type Value, type ValueMap } from './value.ts';

/** Bytes of one slab: some hundred small messages; what a kept one can pin. */
const SLAB = 16_384;
/** A text up to this many characters is written here as long as it is ASCII: a native call costs more. */
const SHORT_TEXT = 32;

let slab = Buffer.allocUnsafeSlow(SLAB);
let start = 0;
let at = 0;

const floatBytes = new Uint8Array(8);
const floatView = new DataView(floatBytes.buffer);

/** The encoding of `value`, after `reserved` zero bytes for a header. */
export function writeCbor(value: Value, reserved: number): Uint8Array {
  // Whatever an interrupted write (out of memory) left behind is abandoned here.
  at = start;
  ensure(reserved);
  for (let i = 0; i < reserved; i++) slab[at++] = 0;
  writeItem(value);
  const bytes = new Uint8Array(slab.buffer, slab.byteOffset + start, at - start);
  start = at;
  // A slab that grew for a large message goes with it; small ones would only pin it.
  if (slab.length > SLAB || slab.length - start < SHORT_TEXT) nextSlab();
  return bytes;
}

function nextSlab(): void {
  slab = Buffer.allocUnsafeSlow(SLAB);
  start = 0;
  at = 0;
}

/** Room for `length` more bytes; moves the message begun to a larger slab when there is none. */
function ensure(length: number): void {
  if (at + length <= slab.length) return;
  const written = at - start;
  // Half as much again for many small items, little more than it takes for one large one.
  const spare = Math.max(written >> 1, SLAB >> 2);
  const larger = Buffer.allocUnsafeSlow(Math.max(SLAB, written + length + spare));
  slab.copy(larger, 0, start, at);
  slab = larger;
  start = 0;
  at = written;
}

function writeItem(value: Value): void {
  switch (typeof value) {
    case 'string':
      return writeText(value);
    case 'number':
      return writeNumber(value);
    case 'boolean':
      return writeByte(value ? 0xf5 : 0xf4);
    case 'bigint':
      return writeBigint(value);
    default:
      if (value === null) return writeByte(0xf6);
      if (isUint8Array(value)) return writeBytes(value);
      return Array.isArray(value) ? writeArray(value as readonly Value[]) : writeMap(value as ValueMap);
  }
}

function writeByte(byte: number): void {
  ensure(1);
  slab[at++] = byte;
}

/** `argument` is an integer below 2^53. */
function writeHead(major: number, argument: number): void {
  ensure(9);
  const high = major << 5;
  if (argument < 24) {
    slab[at++] = high | argument;
  } else if (argument < 0x100) {
    slab[at++] = high | 24;
    slab[at++] = argument;
  } else if (argument < 0x1_0000) {
    slab[at++] = high | 25;
    slab[at++] = argument >>> 8;
    slab[at++] = argument;
  } else if (argument < 0x1_0000_0000) {
    slab[at++] = high | 26;
    at = slab.writeUInt32BE(argument, at);
  } else {
    slab[at++] = high | 27;
    at = slab.writeUInt32BE(Math.floor(argument / 0x1_0000_0000), at);
    at = slab.writeUInt32BE(argument % 0x1_0000_0000, at);
  }
}

function writeNumber(value: number): void {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
    if (value >= 0) writeHead(0, value);
    else writeHead(1, -1 - value);
    return;
  }
  ensure(9);
  slab[at++] = 0xfb;
  floatView.setFloat64(0, value);
  for (let i = 0; i < 8; i++) slab[at++] = floatBytes[i]!;
}

/** One that is not safe as a number, so it needs all eight bytes. */
function writeBigint(value: bigint): void {
  ensure(9);
  slab[at++] = value < 0n ? 0x3b : 0x1b;
  at = slab.writeBigUInt64BE(value < 0n ? -1n - value : value, at);
}

function writeText(text: string): void {
  if (text.length <= SHORT_TEXT && writeAscii(text)) return;
  const length = Buffer.byteLength(text);
  writeHead(3, length);
  ensure(length);
  at += slab.write(text, at, length, 'utf8');
}

/** Writes a short text whose length needs at most two bytes, or nothing when it is not ASCII. */
function writeAscii(text: string): boolean {
  // First, because it may move the message: `from` must be a place in the slab that is written to.
  ensure(9 + text.length);
  const from = at;
  writeHead(3, text.length);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) {
      at = from;
      return false;
    }
    slab[at++] = unit;
  }
  return true;
}

function writeBytes(bytes: Uint8Array): void {
  const length = byteLengthOf(bytes);
  writeHead(2, length);
  ensure(length);
  slab.set(bytes, at);
  at += length;
}

function writeArray(values: readonly Value[]): void {
  writeHead(4, values.length);
  for (let i = 0; i < values.length; i++) writeItem(values[i]!);
}

function writeMap(map: ValueMap): void {
  const keys = Object.keys(map);
  writeHead(5, keys.length);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    writeText(key);
    writeItem(map[key]!);
  }
}
