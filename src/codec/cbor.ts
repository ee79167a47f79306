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
  return copy.ok ? encodeNormalized(copy.value, limits, 0) : copy;
}

/** Writes a value that `normalize` made, behind `reserved` zero bytes; those do not count against the limit. */
export function encodeNormalized(value: Value, limits: CborLimits, reserved: number): EncodeResult {
  try {
    const written = encoder.encode(value);
    if (written.buffer.byteLength > LARGEST_BUFFER) encoder.useBuffer(Buffer.allocUnsafeSlow(FIRST_BUFFER));
    const { length } = written;
    if (length > limits.bytes) return { ok: false, error: { tag: 'unencodable', reason: 'size', path: '$' } };
    const pooled = Buffer.allocUnsafe(reserved + length);
    const bytes = new Uint8Array(pooled.buffer, pooled.byteOffset, reserved + length);
    bytes.fill(0, 0, reserved);
    bytes.set(written, reserved);
    return { ok: true, bytes };
  } catch (cause) {
    return { ok: false, error: { tag: 'unencodable', reason: 'size', path: '$', cause } };
  }
}

/** What the other side of a call would see of `value`, without the way through bytes: frozen, and a copy. */
export function normalizeValue(value: unknown, limits: CborLimits = DEFAULT_LIMITS): NormalizeResult {
  return normalize(value, limits, 'frozen');
}
