/**
 * Forgeries: signed records that somebody without the key has changed, by seed.
 *
 * Beside damage to bytes: parts of two records of one publisher put together, and valid signatures under other bytes.
 */
import { seededRandom, type Random } from '../../../src/actor/random.ts';
import type { SignedRecordPayload } from '../../../src/codec/payloads.ts';
import { judgeRecord } from './judge.ts';
import { expected, KEY, payload, WALL } from './signed.ts';

const sources: readonly SignedRecordPayload[] = [
  payload('a'),
  payload('a', { seq: WALL + 1 }),
  payload('a', { removed: true, seq: WALL + 2 }),
  payload('b', { metadata: { text: 'x'.repeat(300), list: [1, 2.5, null, true] } }),
  payload('c', { endpoints: [], metadata: {} }),
];

/** Bytes that mean something in CBOR, or are just over what a text may hold. */
const TELLING = [
  0x00, 0x01, 0x18, 0x1b, 0x40, 0x58, 0x60, 0x7f, 0x80, 0xa0, 0xb8, 0xc2, 0xf5, 0xf6, 0xfb, 0xff,
];

/** Judges so many forgeries, and counts those that were believed. */
export function mutated(count: number, seed: number): { readonly tried: number; readonly accepted: number } {
  const random = seededRandom(seed);
  const known = new Set(sources.map(textOf));
  let tried = 0;
  let accepted = 0;
  while (tried < count) {
    const forgery = forge(random);
    if (known.has(textOf(forgery))) continue;
    tried++;
    if (judgeRecord(forgery, expected()).tag === 'verified') accepted++;
  }
  return { tried, accepted };
}

const textOf = ({ record, sig }: SignedRecordPayload): string =>
  `${Buffer.from(record).toString('latin1')}/${Buffer.from(sig).toString('latin1')}`;

const pick = <T>(random: Random, list: readonly T[]): T => list[random.u32() % list.length]!;

function forge(random: Random): SignedRecordPayload {
  const { record, sig } = pick(random, sources);
  switch (random.u32() % 4) {
    case 0:
      // a valid signature under another record
      return { record, sig: random.u32() % 2 === 0 ? pick(random, sources).sig : random.bytes(64) };
    case 1:
      return { record, sig: damaged(random, sig, false) };
    case 2:
      return { record: lifted(random, record), sig };
    default:
      return { record: damaged(random, record, true), sig };
  }
}

function damaged(random: Random, bytes: Uint8Array, mayResize: boolean): Uint8Array {
  let result = bytes.slice();
  for (let left = 1 + (random.u32() % 3); left > 0; left--) {
    const at = random.u32() % result.length;
    switch (random.u32() % (mayResize ? 5 : 3)) {
      case 0:
        result[at]! ^= 1 << (random.u32() & 7);
        break;
      case 1:
        result[at] = pick(random, TELLING);
        break;
      case 2:
        result[at] = random.u32();
        break;
      case 3:
        result = new Uint8Array([...result.subarray(0, at), pick(random, TELLING), ...result.subarray(at)]);
        break;
      default:
        result = new Uint8Array([...result.subarray(0, at), ...result.subarray(at + 1)]);
    }
    if (result.length < 2) return bytes.slice(1);
  }
  return result;
}

/** The map is whole, and one of its values is another: what a forger would do. */
function lifted(random: Random, record: Uint8Array): Uint8Array {
  const result = Buffer.from(record);
  const key = pick(random, ['seq', 'issued_at', 'expires_at', 'procedure_key', 'node_id', 'public_key']);
  const at = result.indexOf(key) + key.length;
  if (key.endsWith('_key') || key === 'node_id') result[at + 2 + (random.u32() % KEY.length)]! ^= 1;
  else result.writeDoubleBE(WALL + (random.u32() % 100_000), at + 1);
  return new Uint8Array(result);
}
