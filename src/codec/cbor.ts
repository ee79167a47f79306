/**
 * CBOR in and out: the choke point between values and bytes, and the only file that imports cbor-x.
 *
 * In: `prescan` judges the bytes; only what it accepts reaches cbor-x, which therefore never sees a tag, an
 * indefinite length, a record or a `__proto__` key; `settle` brings what it built into the normal form. Out:
 * `normalize` copies the value into that form, and only the copy is written. Both ways refuse what cbor-x would
 * change without a word: a text or key that begins with U+FEFF (it drops that from texts over 64 bytes).
 *
 * On the wire: definite lengths, no tags, the shortest heads; integers outside -2^32 … 2^32 - 1 that are safe
 * as numbers travel as 64-bit floats, which are the same numbers.
 *
 * Both entries are the ones without the native addon (an application that imports `cbor-x` itself turns it on for
 * all; the fuzzer runs with it too). What else cbor-x shares within a process, extensions and buffers, reaches no
 * result: no tag passes the scan, and every result is a copy. One thing does: cbor-x assigns keys, so a frozen
 * `Object.prototype` makes keys it holds (`toString`) unreadable, and a setter on it swallows the key it waits for.
 *
 * Pure but for getters and Proxy traps of a value to encode. Throws nothing. Source: SECURITY §6, §8.
 */
import { Buffer } from 'node:buffer';
import { Decoder } from 'cbor-x/decode';
import { Encoder } from 'cbor-x/encode';
import { takeBuffer } from './buffer-pool.ts';
import { DEFAULT_LIMITS, type CborLimits } from './limits.ts';
import { normalize, type NormalizeResult, type Unencodable } from './normalize.ts';
import { prescan, type ScanRule } from './prescan.ts';
import { settle } from './settle.ts';
import type { Value } from './value.ts';

export type DecodeResult =
  | { readonly ok: true; readonly value: Value }
  /** `unreadable`: accepted, yet not built (out of memory). Never a statement about the peer. */
  | { readonly ok: false; readonly rule: ScanRule | 'unreadable' };

export type EncodeResult =
  { readonly ok: true; readonly bytes: Uint8Array } | { readonly ok: false; readonly error: Unencodable };

/** Whether the arrays and objects of a decoded value can still be changed. Byte strings always can. */
export type DecodeMode = 'frozen' | 'open';

const decoder = new Decoder({ useRecords: false, mapsAsObjects: true, copyBuffers: true });

/** `useBuffer` is documented, but missing in the package's types. */
const encoder = new Encoder({
  // Plain maps with the shortest head, over own keys only.
  useRecords: false,
  mapsAsObjects: true,
  variableMapSize: true,
  // Byte strings, not typed arrays under tag 64.
  tagUint8Array: false,
}) as Encoder & { useBuffer(buffer: Uint8Array): void };

/** Bytes of the buffer cbor-x starts with. */
const FIRST_BUFFER = 8_192;
/** Bytes above which its buffer is taken away: it grows to twelve times a large text and would stay that large. */
const LARGEST_BUFFER = 65_536;
/** Bytes of byte strings from which a value is written straight into a buffer of its own. */
const OWN_BUFFER = 16_384;
/** Room there for all that is no byte string. cbor-x leaves the last 2 KiB of a buffer alone. */
const REST = 4_096;
/** Makes cbor-x allocate before it writes anything. */
const NO_BUFFER = Buffer.alloc(0);
/** Whether cbor-x has a buffer to write small values to. */
let equipped = true;

/** Reads the one value that `bytes` is. The bytes may be lent: nothing in the result refers to them. */
export function decodeCbor(
  bytes: Uint8Array,
  limits: CborLimits = DEFAULT_LIMITS,
  mode: DecodeMode = 'frozen',
): DecodeResult {
  try {
    const rule = prescan(bytes, limits);
    if (rule !== null) return { ok: false, rule };
    // A plain view of our own: cbor-x notes things on the array, and of a Buffer it would return Buffers.
    const view = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    return { ok: true, value: settle(decoder.decode(view), mode === 'frozen') };
  } catch {
    return { ok: false, rule: 'unreadable' };
  }
}

/**
 * Writes any value a user may come up with, or says where and why it cannot be written. The result belongs to
 * the caller, who must not transfer it to another thread (its memory is shared with other messages).
 */
export function encodeCbor(value: unknown, limits: CborLimits = DEFAULT_LIMITS): EncodeResult {
  const copy = normalize(value, limits, 'borrowed');
  return copy.ok ? encodeNormalized(copy.value, copy.blobs, limits, 0) : copy;
}

/**
 * Writes a value that `normalize` made, with so many bytes in byte strings, behind `reserved` zero bytes; those do
 * not count against the limit.
 */
export function encodeNormalized(
  value: Value,
  blobs: number,
  limits: CborLimits,
  reserved: number,
): EncodeResult {
  try {
    const own = blobs < OWN_BUFFER ? undefined : takeBuffer(reserved + blobs + REST);
    const written = encode(value, own?.subarray(reserved));
    const { length } = written;
    if (length > limits.bytes) return { ok: false, error: { tag: 'unencodable', reason: 'size', path: '$' } };
    // It grew out of our buffer when there was much beside the byte strings.
    const inPlace = own !== undefined && written.buffer === own.buffer;
    const bytes = inPlace ? own.subarray(0, reserved + length) : allocate(reserved + length);
    bytes.fill(0, 0, reserved);
    if (!inPlace) bytes.set(written, reserved);
    return { ok: true, bytes };
  } catch (cause) {
    return { ok: false, error: { tag: 'unencodable', reason: 'size', path: '$', cause } };
  }
}

/**
 * Writes into `own`, or where cbor-x has room. All encoders of a process write to one buffer, each behind the other:
 * ours must not stay there, and none may be used twice.
 */
function encode(value: Value, own: Uint8Array | undefined): Uint8Array {
  if (own !== undefined) encoder.useBuffer(Buffer.from(own.buffer, own.byteOffset, own.length));
  else if (!equipped) encoder.useBuffer(Buffer.allocUnsafeSlow(FIRST_BUFFER));
  equipped = false;
  try {
    const written = encoder.encode(value);
    equipped = own === undefined && written.buffer.byteLength <= LARGEST_BUFFER;
    return written;
  } finally {
    if (!equipped) encoder.useBuffer(NO_BUFFER);
  }
}

function allocate(length: number): Uint8Array {
  const { buffer, byteOffset } = Buffer.allocUnsafe(length);
  return new Uint8Array(buffer, byteOffset, length);
}

/** What the other side of a call would see of `value`, without the way through bytes: frozen, and a copy. */
export function normalizeValue(value: unknown, limits: CborLimits = DEFAULT_LIMITS): NormalizeResult {
  return normalize(value, limits, 'frozen');
}
