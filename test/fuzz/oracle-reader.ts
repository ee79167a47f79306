/**
 * A second reader of CBOR, written from RFC 8949 without cbor-x: what `decodeCbor` must agree with, value for value.
 *
 * Like cbor-x it must see only what `prescan` accepted: it trusts lengths, nesting, text and keys. Not reentrant.
 */
import { Buffer } from 'node:buffer';
import { setOwn, type Value } from '../../src/codec/value.ts';

let source: Uint8Array = new Uint8Array(0);
let at = 0;

const floatBytes = new Uint8Array(8);
const floatView = new DataView(floatBytes.buffer);

/** Reads the one item that `bytes` is. */
export function readWithOracle(bytes: Uint8Array): Value {
  source = bytes;
  at = 0;
  return readItem();
}

function readItem(): Value {
  const head = source[at++]!;
  const major = head >> 5;
  const info = head & 31;
  if (major === 7) return readSimple(info);
  if (info === 27) return readInteger64(major === 1);
  const argument = info < 24 ? info : readArgument(info);
  switch (major) {
    case 0:
      return argument;
    case 1:
      return -1 - argument;
    case 2:
      return readBytes(argument);
    case 3:
      return readText(argument);
    case 4:
      return readArray(argument);
    default:
      return readMap(argument);
  }
}

function readArgument(info: number): number {
  if (info === 24) return source[at++]!;
  if (info === 25) {
    at += 2;
    return source[at - 2]! * 256 + source[at - 1]!;
  }
  return readUint32();
}

function readUint32(): number {
  at += 4;
  return source[at - 4]! * 16_777_216 + ((source[at - 3]! << 16) | (source[at - 2]! << 8) | source[at - 1]!);
}

/** A number when it is safe, whatever its width on the wire; a bigint otherwise. */
function readInteger64(negative: boolean): number | bigint {
  const high = readUint32();
  const low = readUint32();
  // -1 - n is safe for n < 2^53 - 1; n = 2^53 - 1 gives -2^53, which is not.
  if (high < 0x20_0000 && !(negative && high === 0x1f_ffff && low === 0xffff_ffff)) {
    const value = high * 4_294_967_296 + low;
    return negative ? -1 - value : value;
  }
  const value = (BigInt(high) << 32n) | BigInt(low);
  return negative ? -1n - value : value;
}

/** `+ 0` makes 0 of -0. */
function readSimple(info: number): Value {
  switch (info) {
    case 20:
      return false;
    case 21:
      return true;
    case 25:
      return readFloat16() + 0;
    case 26:
      return readFloat(4) + 0;
    case 27:
      return readFloat(8) + 0;
    default:
      // null, and undefined, which is null (DESIGN §8 "Args")
      return null;
  }
}

function readFloat(size: 4 | 8): number {
  for (let i = 0; i < size; i++) floatBytes[i] = source[at + i]!;
  at += size;
  return size === 4 ? floatView.getFloat32(0) : floatView.getFloat64(0);
}

/** RFC 8949 appendix D. */
function readFloat16(): number {
  const half = source[at]! * 256 + source[at + 1]!;
  at += 2;
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1_024 + fraction) * 2 ** (exponent - 25);
}

function readBytes(length: number): Uint8Array {
  at += length;
  return Uint8Array.from(source.subarray(at - length, at));
}

function readText(length: number): string {
  at += length;
  // Not TextDecoder: it takes a leading U+FEFF for a byte order mark and drops it.
  return Buffer.from(source.subarray(at - length, at)).toString('utf8');
}

function readArray(length: number): readonly Value[] {
  const values: Value[] = [];
  for (let i = 0; i < length; i++) values.push(readItem());
  return values;
}

function readMap(pairs: number): { readonly [key: string]: Value } {
  const map: Record<string, Value> = {};
  for (let i = 0; i < pairs; i++) setOwn(map, readItem() as string, readItem());
  return map;
}
