/**
 * The items of MessagePack. Pure.
 *
 * Integers that were written as signed ones are no unsigned ones, whatever their value. Source: the MessagePack specification,
 * "Formats".
 */
import { OTHER, type Cursor, type Item } from './wire-items.ts';

export function msgpackItem(cursor: Cursor): Item | undefined {
  const head = cursor.uint(1);
  if (head === undefined) return undefined;
  if (head < 0x80) return { tag: 'uint', value: head };
  if (head < 0x90) return { tag: 'map', count: head & 15 };
  if (head < 0xa0) return { tag: 'list', count: head & 15 };
  if (head < 0xc0) return cursor.string('text', head & 31);
  if (head >= 0xe0) return OTHER;
  return wideItem(cursor, head);
}

/** An item whose length or value is in the bytes behind its head. */
function wideItem(cursor: Cursor, head: number): Item | undefined {
  switch (head) {
    case 0xc0: // nil
    case 0xc2: // false
    case 0xc3: // true
      return OTHER;
    case 0xc4:
    case 0xc5:
    case 0xc6:
      return cursor.string('bytes', cursor.uint(1 << (head - 0xc4)));
    case 0xc7:
    case 0xc8:
    case 0xc9: {
      const length = cursor.uint(1 << (head - 0xc7));
      return cursor.other(length === undefined ? undefined : 1 + length);
    }
    case 0xca: // float 32
      return cursor.other(4);
    case 0xcb: // float 64
      return cursor.other(8);
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf: {
      const value = cursor.uint(1 << (head - 0xcc));
      return value === undefined ? undefined : { tag: 'uint', value };
    }
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3: // int 8 to 64
      return cursor.other(1 << (head - 0xd0));
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8: // fixext 1 to 16, with the byte of its type
      return cursor.other(1 + (1 << (head - 0xd4)));
    case 0xd9:
    case 0xda:
    case 0xdb:
      return cursor.string('text', cursor.uint(1 << (head - 0xd9)));
    case 0xdc:
    case 0xdd:
      return counted('list', cursor.uint(2 << (head - 0xdc)));
    case 0xde:
    case 0xdf:
      return counted('map', cursor.uint(2 << (head - 0xde)));
    default:
      return undefined; // 0xc1 is never used
  }
}

const counted = (tag: 'list' | 'map', count: number | undefined): Item | undefined =>
  count === undefined ? undefined : { tag, count };
