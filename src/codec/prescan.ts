/**
 * The structural scan every payload passes before anything is built from it.
 *
 * One forward pass over the bytes, not recursive. It builds no values and, but for maps of more than
 * `SMALL_MAP` pairs and texts of 128 bytes and more, allocates nothing. What it accepts is plain data:
 * integers, floats, booleans, null, undefined, well-formed text, bytes, definite arrays and maps with distinct
 * text keys. Everything else (tags, indefinite lengths, other simple values) is refused by a rule code. So is a text
 * or key that begins with U+FEFF, under `utf8`: cbor-x would drop that character from a text over 64 bytes.
 *
 * Pure. Not reentrant (module-level stacks), but synchronous and free of foreign code; every level is reset
 * when it is opened, so no outcome leaves anything behind for the next scan. Throws nothing.
 * Source: SECURITY §6.2, rules 1-17; RFC 8949 §3.
 */
import { DuplicateKeys } from './duplicate-keys.ts';
import { DEFAULT_LIMITS, MAX_DEPTH, type CborLimits } from './limits.ts';
import { isWellFormedUtf8 } from './utf8.ts';

/** Codes of SECURITY §6.2's table. */
export type ScanRule =
  | 'trailing'
  | 'truncated'
  | 'items'
  | 'tag'
  | 'indefinite'
  | 'len64'
  | 'len'
  | 'keys'
  | 'key-type'
  | 'depth'
  | 'simple'
  | 'duplicate-key'
  | 'proto-key'
  | 'utf8'
  | 'noncanonical';

const LEFT = new Float64Array(MAX_DEPTH + 1);
const IS_MAP = new Uint8Array(MAX_DEPTH + 1);
const seen = new DuplicateKeys(MAX_DEPTH);

/** `__proto__` */
const PROTO = [0x5f, 0x5f, 0x70, 0x72, 0x6f, 0x74, 0x6f, 0x5f, 0x5f];

/** The first rule `bytes` breaks, or null when they are exactly one acceptable data item. */
export function prescan(bytes: Uint8Array, limits: CborLimits = DEFAULT_LIMITS): ScanRule | null {
  const rule = scan(bytes, limits);
  seen.release();
  return rule;
}

function scan(bytes: Uint8Array, limits: CborLimits): ScanRule | null {
  const end = bytes.length;
  const maxDepth = limits.depth < MAX_DEPTH ? limits.depth : MAX_DEPTH;
  const { items: maxItems, canonical } = limits;
  let at = 0;
  let items = 0;
  let depth = 0;
  /** Items still expected at this level; in a map keys and values both count, so an even count means a key. */
  let left = 1;
  let inMap = false;
  for (;;) {
    while (left === 0) {
      if (depth === 0) return at === end ? null : 'trailing';
      depth--;
      left = LEFT[depth]!;
      inMap = IS_MAP[depth] === 1;
    }
    if (at >= end) return 'truncated';
    if (++items > maxItems) return 'items';
    const isKey = inMap && (left & 1) === 0;
    left--;
    const head = bytes[at++]!;
    const major = head >> 5;
    const info = head & 31;
    if (major === 6) return 'tag';
    if (info > 27) return 'indefinite';
    if (isKey && major !== 3) return 'key-type';
    if (major === 7) {
      if (info < 20 || info === 24) return 'simple';
      if (info > 24) at += 1 << (info - 24);
      if (at > end) return 'truncated';
      continue;
    }
    let argument = info;
    if (info > 23) {
      if (info === 27 && major > 1) return 'len64';
      const size = 1 << (info - 24);
      if (end - at < size) return 'truncated';
      argument = bytes[at]!;
      if (size > 1) argument = argument * 256 + bytes[at + 1]!;
      if (size > 2) argument = argument * 65_536 + bytes[at + 2]! * 256 + bytes[at + 3]!;
      // Of an 8-byte integer this is the upper half: zero means that four bytes would have done.
      if (canonical && argument < (info === 24 ? 24 : info === 25 ? 256 : info === 26 ? 65_536 : 1))
        return 'noncanonical';
      at += size;
    }
    if (major < 2) continue;
    if (major < 4) {
      if (argument > limits.bytes) return 'len';
      if (argument > end - at) return 'truncated';
      const start = at;
      at += argument;
      if (major === 2) continue;
      if (!isWellFormedUtf8(bytes, start, at)) return 'utf8';
      if (argument > 2 && isByteOrderMark(bytes, start)) return 'utf8';
      if (!isKey) continue;
      if (argument === PROTO.length && isProto(bytes, start)) return 'proto-key';
      if (seen.has(bytes, start, argument, depth)) return 'duplicate-key';
      continue;
    }
    const children = major === 5 ? argument * 2 : argument;
    if (major === 5 && argument > limits.pairs) return 'keys';
    if (children > end - at) return 'truncated';
    if (depth >= maxDepth) return 'depth';
    LEFT[depth] = left;
    IS_MAP[depth] = inMap ? 1 : 0;
    depth++;
    left = children;
    inMap = major === 5;
    if (inMap) seen.open(depth, argument);
  }
}

const isByteOrderMark = (bytes: Uint8Array, start: number): boolean =>
  bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf;

function isProto(bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < PROTO.length; i++) if (bytes[start + i] !== PROTO[i]) return false;
  return true;
}
