/**
 * The atoms of received bytes: the same few come again and again, so their names are compared as bytes.
 *
 * Direct-mapped: a place holds the last atom of its hash. True, false, null and undefined are JavaScript's.
 */
import { isWellFormedUtf8 } from '../utf8.ts';
import { receivedAtom, type Atom } from './atom.ts';
import { Broken } from './broken.ts';

export type AtomValue = Atom | boolean | null | undefined;

const PLACES = 1_024;
/** Longer names are not kept, bytes. */
const LONGEST = 64;

interface Known {
  readonly name: Uint8Array;
  readonly latin1: boolean;
  readonly value: AtomValue;
}

const known: (Known | undefined)[] = Array.from({ length: PLACES });

/** Names that are values of JavaScript. */
export const VALUES: ReadonlyMap<string, AtomValue> = new Map<string, AtomValue>([
  ['true', true],
  ['false', false],
  ['null', null],
  ['undefined', undefined],
]);

/** @throws Broken when it is no name. */
export function atomOf(bytes: Uint8Array, from: number, to: number, latin1: boolean): AtomValue {
  const length = to - from;
  if (length > LONGEST) return read(bytes, from, to, latin1);
  const place = placeOf(bytes, from, length);
  const entry = known[place];
  if (entry !== undefined && entry.latin1 === latin1 && isSame(entry.name, bytes, from, length))
    return entry.value;
  const value = read(bytes, from, to, latin1);
  known[place] = { name: Uint8Array.prototype.slice.call(bytes, from, to), latin1, value };
  return value;
}

/** Of a few bytes only: names that differ elsewhere take the place from each other. */
function placeOf(bytes: Uint8Array, from: number, length: number): number {
  if (length === 0) return 0;
  const last = from + length - 1;
  let hash = Math.imul(length, 31) + bytes[from]!;
  hash = Math.imul(hash, 31) + bytes[from + (length >> 2)]!;
  hash = Math.imul(hash, 31) + bytes[from + (length >> 1)]!;
  hash = Math.imul(hash, 31) + bytes[last - (length >> 2)]!;
  hash = Math.imul(hash, 31) + bytes[last > from ? last - 1 : last]!;
  hash = Math.imul(hash, 31) + bytes[last]!;
  return (hash ^ (hash >>> 15)) & (PLACES - 1);
}

function isSame(name: Uint8Array, bytes: Uint8Array, from: number, length: number): boolean {
  if (name.length !== length) return false;
  for (let index = 0; index < length; index++) if (name[index] !== bytes[from + index]) return false;
  return true;
}

function read(bytes: Uint8Array, from: number, to: number, latin1: boolean): AtomValue {
  if (!latin1 && !isWellFormedUtf8(bytes, from, to)) throw new Broken('utf8');
  const own = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const name = own.toString(latin1 ? 'latin1' : 'utf8', from, to);
  if (VALUES.has(name)) return VALUES.get(name);
  const atom = receivedAtom(name);
  if (atom === undefined) throw new Broken('atom');
  return atom;
}
