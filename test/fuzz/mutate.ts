/**
 * Inputs of the codec fuzzer: input `index` of a seed is always the same bytes, so that a finding can be made
 * again from the two numbers. Valid frames, a signed record and crafted payloads, as they are or mutated; values grown by the
 * grammar, as they are or mutated; and noise.
 */
import { encodeFrame } from '../../src/codec/frame.ts';
import { samples } from '../codec/payload-samples.ts';
import { bytesOf, head, hostile } from './corpus.ts';
import { record } from './record-check.ts';

/** Mutated inputs stay below this, in bytes; the large crafted ones come as they are. */
const LARGEST_MUTATED = 8_192;

/** Bytes that mean something in CBOR: tags, breaks, 8-byte lengths, floats, containers. */
const TELLING = [
  0x00, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1f, 0x20, 0x38, 0x3b, 0x40, 0x5b, 0x5f, 0x60, 0x78, 0x7b, 0x7f, 0x80,
  0x9b, 0x9f, 0xa0, 0xa1, 0xbb, 0xbf, 0xc0, 0xc2, 0xd8, 0xd9, 0xe0, 0xf4, 0xf6, 0xf7, 0xf9, 0xfa, 0xfb, 0xff,
];

/** A stream of 32-bit numbers. */
export interface Random {
  u32(): number;
}

const frames: readonly Uint8Array[] = Object.entries(samples).map(([type, payload]) => {
  const frame = encodeFrame(type as never, payload as never);
  if (!frame.ok) throw new Error(`sample ${type}: ${JSON.stringify(frame.error)}`);
  return frame.bytes;
});
const framed: readonly Uint8Array[] = [
  ...hostile.map(({ payload }) => inFrame(0x21, payload)),
  inFrame(0x70, record),
];
const small: readonly Uint8Array[] = [...frames, ...framed.filter((bytes) => bytes.length < LARGEST_MUTATED)];

/** What mutations put in: bytes that mean something in the format, and pieces of other inputs. */
export interface Ingredients {
  readonly telling: readonly number[];
  readonly others: readonly Uint8Array[];
}

const cbor: Ingredients = { telling: TELLING, others: small };

/** How many inputs, from the first on, are the corpus itself. */
export const CORPUS_SIZE: number = frames.length + framed.length;

export function inputAt(seed: number, index: number): Uint8Array {
  if (index < frames.length) return frames[index]!;
  if (index < CORPUS_SIZE) return framed[index - frames.length]!;
  const random = cheapRandom(seed, index);
  const kind = random.u32() % 16;
  if (kind === 0) return noise(random);
  if (kind < 6) return inFrame(pick(random, [0x21, 0x20, 0x70]), grownMap(random, 0));
  let bytes = kind < 9 ? inFrame(0x70, grownMap(random, 0)) : pick(random, small);
  for (let left = 1 + (random.u32() % 6); left > 0; left--) bytes = mutate(random, bytes);
  // Most mutants keep an honest header, so that they reach the payload's decoder.
  if (random.u32() % 8 !== 0 && bytes.length >= 8) return inFrame(bytes[1]!, bytes.subarray(8));
  return bytes;
}

export function inFrame(type: number, payload: Uint8Array): Uint8Array {
  const frame = bytesOf(Uint8Array.of(1, type, 0, 0, 0, 0, 0, 0), payload);
  new DataView(frame.buffer).setUint32(4, payload.length);
  return frame;
}

/** Places to cut `length` bytes at, in ascending order. */
export function cutsOf(seed: number, index: number, length: number): readonly number[] {
  const random = cheapRandom(seed ^ 0x5bd1_e995, index);
  const count = random.u32() % 8;
  return Array.from({ length: count }, () => random.u32() % (length + 1)).sort((a, b) => a - b);
}

export function mutate(random: Random, bytes: Uint8Array, ingredients: Ingredients = cbor): Uint8Array {
  const { telling, others } = ingredients;
  const at = random.u32() % (bytes.length + 1);
  switch (random.u32() % 8) {
    case 0: {
      const flipped = Uint8Array.from(bytes);
      if (at < flipped.length) flipped[at]! ^= 1 << (random.u32() % 8);
      return flipped;
    }
    case 1: {
      const replaced = Uint8Array.from(bytes);
      if (at < replaced.length) replaced[at] = pick(random, telling);
      return replaced;
    }
    case 2:
      return bytesOf(bytes.subarray(0, at), pick(random, telling), bytes.subarray(at));
    case 3:
      return bytesOf(
        bytes.subarray(0, at),
        bytes.subarray(Math.min(bytes.length, at + 1 + (random.u32() % 9))),
      );
    case 4:
      return bytes.subarray(0, at);
    case 5: {
      // A piece of another input, heads and all.
      const other = pick(random, others);
      const from = random.u32() % (other.length + 1);
      return bytesOf(
        bytes.subarray(0, at),
        other.subarray(from, from + (random.u32() % 64)),
        bytes.subarray(at),
      );
    }
    case 6: {
      const end = Math.min(bytes.length, at + (random.u32() % 32));
      const piece = bytes.subarray(at, end);
      const copies = 1 + (random.u32() % 16);
      if (bytes.length + piece.length * copies > LARGEST_MUTATED) return bytes;
      return bytesOf(
        bytes.subarray(0, end),
        Array.from({ length: copies }, () => piece),
        bytes.subarray(end),
      );
    }
    default: {
      // A length or a number driven to one of its borders.
      const changed = Uint8Array.from(bytes);
      const border = pick(random, [0, 1, 0x7f, 0x80, 0xff]);
      changed.fill(border, at, at + pick(random, [1, 2, 4, 8]));
      return changed;
    }
  }
}

