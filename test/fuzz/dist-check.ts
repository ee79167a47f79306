/**
 * What must hold for any bytes that a node of the distribution sends. Throws a plain `Error` that says which rule did not.
 *
 * 1. A term is read, or refused by a rule; nothing is thrown, and it takes no long time.
 * 2. What was read can be written again and reads as the same.
 * 3. Messages of the handshake are read or refused; what was read is written as it came, but for what is behind it.
 * 4. The packets of a stream do not depend on how it is cut.
 * 5. A connected node that is sent it takes it or ends the connection, with everything that was to be told told; nobody
 *    crashes, and none that was not exported hears anything.
 */
import { isDeepStrictEqual } from 'node:util';
import { decodeTerm, type DecodeOptions } from '../../src/codec/etf/decode.ts';
import { encodeTerm } from '../../src/codec/etf/encode.ts';
import { readControl } from '../../src/dist/protocol/control.ts';
import { readHandshake, writeHandshake, type Expected } from '../../src/dist/protocol/handshake-messages.ts';
import { Packets } from '../../src/dist/protocol/packets.ts';
import type { Took } from './check.ts';
import { FuzzedNode } from './dist-node.ts';
import { bytesOf } from './corpus.ts';
import { cutsOf } from './mutate.ts';

/** Above this many bytes comparing would take all the time there is. */
const COMPARED = 16_384;
const RULES = new Set([
  'truncated',
  'trailing',
  'version',
  'tag',
  'depth',
  'elements',
  'integer',
  'float',
  'atom',
  'utf8',
  'malformed',
  'compressed',
]);
/** SECURITY §6.3, as for frames: no input takes longer, in ms, and what no machine's load explains, of four tries. */
const SLOW_MS = 50;
const TOO_SLOW_MS = 250;
const LIMIT = 2_000_000;
const EXPECTED: readonly Expected[] = ['name', 'status', 'challenge', 'reply', 'ack'];

let node: FuzzedNode | undefined;

export function checkTerms(input: Uint8Array, seed: number, index: number): Took {
  const bytes = bytesOf(131, input);
  const took = timed(bytes);
  for (const javascript of [true, false]) checkTerm(bytes, { javascript });
  checkHandshake(input);
  checkPackets(bytesOf(input, 0, 0, 0, 2, input.subarray(0, 2), input), seed, index);
  if (node === undefined || node.spent) node = new FuzzedNode();
  node.take(bytesOf(112, bytes));
  return took;
}

function timed(bytes: Uint8Array): Took {
  const before = performance.now();
  decodeTerm(bytes, { javascript: true, compressed: true });
  const first = performance.now() - before;
  let ms = first;
  for (let tries = 0; tries < 3 && first > SLOW_MS; tries++) {
    const again = performance.now();
    decodeTerm(bytes, { javascript: true, compressed: true });
    ms = Math.min(ms, performance.now() - again);
  }
  if (ms > TOO_SLOW_MS) throw new Error(`reading takes ${ms.toFixed(0)} ms`);
  return { first, ms };
}

function checkTerm(bytes: Uint8Array, options: DecodeOptions): void {
  const decoded = decodeTerm(bytes, options);
  if (!decoded.ok) {
    if (!RULES.has(decoded.rule)) throw new Error(`refused by no rule: ${String(decoded.rule)}`);
    return;
  }
  readControl(decoded.value);
  if (bytes.length > COMPARED) return;
  const again = encodeTerm(decoded.value, options);
  if (!again.ok) {
    // keys that are the same bytes, yet not the same value: binaries and tuples
    if (again.error.reason === 'keys') return;
    throw new Error(`read, yet not to be written: ${again.error.reason} at ${again.error.path}`);
  }
  const second = decodeTerm(again.bytes, options);
  if (!second.ok || !isDeepStrictEqual(second.value, decoded.value))
    throw new Error('another value after a round trip');
}

function checkHandshake(bytes: Uint8Array): void {
  for (const expected of EXPECTED) {
    const message = readHandshake(bytes, expected);
    // the old introduction is read as a new one, to be refused
    if (message === undefined || bytes[0] === 0x6e) continue;
    const again = Buffer.from(writeHandshake(message));
    if (!again.equals(bytes.subarray(0, again.length)))
      throw new Error(`another ${expected} after a round trip`);
  }
}

function checkPackets(stream: Uint8Array, seed: number, index: number): void {
  if (stream.length > COMPARED) return;
  const whole = taken(stream, [stream.length]);
  const cut = taken(stream, [...cutsOf(seed, index, stream.length), stream.length]);
  if (!isDeepStrictEqual(whole, cut)) throw new Error('the packets depend on the cuts');
}

/** The first packet is of a handshake. */
function taken(stream: Uint8Array, cuts: readonly number[]): readonly unknown[] {
  const packets = new Packets(LIMIT);
  const found: unknown[] = [];
  let from = 0;
  for (const to of cuts) {
    const lent = Uint8Array.prototype.slice.call(stream, from, to);
    packets.push(lent);
    from = to;
    for (let one = packets.take(); one.tag !== 'more' && found.at(-1) !== 'end'; one = packets.take()) {
      found.push(one.tag === 'packet' ? Buffer.from(one.bytes).toString('hex') : 'end');
      packets.up();
    }
    packets.keep();
    lent.fill(0xee);
  }
  return [...found, found.at(-1) === 'end' ? 0 : packets.held];
}
