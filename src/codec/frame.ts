/**
 * Mesh frames: an 8-byte header and one CBOR map, to and from whole buffers.
 *
 * Header: version 1, type id, flags and reserved (0 on send, ignored on receive), payload length as unsigned
 * 32-bit big-endian. This is the choke point for peer bytes: length check → scan → build → message schema.
 * `frame-reader.ts` does the same for a stream.
 *
 * Pure but for getters of a payload to encode. Throws nothing. Source: SPEC §4.1 and §4.2, SECURITY §6.
 */
import { decodeCbor, encodeNormalized, type DecodeResult } from './cbor.ts';
import { findCorrelation, type Correlation } from './correlation.ts';
import { readFind } from './find-reader.ts';
import { frameTypeId, frameTypeOf, type FrameType } from './frame-type.ts';
import { FRAME_VERSION, HEADER_BYTES } from './header.ts';
import { DEFAULT_LIMITS, RPC_FRAME_CAP, type CborLimits } from './limits.ts';
import { invalidField, type InvalidPayload } from './messages.ts';
import { normalize, type Unencodable } from './normalize.ts';
import type { PayloadOf } from './payloads.ts';
import type { ScanRule } from './prescan.ts';
import { isValueMap } from './value.ts';

export { FRAME_VERSION, HEADER_BYTES } from './header.ts';

/** A received message; switch on `type`. */
export type Frame = {
  readonly [T in FrameType]: { readonly type: T; readonly payload: PayloadOf<T> };
}[FrameType];

/** What makes a header useless: the stream that carried it is out of step and closes. */
export type HeaderError =
  | { readonly tag: 'unsupported_version'; readonly version: number }
  /** `length` is the payload's, declared or measured. */
  | { readonly tag: 'frame_too_large'; readonly length: number }
  | { readonly tag: 'unknown_type'; readonly id: number };

/** What makes one frame useless; the next one is not affected. */
export type PayloadError =
  /** `not-a-map`: acceptable CBOR, but not a map. */
  | { readonly tag: 'payload_decode_error'; readonly rule: ScanRule | 'not-a-map' | 'unreadable' }
  | InvalidPayload;

export type FrameError =
  | HeaderError
  | PayloadError
  /** Fewer than 8 bytes; a stream waits instead. */
  | { readonly tag: 'invalid_header' }
  /** Fewer bytes than declared; a stream waits instead. */
  | { readonly tag: 'incomplete_payload' };

export type DecodeFrameResult =
  /** `rest`: a view of what follows the frame. */
  | { readonly ok: true; readonly frame: Frame; readonly rest: Uint8Array }
  | { readonly ok: false; readonly error: FrameError; readonly correlation?: Correlation };

export type EncodeFrameError =
  | { readonly tag: 'unknown_type'; readonly name: string }
  | { readonly tag: 'frame_too_large'; readonly length?: number }
  | InvalidPayload
  | Unencodable;

export type EncodeFrameResult =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly error: EncodeFrameError };

export type DecodePayloadResult =
  | { readonly ok: true; readonly frame: Frame }
  | { readonly ok: false; readonly error: PayloadError; readonly correlation?: Correlation };

/**
 * One frame as bytes. `cap` bounds the payload. The result is the caller's to keep and to write, not to
 * transfer to another thread.
 */
export function encodeFrame<T extends FrameType>(
  type: T,
  payload: PayloadOf<T>,
  cap: number = RPC_FRAME_CAP,
): EncodeFrameResult {
  const id = frameTypeId(type);
  if (id === undefined) return { ok: false, error: { tag: 'unknown_type', name: type } };
  const limits = limitsFor(cap);
  const copy = normalize(payload, limits, 'borrowed');
  if (!copy.ok) return { ok: false, error: asFrameError(copy.error) };
  // A payload that is no map lacks every field; a message without required fields still has to be a map.
  const map = isValueMap(copy.value) ? copy.value : {};
  const field = isValueMap(copy.value) ? invalidField(type, map) : (invalidField(type, map) ?? 'payload');
  if (field !== undefined) return { ok: false, error: { tag: 'invalid_args', field } };
  const encoded = encodeNormalized(map, copy.blobs, limits, HEADER_BYTES);
  if (!encoded.ok) return { ok: false, error: asFrameError(encoded.error) };
  writeHeader(encoded.bytes, id, encoded.bytes.length - HEADER_BYTES);
  return encoded;
}

