/**
 * A tree, or what has changed of it, as JSON in pieces: between two of them the event loop has its turn. Pure.
 */
import type { Delta } from '../delta.ts';

/** Rows, changes and ids of a piece: with eight streams that all have a piece to write, some milliseconds of work in one turn. */
const ITEMS = 250;

/** `{ schema, seq, node, at, rows }`; in one piece where there are few rows. @param end what follows it. */
export const treePieces = (
  node: string,
  { seq, at, added }: Delta,
  end: string = '',
): Generator<string, void> => pieces({ schema: 1, seq, node, at }, { rows: added }, end);

/** The delta as it is. @param end what follows it. */
export const deltaPieces = (
  { added, removed, changed, ...head }: Delta,
  end: string = '',
): Generator<string, void> => pieces(head, { added, removed, changed }, end);

/** An object: first all of `head`, which has something in it, then the lists. */
function* pieces(
  head: object,
  lists: Readonly<Record<string, readonly unknown[]>>,
  end: string,
): Generator<string, void> {
  let text = JSON.stringify(head).slice(0, -1);
  let room = ITEMS;
  for (const [name, items] of Object.entries(lists)) {
    text += `,"${name}":[`;
    for (let from = 0; from < items.length;) {
      if (room === 0) {
        yield text;
        text = '';
        room = ITEMS;
      }
      const part = items.slice(from, from + room);
      text += `${from === 0 ? '' : ','}${JSON.stringify(part).slice(1, -1)}`;
      from += part.length;
      room -= part.length;
    }
    text += ']';
  }
  yield `${text}}${end}`;
}
