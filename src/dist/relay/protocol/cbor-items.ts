/**
 * The items of CBOR. Pure.
 *
 * Lengths are definite, in any of their forms; a tag is a list of the one item that it is about. Source: RFC 8949 §3.
 */
import { OTHER, type Cursor, type Item } from './wire-items.ts';

/** Above are the reserved lengths and the one that says "until the break". */
const LONGEST_ARGUMENT = 27;
/** From here on the argument is in the next bytes, up to here it is in the head. */
const ARGUMENT_BEHIND = 24;

export function cborItem(cursor: Cursor): Item | undefined {
  const head = cursor.uint(1);
  if (head === undefined) return undefined;
  const info = head & 31;
  if (info > LONGEST_ARGUMENT) return undefined;
  const argument = info < ARGUMENT_BEHIND ? info : cursor.uint(1 << (info - ARGUMENT_BEHIND));
  if (argument === undefined) return undefined;
  switch (head >> 5) {
    case 0:
      return { tag: 'uint', value: argument };
    case 2:
      return cursor.string('bytes', argument);
    case 3:
      return cursor.string('text', argument);
    case 4:
      return { tag: 'list', count: argument };
    case 5:
      return { tag: 'map', count: argument };
    case 6:
      return { tag: 'list', count: 1 };
    default:
      return OTHER;
  }
}
