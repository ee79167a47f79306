/**
 * What a single payload field may hold, shared by the hand-written and the schema validators.
 *
 * Pure. Lengths of texts are UTF-8 bytes, inclusive.
 */
import { Buffer } from 'node:buffer';
import type { Value } from './value.ts';

/** Bytes of a correlation id: `call_id`, `request_id`, `session_id`, also of `epoch`. */
export const ID_BYTES = 16;
/** Bytes of a node id, a DHT key, a seed: SHA-256. */
export const KEY_BYTES = 32;
/** Bytes of an Ed25519 signature. */
export const SIGNATURE_BYTES = 64;
/** Bytes of a procedure name, a realm, a host, an error code and other names. */
export const NAME_BYTES = 255;
/** Bytes of a text for people. */
export const MESSAGE_BYTES = 4_096;
/** Bytes of a signed record (DESIGN §8 "Records"). */
export const RECORD_BYTES = 4_096;
/** Data items of a signed record: in 4 KiB as many empty lists could stand as take half a megabyte of memory. */
export const RECORD_ITEMS = 512;
/** Bytes of a W3C tracestate: what its specification says must be propagated. */
export const TRACESTATE_BYTES = 512;
/** Largest timeout: what a timer of Node keeps, 2^31 - 1 ms. */
export const MAX_TIMEOUT = 2_147_483_647;
/** Contacts in one answer: k is 20, a newer peer may choose more. */
export const MAX_CONTACTS = 64;
/** Records in one answer: SECURITY §13 "Providers per key". */
export const MAX_RECORDS = 256;

/** Optional fields are absent when missing or null: `undefined` becomes null on the wire. */
export const isAbsent = (value: Value | undefined): value is null | undefined =>
  value === undefined || value === null;

export const isBytes = (value: unknown, length: number): value is Uint8Array =>
  value instanceof Uint8Array && value.length === length;

export const isText = (value: unknown, longest: number): value is string =>
  typeof value === 'string' &&
  (value.length * 3 <= longest || (value.length <= longest && Buffer.byteLength(value) <= longest));

/** A text that says something: a procedure, a realm, a host. */
export const isName = (value: unknown): value is string => value !== '' && isText(value, NAME_BYTES);

/** A finite point in time or duration, in milliseconds. */
export const isTime = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value < Infinity;

export const isIntegerIn = (value: unknown, lowest: number, highest: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= lowest && (value as number) <= highest;

export const isPort = (value: unknown): value is number => isIntegerIn(value, 1, 65_535);
