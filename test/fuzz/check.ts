/**
 * What must hold for any bytes a peer may send. Throws a plain `Error` that says which rule did not.
 *
 * 1. `decodeFrame` and `FrameReader` answer with a typed result and never throw.
 * 2. What the scan accepts, cbor-x decodes without error, and to the same value.
 * 3. What was decoded can be encoded again and decodes to the same.
 * 4. The reader's events do not depend on how the bytes are cut, and it holds at most the cap plus 64 KiB.
 */
import { Decoder } from 'cbor-x/decode';
import { decodeCbor, encodeCbor } from '../../src/codec/cbor.ts';
import { FrameReader, type FrameEvent } from '../../src/codec/frame-reader.ts';
import { decodeFrame } from '../../src/codec/frame.ts';
import { RPC_FRAME_CAP } from '../../src/codec/limits.ts';
import { same } from '../codec/values.ts';
import { cutsOf } from './mutate.ts';

/** Above this many bytes cutting and comparing would take all the time there is. */
const COMPARED = 16_384;

const oracle = new Decoder({ useRecords: false, mapsAsObjects: true, copyBuffers: true });

const TYPED = new Set([
  'invalid_header',
  'unsupported_version',
  'frame_too_large',
  'incomplete_payload',
  'unknown_type',
  'payload_decode_error',
  'invalid_args',
]);

/** Returns how long `decodeFrame` took, in ms: the rest is the checking's own. */
export function check(bytes: Uint8Array, seed: number, index: number): number {
  const before = performance.now();
  const result = decodeFrame(bytes);
  const ms = performance.now() - before;
  if (!result.ok && !TYPED.has(result.error.tag)) throw new Error(`untyped error ${result.error.tag}`);
  if (!result.ok && result.error.tag === 'payload_decode_error' && result.error.rule === 'unreadable') {
    throw new Error('accepted by the scan, yet unreadable');
  }
  if (bytes.length >= 8) checkPayload(bytes.subarray(8));
  checkReader(bytes, seed, index);
  return ms;
}

function checkPayload(payload: Uint8Array): void {
  const decoded = decodeCbor(payload);
  if (!decoded.ok) {
    if (decoded.rule === 'unreadable') throw new Error('accepted by the scan, yet unreadable');
    return;
  }
  const theirs: unknown = oracle.decode(Uint8Array.from(payload));
  if (payload.length > COMPARED) return;
  if (!same(plain(theirs), withoutMarks(decoded.value))) throw new Error('cbor-x reads another value');
  const again = encodeCbor(decoded.value);
  if (!again.ok) {
    // The one value that can be read and not written: an integer below -2^63.
    if (again.error.reason === 'bigint') return;
    throw new Error(`decoded, yet unencodable: ${again.error.reason} at ${again.error.path}`);
  }
  const second = decodeCbor(again.bytes);
  if (!second.ok || !same(second.value, decoded.value)) throw new Error('another value after a round trip');
}

function checkReader(bytes: Uint8Array, seed: number, index: number): void {
  const whole = new FrameReader();
  const expected = whole.push(bytes);
  if (bytes.length > COMPARED) return;
  const reader = new FrameReader();
  const events: FrameEvent[] = [];
  let from = 0;
  for (const cut of [...cutsOf(seed, index, bytes.length), bytes.length]) {
    events.push(...reader.push(bytes.subarray(from, cut)));
    from = cut;
    if (reader.held > RPC_FRAME_CAP + 65_536) throw new Error(`the reader holds ${reader.held} bytes`);
  }
  if (!same(events, expected)) throw new Error('the events depend on the cuts');
  if (reader.pending !== whole.pending) throw new Error('the rest depends on the cuts');
}

/** cbor-x's value in our normal form. */
function plain(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (typeof value === 'string') return withoutMarks(value);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [withoutMarks(key), plain(inner)]));
}

/** Without leading byte order marks: cbor-x drops one at the start of texts over 64 bytes. */
function withoutMarks(value: unknown): unknown {
  if (typeof value === 'string') return Buffer.byteLength(value) > 61 ? value.replace(/^\uFEFF+/, '') : value;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(withoutMarks);
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [withoutMarks(key), withoutMarks(inner)]),
  );
}
