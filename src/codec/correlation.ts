/**
 * Finds out to whom an error would be answered when a payload cannot be decoded.
 *
 * A best effort over bytes that broke a rule: it walks the top-level map, skips values without building or
 * judging them, and gives up at the first thing it does not understand. Linear in the bytes, no recursion, no
 * trust: the id is only ever sent back to the peer it came from.
 *
 * Pure. Throws nothing. Source: SPEC §4.2 ("answers with an error when the correlation id is known").
 */
import { ID_BYTES } from './field.ts';

export type CorrelationField = 'call_id' | 'request_id' | 'session_id';

export interface Correlation {
  readonly field: CorrelationField;
  /** 16 bytes, a copy. */
  readonly id: Uint8Array;
}

const FIELDS: readonly CorrelationField[] = ['call_id', 'request_id', 'session_id'];

/** CBOR major types. */
const MAP = 5;
const TEXT = 3;
const BYTES = 2;

/** The first correlation id in a payload that is, or begins like, a map. */
export function findCorrelation(payload: Uint8Array): Correlation | undefined {
  const map = headAt(payload, 0);
  if (map === undefined || map.major !== MAP) return undefined;
  let at = map.next;
  for (let pairs = map.argument; pairs > 0; pairs--) {
    const key = headAt(payload, at);
    if (key?.major !== TEXT || key.argument > payload.length - key.next) return undefined;
    const value = headAt(payload, key.next + key.argument);
    if (value === undefined) return undefined;
    const field = FIELDS.find((name) => holds(payload, key.next, key.argument, name));
    if (field !== undefined && value.major === BYTES && value.argument === ID_BYTES) {
      const end = value.next + ID_BYTES;
      if (end > payload.length) return undefined;
      const id = new Uint8Array(ID_BYTES);
      id.set(payload.subarray(value.next, end));
      return { field, id };
    }
    const next = skip(payload, key.next + key.argument);
    if (next === undefined) return undefined;
    at = next;
  }
  return undefined;
}

interface Head {
  readonly major: number;
  readonly argument: number;
  /** Where what follows the head begins. */
  readonly next: number;
}

function headAt(bytes: Uint8Array, at: number): Head | undefined {
  if (at >= bytes.length) return undefined;
  const major = bytes[at]! >> 5;
  const info = bytes[at]! & 31;
  if (info < 24) return { major, argument: info, next: at + 1 };
  const next = at + 1 + (1 << (info - 24));
  if (info > 27 || next > bytes.length) return undefined;
  let argument = 0;
  for (let i = at + 1; i < next; i++) argument = argument * 256 + bytes[i]!;
  return { major, argument, next };
}

/** Where the item after the one at `at` begins. Each step takes a byte, so counts need no other bound. */
function skip(bytes: Uint8Array, from: number): number | undefined {
  let at = from;
  for (let left = 1; left > 0; left--) {
    const head = headAt(bytes, at);
    if (head === undefined) return undefined;
    at = head.next;
    if (head.major === BYTES || head.major === TEXT) at += head.argument;
    else if (head.major === 4) left += head.argument;
    else if (head.major === MAP) left += head.argument * 2;
    else if (head.major === 6) left += 1;
  }
  return at;
}

function holds(bytes: Uint8Array, start: number, length: number, name: string): boolean {
  if (length !== name.length) return false;
  for (let i = 0; i < length; i++) if (bytes[start + i] !== name.charCodeAt(i)) return false;
  return true;
}
