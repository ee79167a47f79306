/**
 * CBOR in and out: the choke point between values and bytes.
 *
 * In: `prescan` judges the bytes, and only what it accepts is built. Out: `normalize` copies the value, and only
 * the copy is written. No library's decoder or encoder is involved; cbor-x is the oracle of the tests.
 *
 * Pure but for getters and Proxy traps of a value to encode. Throws nothing. Source: SECURITY §6, §8.
 */
import { readCbor } from './cbor-reader.ts';
import { writeCbor } from './cbor-writer.ts';
import { DEFAULT_LIMITS, type CborLimits } from './limits.ts';
import { normalize, type NormalizeResult, type Unencodable } from './normalize.ts';
import { prescan, type ScanRule } from './prescan.ts';
import type { Value } from './value.ts';

export type DecodeResult =
  | { readonly ok: true; readonly value: Value }
  /** `unreadable`: accepted, yet not built (out of memory). Never a statement about the peer. */
  | { readonly ok: false; readonly rule: ScanRule | 'unreadable' };

export type EncodeResult =
  { readonly ok: true; readonly bytes: Uint8Array } | { readonly ok: false; readonly error: Unencodable };

/** Whether the arrays and objects of a decoded value can still be changed. Byte strings always can. */
export type DecodeMode = 'frozen' | 'open';

/** Reads the one value that `bytes` is. The bytes may be lent: nothing in the result refers to them. */
export function decodeCbor(
  bytes: Uint8Array,
  limits: CborLimits = DEFAULT_LIMITS,
  mode: DecodeMode = 'frozen',
): DecodeResult {
  try {
    const rule = prescan(bytes, limits);
    if (rule !== null) return { ok: false, rule };
    return { ok: true, value: readCbor(bytes, mode === 'frozen') };
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
    const bytes = writeCbor(value, reserved);
    if (bytes.length - reserved <= limits.bytes) return { ok: true, bytes };
    return { ok: false, error: { tag: 'unencodable', reason: 'size', path: '$' } };
  } catch (cause) {
    return { ok: false, error: { tag: 'unencodable', reason: 'size', path: '$', cause } };
  }
}

/** What the other side of a call would see of `value`, without the way through bytes: frozen, and a copy. */
export function normalizeValue(value: unknown, limits: CborLimits = DEFAULT_LIMITS): NormalizeResult {
  return normalize(value, limits, 'frozen');
}
