/**
 * What must hold for any bytes a peer may send. Throws a plain `Error` that says which rule did not.
 *
 * 1. `decodeFrame` and `FrameReader` answer with a typed result and never throw.
 * 2. What the scan accepts, cbor-x decodes without error, and to the value a reader of our own finds in it.
 * 3. What was decoded can be encoded again and decodes to the same.
 * 4. The reader's events do not depend on how the bytes are cut, and it holds at most the cap plus 64 KiB.
 * 5. A payload that is judged as a signed record is refused unless it is what was signed, byte for byte.
 */
import { decodeCbor, encodeCbor } from '../../src/codec/cbor.ts';
import { FrameReader, type FrameEvent } from '../../src/codec/frame-reader.ts';
import { decodeFrame } from '../../src/codec/frame.ts';
import { RPC_FRAME_CAP } from '../../src/codec/limits.ts';
import { same } from '../codec/values.ts';
import { cutsOf } from './mutate.ts';
import { readWithOracle } from './oracle-reader.ts';
import { checkRecord } from './record-check.ts';

/** Above this many bytes cutting and comparing would take all the time there is. */
const COMPARED = 16_384;

const TYPED = new Set([
  'invalid_header',
  'unsupported_version',
  'frame_too_large',
  'incomplete_payload',
  'unknown_type',
  'payload_decode_error',
  'invalid_args',
]);

/** SECURITY §6.3: no input takes longer, in ms, on a machine that has nothing else to do. */
const SLOW_MS = 50;
/** What no machine's load explains, in ms, of four tries. */
const TOO_SLOW_MS = 250;

/** How long `decodeFrame` took, in ms: the rest is the checking's own. */
export interface Took {
  /** The first time; for the first inputs of a run that is code which nobody has compiled yet. */
  readonly first: number;
  /** The same, but the shortest of three more when it was slow. */
  readonly ms: number;
}

export function check(bytes: Uint8Array, seed: number, index: number): Took {
  const before = performance.now();
  const result = decodeFrame(bytes);
  const first = performance.now() - before;
  let ms = first;
  for (let i = 0; i < 3 && first > SLOW_MS; i++) {
    const again = performance.now();
    decodeFrame(bytes);
    ms = Math.min(ms, performance.now() - again);
  }
  if (ms > TOO_SLOW_MS) throw new Error(`decoding takes ${ms.toFixed(0)} ms`);
  if (!result.ok && !TYPED.has(result.error.tag)) throw new Error(`untyped error ${result.error.tag}`);
  if (!result.ok && result.error.tag === 'payload_decode_error' && result.error.rule === 'unreadable') {
    throw new Error('accepted by the scan, yet unreadable');
  }
  if (bytes.length >= 8) {
    checkPayload(bytes.subarray(8));
    checkRecord(bytes.subarray(8));
  }
  checkReader(bytes, seed, index);
  return { first, ms };
}

function checkPayload(payload: Uint8Array): void {
  const decoded = decodeCbor(payload);
  if (!decoded.ok) {
    if (decoded.rule === 'unreadable') throw new Error('accepted by the scan, yet unreadable');
    return;
  }
  if (!same(readWithOracle(payload), decoded.value)) throw new Error('cbor-x reads another value');
  if (payload.length > COMPARED) return;
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
