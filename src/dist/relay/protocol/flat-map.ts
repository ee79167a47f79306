/**
 * The one map of a control frame, in CBOR or MessagePack as its first byte says. Pure; bad bytes are `undefined`.
 *
 * Keys are texts or byte strings, which is the same to us, and each is there once. Values may be anything; lists and maps are
 * passed over, whoever asks for their key finds that they are no text. Nothing may follow. Hand-written and bounded: a frame of a
 * peer is a few small fields, so no general decoder sees it. Source: SPEC §11.1.
 */
import { Buffer } from 'node:buffer';
import { cborItem } from './cbor-items.ts';
import { msgpackItem } from './msgpack-items.ts';
import { Cursor, type Item, type ReadItem } from './wire-items.ts';

/** Items in a frame, those inside of values with them. Ours have 13 at most. */
const MOST_ITEMS = 1_024;
/** How deep lists and maps may lie in a value. */
const DEEPEST = 8;

export interface FlatMap {
  readonly encoding: 'cbor' | 'msgpack';
  /** How the first key was written. */
  readonly keys: 'text' | 'bytes';
  /** By key, a character for each of its bytes. The values refer to the frame. */
  readonly fields: ReadonlyMap<string, Item>;
}

export function readFlatMap(frame: Uint8Array): FlatMap | undefined {
  const encoding = encodingOf(frame[0]);
  if (encoding === undefined) return undefined;
  const items = new Items(new Cursor(frame), encoding === 'cbor' ? cborItem : msgpackItem);
  const map = items.next();
  if (map?.tag !== 'map') return undefined;
  const fields = new Map<string, Item>();
  let keys: 'text' | 'bytes' | undefined;
  for (let pair = 0; pair < map.count; pair++) {
    const key = items.next();
    if (key?.tag !== 'text' && key?.tag !== 'bytes') return undefined;
    keys ??= key.tag;
    const name = bufferOf(key.bytes).toString('latin1');
    const value = items.next();
    if (value === undefined || fields.has(name) || !items.pass(value, 1)) return undefined;
    fields.set(name, value);
  }
  return items.left > 0 ? undefined : { encoding, keys: keys ?? 'text', fields };
}

/** What `toString` is to be asked of: the same bytes. */
export const bufferOf = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

function encodingOf(first: number | undefined): 'cbor' | 'msgpack' | undefined {
  if (first === undefined) return undefined;
  if (first >= 0xa0 && first <= 0xbf) return 'cbor';
  const msgpack = (first >= 0x80 && first <= 0x8f) || first === 0xde || first === 0xdf;
  return msgpack ? 'msgpack' : undefined;
}

/** The items of a frame, so many and no more. */
class Items {
  readonly #cursor: Cursor;
  readonly #read: ReadItem;
  #count = 0;

  constructor(cursor: Cursor, read: ReadItem) {
    this.#cursor = cursor;
    this.#read = read;
  }

  /** Bytes behind the last one. */
  get left(): number {
    return this.#cursor.left;
  }

  next(): Item | undefined {
    return ++this.#count > MOST_ITEMS ? undefined : this.#read(this.#cursor);
  }

  /** Passes over what belongs to an item; false: it is not there, or too much. */
  pass(item: Item, depth: number): boolean {
    if (item.tag !== 'list' && item.tag !== 'map') return true;
    if (depth > DEEPEST) return false;
    const inside = item.tag === 'map' ? 2 * item.count : item.count;
    for (let count = 0; count < inside; count++) {
      const next = this.next();
      if (next === undefined || !this.pass(next, depth + 1)) return false;
    }
    return true;
  }
}