export function noise(random: Random, telling: readonly number[] = TELLING): Uint8Array {
  const length = random.u32() % 256;
  return Uint8Array.from({ length }, () =>
    random.u32() % 2 === 0 ? pick(random, telling) : random.u32() & 0xff,
  );
}

export const pick = <T>(random: Random, list: readonly T[]): T => list[random.u32() % list.length]!;

/** A map as the grammar has it, now and then with something odd in it. Type 0x70 has no schema. */
function grownMap(random: Random, depth: number): Uint8Array {
  const pairs = random.u32() % (depth === 0 ? 20 : 5);
  const keys = Array.from({ length: pairs }, (_, i) => [
    grownText(
      random,
      `${pick(random, ['', 'k', 'é', 'toString', '__proto_', 'a\uFEFF'])}${i === 0 ? '' : i}`,
    ),
    grown(random, depth + 1),
  ]);
  return bytesOf(widened(random, 5, pairs), keys);
}

function grown(random: Random, depth: number): Uint8Array {
  switch (random.u32() % (depth > 4 ? 6 : 8)) {
    case 0:
      return widened(random, random.u32() % 2, pick(random, [0, 23, 24, 255, 65_535, random.u32()]));
    case 1:
      return bytesOf(pick(random, [0xf4, 0xf5, 0xf6, 0xf7]));
    case 2: {
      const size = pick(random, [2, 4, 8]);
      const start = pick(random, [0, 0x7c, 0x7f, 0x80, 0xff, random.u32() & 0xff]);
      return bytesOf(
        0xf8 + Math.log2(size),
        start,
        Array.from({ length: size - 1 }, () => random.u32() & 0xff),
      );
    }
    case 3: {
      const length = pick(random, [0, 1, 16, 32, 64, 65, 300]);
      return bytesOf(widened(random, 2, length), new Uint8Array(length).fill(random.u32()));
    }
    case 4:
      return grownText(
        random,
        pick(random, ['', 'a', 'naïve', '€', '🌲', 'a\uFEFF', '0', '\u0000']).repeat(1 + (random.u32() % 30)),
      );
    case 5: {
      // An integer of eight bytes: around 2^53, and anything.
      const high = pick(random, [0, 0x1f_ffff, 0x20_0000, 0x7fff_ffff, 0xffff_ffff, random.u32()]);
      const low = pick(random, [0, 1, 0xffff_fffe, 0xffff_ffff, random.u32()]);
      const bytes = new Uint8Array(9);
      bytes[0] = pick(random, [0x1b, 0x3b]);
      new DataView(bytes.buffer).setUint32(1, high);
      new DataView(bytes.buffer).setUint32(5, low);
      return bytes;
    }
    case 6: {
      const length = random.u32() % 6;
      return bytesOf(
        widened(random, 4, length),
        Array.from({ length }, () => grown(random, depth + 1)),
      );
    }
    default:
      return grownMap(random, depth + 1);
  }
}

const grownText = (random: Random, text: string): Uint8Array =>
  bytesOf(widened(random, 3, Buffer.byteLength(text)), Buffer.from(text));

/** A head, now and then longer than it need be. */
function widened(random: Random, major: number, argument: number): Uint8Array {
  if (argument > 0xffff || random.u32() % 8 !== 0) return head(major, argument);
  return bytesOf((major << 5) | 26, 0, 0, argument >> 8, argument & 0xff);
}

/** A stream of its own per input (mulberry32): seeding must not cost more than the decoding it feeds. */
export function cheapRandom(seed: number, index: number): Random {
  let state = (Math.imul(seed, 0x9e37_79b1) ^ Math.imul(index, 0x85eb_ca6b)) | 0;
  return {
    u32: () => {
      state = (state + 0x6d2b_79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return (mixed ^ (mixed >>> 14)) >>> 0;
    },
  };
}
