/**
 * Crafted inputs: everything SECURITY §6.1 names that hangs, aborts or bloats cbor-x, and the borders of each
 * scan rule. Each entry is one payload and what the scan must say of it (`null` = accepted).
 */
import type { ScanRule } from '../../src/codec/prescan.ts';

export interface Crafted {
  readonly name: string;
  readonly payload: Uint8Array;
  readonly rule: ScanRule | null;
}

type Part = number | string | Uint8Array | readonly Part[] | Times;

/** As many of them; made one after the other, some are millions. */
interface Times {
  readonly count: number;
  readonly part: (index: number) => Part;
}

/** Bytes from numbers (one byte each), hex strings and bytes. */
export function bytesOf(...parts: readonly Part[]): Uint8Array {
  let buffer = new Uint8Array(256);
  let at = 0;
  const room = (length: number): void => {
    if (at + length <= buffer.length) return;
    const larger = new Uint8Array(2 * (at + length));
    larger.set(buffer);
    buffer = larger;
  };
  const put = (part: Part): void => {
    if (typeof part === 'number') {
      room(1);
      buffer[at++] = part;
    } else if (typeof part === 'string') {
      put(Buffer.from(part, 'hex'));
    } else if (part instanceof Uint8Array) {
      room(part.length);
      buffer.set(part, at);
      at += part.length;
    } else if ('count' in part) {
      for (let index = 0; index < part.count; index++) put(part.part(index));
    } else {
      for (const each of part) put(each);
    }
  };
  put(parts);
  return buffer.slice(0, at);
}

/** A head in its shortest form. */
export function head(major: number, argument: number): Uint8Array {
  if (argument < 24) return Uint8Array.of((major << 5) | argument);
  if (argument < 0x100) return Uint8Array.of((major << 5) | 24, argument);
  if (argument < 0x1_0000) return Uint8Array.of((major << 5) | 25, argument >> 8, argument);
  const bytes = Buffer.alloc(5);
  bytes[0] = (major << 5) | 26;
  bytes.writeUInt32BE(argument, 1);
  return bytes;
}

const times = (count: number, part: (index: number) => Part): Part => ({ count, part });
const text = (value: string): Part => [head(3, Buffer.byteLength(value)), Buffer.from(value)];
const blob = (length: number, fill = 0xff): Part => [head(2, length), Buffer.alloc(length, fill)];

/** Nested shared references: each level doubles the work of whoever turns it into a string. */
function sharedDag(levels: number, outer: Part): Uint8Array {
  let inner: Part = ['d81c', 0x81, text('x')];
  for (let level = 0; level < levels; level++) inner = ['d81c', 0x82, inner, 'd81d', level];
  return bytesOf(outer, inner);
}

/** A map of `pairs` distinct keys of equal length; `last` replaces the last one. */
function manyKeys(pairs: number, length: number, last?: string): Part {
  const key = (index: number): string => index.toString(36).padStart(length, '0');
  return [
    head(5, pairs),
    times(pairs, (i) => [text(i === pairs - 1 && last !== undefined ? last : key(i)), 0xf6]),
  ];
}

function nested(levels: number, opener: Part, end: Part): Uint8Array {
  return bytesOf(
    times(levels, () => opener),
    end,
  );
}

const crafted = (name: string, rule: ScanRule | null, ...parts: readonly Part[]): Crafted => ({
  name,
  payload: bytesOf(...parts),
  rule,
});

