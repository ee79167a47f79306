/**
 * Inputs of the distribution's fuzzer: input `index` of a seed is always the same bytes. Terms and control messages grown by
 * chance, as they are or mutated; messages of the handshake; crafted ones; and noise. None has the version byte or the length
 * before it: whoever takes them puts that there.
 */
import { Atom } from '../../src/codec/etf/atom.ts';
import { encodeTerm } from '../../src/codec/etf/encode.ts';
import { PidTerm, PortTerm, ReferenceTerm } from '../../src/codec/etf/identities.ts';
import { Bitstring, ExternalFun, Float, ImproperList, OpaqueFun, Tuple } from '../../src/codec/etf/terms.ts';
import { writeHandshake } from '../../src/dist/protocol/handshake-messages.ts';
import { bytesOf } from './corpus.ts';
import { cheapRandom, mutate, noise, pick, type Ingredients, type Random } from './mutate.ts';

/** The node that is fuzzed, and the peer that does it. */
export const US = { name: 'us@host', creation: 4 };
export const THEM = { name: 'them@host', creation: 7 };
/** Serials of processes of ours: the first one is exported. */
export const SERIALS: readonly number[] = [1, 2, 3];

const LARGEST_MUTATED = 8_192;
/** Tags, lengths, and operations. */
const TELLING = [
  0, 1, 2, 3, 4, 6, 8, 16, 19, 20, 21, 22, 24, 26, 28, 29, 31, 33, 35, 36, 64, 70, 77, 80, 88, 89, 90, 97, 98,
  100, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 115, 116, 118, 119, 120, 127, 128, 131, 200, 201,
  255,
];
const OPS = [
  1, 2, 3, 4, 6, 7, 8, 12, 13, 16, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36,
  37,
];
const NAMES = [
  'echo',
  'net_kernel',
  'rex',
  '$gen_call',
  '$gen_cast',
  'alias',
  'is_auth',
  'call',
  'kill',
  'normal',
  'math',
  'double',
  'link',
  'monitor',
  'erpc',
  'execute_call',
  'shutdown',
  'naïve',
  '',
];

const u32 = (value: number): readonly number[] => [
  value >>> 24,
  (value >>> 16) & 0xff,
  (value >>> 8) & 0xff,
  value & 0xff,
];

/** Each would break a rule if it were believed. */
const crafted: readonly Uint8Array[] = [
  bytesOf(108, u32(0xffff_ffff)),
  bytesOf(105, u32(0xffff_ffff), 106),
  bytesOf(116, u32(0x7fff_ffff), 106),
  bytesOf(109, u32(0xffff_fff0), 1, 2),
  bytesOf(77, u32(0xffff_ffff), 3),
  bytesOf(111, u32(70_000), 0, new Uint8Array(70_000).fill(9)),
  bytesOf(112, u32(0xffff_ffff)),
  bytesOf(80, u32(0xffff_ffff), 0x78, 0x9c),
  bytesOf(201, u32(0x1fff_ffff)),
  bytesOf(Array.from({ length: 100_000 }, () => [104, 1])),
  bytesOf(Array.from({ length: 20_000 }, () => [108, 0, 0, 0, 1, 97, 1])),
  bytesOf(Array.from({ length: 20_000 }, () => [116, 0, 0, 0, 1])),
  bytesOf(108, u32(400_000), new Uint8Array(400_000).fill(106), 106),
  bytesOf(108, u32(900_000), new Uint8Array(900_000).fill(97)),
  bytesOf(Array.from({ length: 3_000 }, () => [107, 0, 200, new Uint8Array(200)])),
  bytesOf(
    108,
    u32(5_000),
    Array.from({ length: 5_000 }, (_, at) => [
      119,
      4,
      0x61,
      0x61 + (at % 26),
      0x61 + ((at >> 5) % 26),
      0x61 + ((at >> 10) % 26),
    ]),
    106,
  ),
  bytesOf(90, 0, 5, 119, 0, u32(1), new Uint8Array(20)),
];

const handshakes: readonly Uint8Array[] = [
  writeHandshake({ type: 'name', flags: 0xffff_ffffn, creation: 1, name: THEM.name }),
  writeHandshake({ type: 'challenge', flags: 1n << 60n, creation: 1, challenge: 5, name: THEM.name }),
  writeHandshake({ type: 'status', status: 'ok_simultaneous' }),
  writeHandshake({ type: 'reply', challenge: 9, digest: new Uint8Array(16) }),
  writeHandshake({ type: 'ack', digest: new Uint8Array(16) }),
  bytesOf(0x6e, 0, 5, 0, 7, 255, 253, Buffer.from(THEM.name)),
];

const ingredients: Ingredients = {
  telling: TELLING,
  others: [...crafted.filter(({ length }) => length < LARGEST_MUTATED), ...handshakes],
};

/** How many inputs, from the first on, are crafted. */
export const CRAFTED: number = crafted.length + handshakes.length;

