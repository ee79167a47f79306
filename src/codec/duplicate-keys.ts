/**
 * Remembers the keys of every open map of one scan, to find a key that comes twice.
 *
 * Small maps with short keys, all there is on a normal day, are compared pairwise in place and allocate
 * nothing. Larger maps and longer keys go into a `Set` of strings, so that hostile input stays linear. A string
 * that may look like an integer gets a character of ours in front, one that no UTF-8 begins with: V8 has a
 * predictable hash for those, which a peer could aim at; the hash of all others is seeded.
 *
 * Pure state of one scan: `open` resets a level, `release` lets go of what large maps held.
 */
import { Buffer } from 'node:buffer';

/** Up to this many pairs a map's short keys are compared one by one (at most 120 comparisons). */
const SMALL_MAP = 16;
/** Bytes up to which a key is short. Longer ones are never compared pairwise, however few they are. */
const SHORT_KEY = 64;

/** Longer strings than this are no integers to V8, whatever their digits (it stops at 2^53). */
const LONGEST_INTEGER = 20;

export class DuplicateKeys {
  readonly #starts: Int32Array;
  readonly #lengths: Int32Array;
  readonly #counts: Int32Array;
  readonly #large: Uint8Array;
  readonly #sets: (Set<string> | undefined)[];
  #held = false;
  /** The bytes of this scan, once a key of theirs is in a set. */
  #buffer: Buffer | undefined = undefined;

  constructor(maxDepth: number) {
    this.#starts = new Int32Array((maxDepth + 1) * SMALL_MAP);
    this.#lengths = new Int32Array((maxDepth + 1) * SMALL_MAP);
    this.#counts = new Int32Array(maxDepth + 1);
    this.#large = new Uint8Array(maxDepth + 1);
    this.#sets = new Array<Set<string> | undefined>(maxDepth + 1).fill(undefined);
  }

  /** A map of `pairs` pairs begins at `depth`; what an earlier map left there is forgotten. */
  open(depth: number, pairs: number): void {
    this.#counts[depth] = 0;
    this.#large[depth] = pairs > SMALL_MAP ? 1 : 0;
    if (this.#held) this.#sets[depth] = undefined;
  }

  /** Whether the map open at `depth` has had this key before; if not, it has from now on. */
  has(bytes: Uint8Array, start: number, length: number, depth: number): boolean {
    if (this.#large[depth] === 1 || length > SHORT_KEY) return this.#hasInSet(bytes, start, length, depth);
    const count = this.#counts[depth]!;
    const base = depth * SMALL_MAP;
    for (let i = base; i < base + count; i++) {
      if (this.#lengths[i] === length && sameBytes(bytes, this.#starts[i]!, start, length)) return true;
    }
    this.#starts[base + count] = start;
    this.#lengths[base + count] = length;
    this.#counts[depth] = count + 1;
    return false;
  }

  /** The scan is over. */
  release(): void {
    if (!this.#held) return;
    this.#sets.fill(undefined);
    this.#buffer = undefined;
    this.#held = false;
  }

  #hasInSet(bytes: Uint8Array, start: number, length: number, depth: number): boolean {
    const set = (this.#sets[depth] ??= new Set());
    this.#held = true;
    this.#buffer ??= Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const before = set.size;
    const key = this.#buffer.toString('latin1', start, start + length);
    // Only then, because the joined string has to be copied to be hashed.
    set.add(length <= LONGEST_INTEGER && isDigit(bytes[start]!) ? `\xff${key}` : key);
    return set.size === before;
  }
}

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;

function sameBytes(bytes: Uint8Array, left: number, right: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[left + i] !== bytes[right + i]) return false;
  return true;
}