/** The header alone. `payloadLength` is at most 2^32 - 1. */
export function encodeHeader(type: FrameType, payloadLength: number): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  writeHeader(header, frameTypeId(type)!, payloadLength);
  return header;
}

/** The first frame of one whole buffer. Checks: header, version, cap, completeness, type, payload, fields. */
export function decodeFrame(bytes: Uint8Array, cap: number = RPC_FRAME_CAP): DecodeFrameResult {
  if (bytes.length < HEADER_BYTES) return { ok: false, error: { tag: 'invalid_header' } };
  const error = checkHeader(bytes, 0, cap);
  if (error !== undefined && error.tag !== 'unknown_type') return { ok: false, error };
  const end = HEADER_BYTES + payloadLengthAt(bytes, 0);
  if (bytes.length < end) return { ok: false, error: { tag: 'incomplete_payload' } };
  if (error !== undefined) return { ok: false, error };
  const decoded = decodePayload(frameTypeOf(bytes[1]!)!, bytes.subarray(HEADER_BYTES, end), cap);
  if (!decoded.ok) return decoded;
  return { ok: true, frame: decoded.frame, rest: bytes.subarray(end) };
}

/** What is wrong with the header at `at`, of which all eight bytes are there. */
export function checkHeader(bytes: Uint8Array, at: number, cap: number): HeaderError | undefined {
  const version = bytes[at]!;
  if (version !== FRAME_VERSION) return { tag: 'unsupported_version', version };
  const length = payloadLengthAt(bytes, at);
  if (length > cap) return { tag: 'frame_too_large', length };
  const id = bytes[at + 1]!;
  return frameTypeOf(id) === undefined ? { tag: 'unknown_type', id } : undefined;
}

export function payloadLengthAt(bytes: Uint8Array, at: number): number {
  return bytes[at + 4]! * 16_777_216 + ((bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!);
}

/** Judges and builds one payload. `bytes` may be lent: nothing in the result refers to them. */
export function decodePayload(type: FrameType, bytes: Uint8Array, cap: number): DecodePayloadResult {
  const found = readFind(type, bytes);
  if (found !== undefined) return { ok: true, frame: { type, payload: found } as Frame };
  const decoded: DecodeResult = decodeCbor(bytes, limitsFor(cap));
  if (!decoded.ok) return refuse(bytes, { tag: 'payload_decode_error', rule: decoded.rule });
  if (!isValueMap(decoded.value)) return refuse(bytes, { tag: 'payload_decode_error', rule: 'not-a-map' });
  const field = invalidField(type, decoded.value);
  if (field !== undefined) return refuse(bytes, { tag: 'invalid_args', field });
  return { ok: true, frame: { type, payload: decoded.value } as unknown as Frame };
}

function refuse(bytes: Uint8Array, error: PayloadError): DecodePayloadResult {
  const correlation = findCorrelation(bytes);
  return correlation === undefined ? { ok: false, error } : { ok: false, error, correlation };
}

function writeHeader(bytes: Uint8Array, id: number, length: number): void {
  bytes[0] = FRAME_VERSION;
  bytes[1] = id;
  bytes[4] = length >>> 24;
  bytes[5] = length >>> 16;
  bytes[6] = length >>> 8;
  bytes[7] = length;
}

/** A payload over the cap is the frame's fault, not the value's: `maxBody` may let it through. */
function asFrameError(error: Unencodable): EncodeFrameError {
  return error.reason === 'size' ? { tag: 'frame_too_large' } : error;
}

let lastLimits: CborLimits = DEFAULT_LIMITS;

/** The default limits with `cap` bytes; the last ones are kept, for a stream's cap does not change. */
function limitsFor(cap: number): CborLimits {
  if (cap === DEFAULT_LIMITS.bytes) return DEFAULT_LIMITS;
  if (cap !== lastLimits.bytes) lastLimits = { ...DEFAULT_LIMITS, bytes: cap };
  return lastLimits;
}