export function termsAt(seed: number, index: number): Uint8Array {
  if (index < crafted.length) return crafted[index]!;
  if (index < CRAFTED) return handshakes[index - crafted.length]!;
  const random = cheapRandom(seed, index);
  const kind = random.u32() % 16;
  if (kind === 0) return noise(random, TELLING);
  let bytes =
    kind < 6
      ? written(grown(random, 0))
      : kind < 13
        ? control(random)
        : kind < 15
          ? pick(random, handshakes)
          : pick(random, ingredients.others);
  if (random.u32() % 3 === 0 || bytes.length > LARGEST_MUTATED) return bytes;
  for (let left = 1 + (random.u32() % 4); left > 0; left--) bytes = mutate(random, bytes, ingredients);
  return bytes;
}

/** A control message, and a message behind it. */
function control(random: Random): Uint8Array {
  const fields = Array.from({ length: random.u32() % 6 }, () =>
    random.u32() % 4 === 0 ? grown(random, 2) : address(random),
  );
  const first = written(new Tuple([pick(random, OPS), ...fields]));
  if (random.u32() % 4 === 0) return first;
  const message = random.u32() % 2 === 0 ? grown(random, 1) : request(random);
  return bytesOf(first, 131, written(message));
}

/** What servers are sent. */
function request(random: Random): unknown {
  const ref = address(random);
  const tag = random.u32() % 2 === 0 ? ref : new ImproperList([new Atom('alias')], ref);
  switch (random.u32() % 4) {
    case 0:
      return new Tuple([new Atom('$gen_call'), new Tuple([address(random), tag]), grown(random, 2)]);
    case 1:
      return new Tuple([new Atom('$gen_cast'), grown(random, 2)]);
    case 2:
      return new Tuple([tag, grown(random, 2)]);
    default:
      return [address(random), address(random), new Atom(pick(random, NAMES)), [1]];
  }
}

function address(random: Random): unknown {
  const node = pick(random, [US, THEM, { name: 'third@host', creation: 1 }, { name: US.name, creation: 9 }]);
  const serial = pick(random, [...SERIALS, 0, 77]);
  switch (random.u32() % 6) {
    case 0:
    case 1:
      return new PidTerm(node.name, serial, 0, node.creation);
    case 2:
      return new ReferenceTerm(node.name, node.creation, [serial, 0, random.u32() % 4]);
    case 3:
      return new Atom(pick(random, NAMES));
    case 4:
      return random.u32() % 40;
    default:
      return new Tuple([new Atom(pick(random, NAMES)), new Atom(pick(random, NAMES)), random.u32() % 5]);
  }
}

function grown(random: Random, depth: number): unknown {
  const some = (most: number): unknown[] =>
    Array.from({ length: random.u32() % most }, () => grown(random, depth + 1));
  switch (random.u32() % (depth > 5 ? 11 : 16)) {
    case 0:
      return pick(random, [0, 255, 256, -1, 2 ** 31, -(2 ** 31), 2 ** 48, 2 ** 53 - 1, random.u32()]);
    case 1:
      return (BigInt(random.u32()) << BigInt(random.u32() % 300)) * (random.u32() % 2 === 0 ? 1n : -1n);
    case 2:
      return pick(random, [0.5, -0, 1e300, 5e-324, new Float(1), new Float(2 ** 40)]);
    case 3:
      return new Atom(pick(random, [...NAMES, 'ü'.repeat(200), 'x'.repeat(255)]));
    case 4:
      return pick(random, [true, false, null, undefined]);
    case 5:
      return Uint8Array.from({ length: random.u32() % 40 }, () => random.u32() & 0xff);
    case 6:
      return new Bitstring(Uint8Array.of(random.u32() & 0xff, 0), 1 + (random.u32() % 7));
    case 7:
    case 8:
      return address(random);
    case 9:
      return pick(random, [
        new PortTerm(THEM.name, BigInt(random.u32()) << 20n, 1),
        new ExternalFun('lists', 'map', random.u32() % 256),
        new OpaqueFun(bytesOf(u32(40), new Uint8Array(36))),
      ]);
    case 10:
      return pick(random, ['', 'text', 'naïve 🌲', 'x'.repeat(300)]);
    case 11:
      return some(6);
    case 12:
      return new Tuple(some(5));
    case 13:
      return new ImproperList([grown(random, depth + 1), ...some(3)], random.u32());
    case 14:
      return new Map(some(5).map((value, at) => [at % 2 === 0 ? grown(random, depth + 1) : at, value]));
    default:
      return Object.fromEntries(
        some(5).map((value, at) => [`${pick(random, ['a', '__proto__', 'é', '0'])}${at}`, value]),
      );
  }
}

/** Without the version. A map with the same key twice has no term: then it is another one. */
function written(term: unknown): Uint8Array {
  const encoded = encodeTerm(term, { javascript: true });
  return encoded.ok ? encoded.bytes.subarray(1) : bytesOf(106);
}
