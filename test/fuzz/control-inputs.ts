/**
 * Inputs of the fuzzer of a dist relay's control streams: input `index` of a seed is always the same bytes, a stream of frames with
 * their lengths. Messages in every style, with fields that nobody knows between theirs; fields grown by chance; crafted frames; as
 * they are or mutated; and noise.
 */
import { encodeControl } from '../../src/dist/relay/protocol/control-encode.ts';
import { framed, ID, MESSAGES, RAW, u32, type RawItems } from '../dist/relay/raw-control.ts';
import { bytesOf } from './corpus.ts';
import { cheapRandom, mutate, noise, pick, type Ingredients, type Random } from './mutate.ts';

const LARGEST_MUTATED = 8_192;
/** Heads of both encodings, and lengths. */
const TELLING = [
  0, 1, 4, 16, 23, 24, 26, 27, 31, 32, 64, 65, 0x41, 0x44, 0x5a, 0x5b, 0x5f, 0x61, 0x64, 0x78, 0x7a, 0x7f,
  0x80, 0x81, 0x82, 0x84, 0x8f, 0x90, 0x91, 0x9a, 0x9f, 0xa0, 0xa1, 0xa2, 0xa4, 0xa6, 0xb0, 0xba, 0xbb, 0xbf,
  0xc0, 0xc1, 0xc4, 0xc6, 0xc7, 0xc9, 0xcb, 0xcc, 0xcf, 0xd0, 0xd4, 0xd8, 0xd9, 0xdb, 0xdc, 0xdd, 0xde, 0xdf,
  0xe0, 0xf5, 0xf8, 0xfb, 0xff,
];
const KEYS = [
  't',
  'n',
  'target',
  'tid',
  'r',
  'src',
  'v',
  'seed',
  'realm',
  'proof',
  'rid',
  'bytes',
  'idle',
  'x',
  '',
  'é',
];
const KINDS = [
  'id',
  'id_ok',
  'id_err',
  'tun_req',
  'tun_ok',
  'tun_err',
  'tun_notify',
  'tun_close',
  'credit',
  'no',
];
const TEXTS = [
  'alice@host',
  ID,
  ID.toLowerCase(),
  '',
  'x'.repeat(255),
  'x'.repeat(256),
  'ü🌲',
  'a\nb',
  '€'.repeat(300),
];
const LENGTHS = [0, 15, 16, 17, 31, 32, 33, 4_096, 4_097];

const messages: readonly Uint8Array[] = MESSAGES.flatMap((message) => [
  encodeControl(message),
  encodeControl(message, { encoding: 'cbor', text: 'bytes' }),
  encodeControl(message, { encoding: 'msgpack', text: 'text' }),
]);

/** As deep as a frame is long; a length that is never there; as many items as fit; the longest frame, and one more. */
const crafted: readonly Uint8Array[] = [
  framed(bytesOf('a16178', new Uint8Array(60_000).fill(0x81))),
  framed(bytesOf('a16178', new Uint8Array(60_000).fill(0xc1))),
  framed(bytesOf('81a178', new Uint8Array(60_000).fill(0x91))),
  framed(bytesOf('81a178', new Uint8Array(60_000).fill(0x81))),
  framed(bytesOf('a161789a', u32(0xffff_ffff), new Uint8Array(60_000))),
  framed(bytesOf('81a178dd', u32(0xffff_ffff), new Uint8Array(60_000))),
  framed(bytesOf('bb', u32(0xffff_ffff), u32(0xffff_ffff), new Uint8Array(60_000).fill(0x60))),
  framed(bytesOf('df', u32(0xffff_ffff), new Uint8Array(60_000).fill(0xa0))),
  framed(bytesOf('a161727a', u32(60_000), new Uint8Array(60_000).fill(0xff))),
  framed(new Uint8Array(65_536).fill(0xa0)),
  bytesOf(u32(65_537), 0xa0),
  bytesOf(u32(0xffff_ffff)),
  new Uint8Array(60_000),
  bytesOf(Array.from({ length: 12_000 }, () => framed(Uint8Array.of(0xff)))),
];

const ingredients: Ingredients = { telling: TELLING, others: messages };

/** How many inputs, from the first on, are always the same. */
const FIXED = crafted.length + messages.length;

export function controlAt(seed: number, index: number): Uint8Array {
  if (index < crafted.length) return crafted[index]!;
  if (index < FIXED) return messages[index - crafted.length]!;
  const random = cheapRandom(seed, index);
  if (random.u32() % 16 === 0) return noise(random, TELLING);
  return bytesOf(Array.from({ length: 1 + (random.u32() % 3) }, () => frame(random)));
}

function frame(random: Random): Uint8Array {
  let bytes = (random.u32() % 2 === 0 ? pick(random, messages) : framed(grownMap(random))).subarray(4);
  if (random.u32() % 3 > 0)
    for (let left = 1 + (random.u32() % 4); left > 0 && bytes.length < LARGEST_MUTATED; left--)
      bytes = mutate(random, bytes, ingredients);
  // most keep an honest length, so that they reach the decoder
  return random.u32() % 16 === 0 ? bytes : framed(bytes);
}

function grownMap(random: Random): Uint8Array {
  const raw = RAW[pick(random, ['cbor', 'msgpack'] as const)];
  const fields = Array.from({ length: random.u32() % 7 }, () => [
    text(random, raw, pick(random, KEYS)),
    grown(random, raw, 0),
  ]).flat();
  return raw.map(text(random, raw, 't'), text(random, raw, pick(random, KINDS)), ...fields);
}

const text = (random: Random, raw: RawItems, value: string): Uint8Array =>
  random.u32() % 2 === 0 ? raw.text(value) : raw.bytes(value);

function grown(random: Random, raw: RawItems, depth: number): Uint8Array {
  const some = (): Uint8Array[] =>
    Array.from({ length: 2 * (random.u32() % 3) }, () => grown(random, raw, depth + 1));
  switch (random.u32() % (depth > 9 ? 5 : 7)) {
    case 0:
    case 1:
      return text(random, raw, pick(random, TEXTS));
    case 2:
      return raw.uint(pick(random, [0, 1, 255, 0xffff, 0x1_0000, 0xffff_ffff]));
    case 3:
      return raw.bytes(new Uint8Array(pick(random, LENGTHS)).fill(random.u32()));
    case 4:
      return Uint8Array.of(pick(random, TELLING));
    case 5:
      return raw.list(...some());
    default:
      return raw.map(...some());
  }
}