/** What made cbor-x hang, bloat or abort. */
const attacks: readonly Crafted[] = [
  ...[16, 32, 64, 128, 256, 1_024].map((kib) =>
    crafted(`bignum of ${kib} KiB`, 'tag', 0xc2, blob(kib * 1_024 - 8)),
  ),
  crafted('decimal fraction with a bignum', 'tag', 0xc4, 0x82, 0x01, 0xc2, blob(65_536)),
  ...[0xc0, 0xc1, 0xc4, 0xc5].map((tag) => ({
    name: `tag ${tag & 31} over a shared DAG of 40 levels`,
    payload: sharedDag(40, tag),
    rule: 'tag' as const,
  })),
  { name: 'tag 27 over a shared DAG', payload: sharedDag(40, ['d81b', 0x82, text('Error')]), rule: 'tag' },
  crafted(
    'self-reference inside Sets, 600 levels',
    'tag',
    times(600, () => ['d81c', 'd90102', 0x82, 'd81d00']),
  ),
  crafted(
    'packed table with 400 nested prefix tags',
    'tag',
    'd833',
    0x83,
    0x81,
    0x80,
    times(400, () => ['d8e1', 0x82]),
  ),
  crafted(
    'packed fan-out',
    'tag',
    'd833',
    0x83,
    head(4, 60_000),
    times(60_000, () => 0x00),
  ),
  crafted(
    'typed array of a huge buffer',
    'tag',
    'd845',
    0xa1,
    text('buffer'),
    0xa1,
    text('length'),
    '1a3b9aca00',
  ),
  crafted(
    '200 typed arrays of a huge buffer',
    'tag',
    head(4, 200),
    times(200, () => ['d845', 0xa1, text('length'), '1a3b9aca00']),
  ),
  crafted('generic object: RegExp', 'tag', 'd81b', 0x83, text('RegExp'), text('(a+)+$'), text('')),
  crafted('generic object: constructor', 'tag', 'd81b', 0x82, text('constructor'), text('x')),
  crafted(
    '100,000 errors',
    'tag',
    head(4, 100_000),
    times(100_000, () => ['d81b', 0x82, text('Error'), 0x60]),
  ),
  crafted(
    '200,000 descending integer keys',
    'keys',
    head(5, 200_000),
    times(200_000, (i) => [head(0, 200_000 - i), 0x00]),
  ),
  crafted(
    '1,000,000 empty arrays',
    'items',
    head(4, 1_000_000),
    times(1_000_000, () => 0x80),
  ),
  crafted(
    '1,000,000 empty maps',
    'items',
    head(4, 1_000_000),
    times(1_000_000, () => 0xa0),
  ),
  crafted('record definitions', 'tag', 'd9dffe', 0x83, 0x19, 'e000', 0x81, text('a')),
  crafted('inline record', 'tag', 'd9dfff', 0x83, 0x19, 'e000', 0x81, text('a'), 0x01),
  crafted('record reference', 'tag', 'd9e000', 0x81, 0x01),
  crafted('bundled strings', 'tag', 'd9dff9', 0x82, 0x1a, 'ffffffff', 0x60),
  crafted('self-described CBOR', 'tag', 'd9d9f7', 0xa0),
  crafted('Date', 'tag', 0xc1, '1a514b67b0'),
  crafted('Set', 'tag', 'd90102', 0x81, 0x01),
];

/** The borders of each rule, and what hides behind a cheap head. */
const borders: readonly Crafted[] = [
  crafted('nothing', 'truncated'),
  crafted('a lone break', 'indefinite', 0xff),
  crafted('two items', 'trailing', 0x01, 0x02),
  crafted('an integer without its bytes', 'truncated', '1a0000'),
  crafted('a float without its bytes', 'truncated', 'fb0000'),
  crafted('an array without its items', 'truncated', 0x82, 0x01),
  crafted('an array of 2^32 - 1', 'truncated', '9affffffff'),
  crafted('an array of 2^32 - 1 in 70,000 bytes', 'truncated', '9affffffff', new Uint8Array(70_000)),
  crafted('a map of 4,096 pairs in no bytes', 'truncated', 'b91000'),
  crafted(
    'a map of 4,097 pairs',
    'keys',
    'b91001',
    times(4_097, () => [0x60, 0x00]),
  ),
  crafted('a map of 2^32 - 1 pairs', 'keys', 'baffffffff'),
  crafted('a text of 2^32 - 1 bytes', 'len', '7affffffff'),
  crafted('a byte string of 2^32 - 1 bytes', 'len', '5affffffff'),
  crafted('a text one byte over the cap', 'len', '7a00100001'),
  crafted('a text of the cap in no bytes', 'truncated', '7a00100000'),
  ...[0x5b, 0x7b, 0x9b, 0xbb].map((byte) =>
    crafted(`an 8-byte length on major type ${byte >> 5}`, 'len64', byte, '0000000000000001', 0x00, 0x00),
  ),
  ...[0x1f, 0x3f, 0x5f, 0x7f, 0x9f, 0xbf].map((byte) =>
    crafted(`indefinite ${byte.toString(16)}`, 'indefinite', byte, 0xff),
  ),
  ...[0x1c, 0x1d, 0x1e, 0xfc, 0xfd, 0xfe].map((byte) =>
    crafted(`reserved info ${byte.toString(16)}`, 'indefinite', byte),
  ),
  crafted('1,000,000 nested arrays', 'depth', nested(1_000_000, 0x81, 0x00)),
  crafted('nested maps', 'depth', nested(100, 'a16161', 0x00)),
  crafted('33 levels', 'depth', nested(33, 0x81, 0x00)),
  crafted('33 levels, the last one empty', 'depth', nested(32, 0x81, 0x80)),
  crafted('32 levels', null, nested(32, 0x81, 0x00)),
  crafted(
    '65,536 items',
    null,
    head(4, 65_535),
    times(65_535, () => 0x00),
  ),
  crafted(
    '65,537 items',
    'items',
    head(4, 65_536),
    times(65_536, () => 0x00),
  ),
  crafted('a simple value 0', 'simple', 0xe0),
  crafted('a simple value 255', 'simple', 'f8ff'),
  crafted('a byte-string key', 'key-type', 0xa1, 0x41, 0x61, 0x00),
  crafted('an integer key', 'key-type', 0xa1, 0x01, 0x00),
  crafted('a null key', 'key-type', 0xa1, 0xf6, 0x00),
  crafted('an array as key', 'key-type', 0xa1, 0x80, 0x00),
  crafted('a key twice', 'duplicate-key', 0xa2, text('a'), 0x01, text('a'), 0x02),
  crafted('a key twice under two heads', 'duplicate-key', 0xa2, text('a'), 0x01, '780161', 0x02),
  crafted('a key twice, the last of 4,096', 'duplicate-key', manyKeys(4_096, 8, '00000000')),
  crafted('a key twice, the last of 17', 'duplicate-key', manyKeys(17, 8, '00000000')),
  crafted(
    'a key twice in the 17 under two heads',
    'duplicate-key',
    head(5, 17),
    text('a'),
    0,
    '780161',
    0,
    times(15, (i) => [text(`k${i}`), 0]),
  ),
  crafted('a long key twice', 'duplicate-key', 0xa2, text('k'.repeat(100)), 1, text('k'.repeat(100)), 2),
  crafted(
    'the same key in a map and the map inside it',
    null,
    0xa2,
    text('a'),
    0xa1,
    text('a'),
    0x01,
    text('b'),
    0x02,
  ),
  crafted('the same key in two maps side by side', null, 0x82, 0xa1, text('a'), 0x01, 0xa1, text('a'), 0x02),
  crafted(
    'a key seen before an inner map',
    'duplicate-key',
    0xa3,
    text('a'),
    1,
    text('b'),
    0xa1,
    text('c'),
    1,
    text('a'),
    2,
  ),
  crafted(
    'a key seen before an inner large map',
    'duplicate-key',
    head(5, 18),
    text('a'),
    1,
    text('b'),
    manyKeys(20, 4),
    times(15, (i) => [text(`k${i}`), 0]),
    text('a'),
    2,
  ),
  crafted('__proto__', 'proto-key', 0xa1, text('__proto__'), 0xa1, text('x'), 0x01),
  crafted('__proto__ inside', 'proto-key', 0xa1, text('a'), 0x81, 0xa1, text('__proto__'), 0xf6),
  crafted('__proto__ as a value', null, 0xa1, text('a'), text('__proto__')),
  crafted('constructor as key', null, 0xa1, text('constructor'), 0x01),
  crafted('toString as key', null, 0xa1, text('toString'), 0x01),
  crafted('a stray continuation byte', 'utf8', 0x61, 0x80),
  crafted('an overlong slash', 'utf8', 0x62, 'c0af'),
  crafted('an overlong three-byte form', 'utf8', 0x63, 'e09fbf'),
  crafted('an overlong four-byte form', 'utf8', 0x64, 'f08fbfbf'),
  crafted('a lone surrogate', 'utf8', 0x63, 'eda080'),
  crafted('beyond U+10FFFF', 'utf8', 0x64, 'f4908080'),
  crafted('a sequence cut by the length', 'utf8', 0x61, 0xc3, 0xa9),
  crafted('a cut sequence at the end of a long text', 'utf8', head(3, 200), Buffer.alloc(199, 0x61), 0xc3),
  crafted('a bad key', 'utf8', 0xa1, 0x61, 0xff, 0x00),
  crafted('a text that is a byte order mark', 'utf8', 0x63, 'efbbbf'),
  crafted('a byte order mark before 200 letters', 'utf8', head(3, 203), 'efbbbf', Buffer.alloc(200, 0x61)),
  crafted('a byte order mark in a key', 'utf8', 0xa1, 0x64, 'efbbbf61', 0x00),
  crafted('a byte order mark behind a letter', null, head(3, 104), 'c3a9efbbbf', Buffer.alloc(99, 0x61)),
  crafted('a text that begins like a byte order mark', null, head(3, 103), 'efbbbe', Buffer.alloc(100, 0x61)),
  crafted('the last code point', null, 0x64, 'f48fbfbf'),
  crafted('NaN as half float', null, 'f97e00'),
  crafted('an integer in eight bytes', null, '1b0000000000000001'),
  crafted('undefined', null, 0xf7),
];

/** Big and slow, but allowed or refused late: these bound the time of a scan. */
const heavy: readonly Crafted[] = [
  crafted(
    'eight maps of 4,000 long keys alike but for the end',
    null,
    head(4, 8),
    times(8, () => manyKeys(4_000, 29)),
  ),
  crafted(
    '1,850 maps of 16 keys alike but for the end',
    null,
    head(4, 1_850),
    times(1_850, () => manyKeys(16, 32)),
  ),
  crafted('16 keys of 60 KB alike but for the end', null, manyKeys(16, 60_000)),
  crafted(
    'integer-like keys that collide in V8’s old hash',
    null,
    head(5, 4_096),
    times(4_096, (i) => [text(String(1_000_000 + i * 2_048)), 0]),
  ),
  crafted('1 MB of three-byte characters', null, head(3, 1_048_575), Buffer.alloc(1_048_575, '€')),
  crafted('1 MB of bytes', null, blob(1_048_576)),
  crafted(
    '21,000 one-letter texts and their maps',
    null,
    head(4, 21_000),
    times(21_000, () => [0xa1, text('a'), 0x00]),
  ),
];

export const hostile: readonly Crafted[] = [...attacks, ...borders, ...heavy];
