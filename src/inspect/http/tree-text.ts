/**
 * A whole tree as JSON, in pieces: between two of them the event loop has its turn. Pure.
 */
import type { Delta } from '../delta.ts';

/** Rows of a piece: less than a millisecond's work. */
const ROWS = 500;

/** `{ schema, seq, node, at, rows }`; in one piece where there are few rows. @param end what follows it. */
export function* treePieces(
  node: string,
  { seq, at, added }: Delta,
  end: string = '',
): Generator<string, void> {
  let text = `${JSON.stringify({ schema: 1, seq, node, at }).slice(0, -1)},"rows":[`;
  for (let from = 0; from < added.length; from += ROWS) {
    const rows = JSON.stringify(added.slice(from, from + ROWS));
    text += `${from === 0 ? '' : ','}${rows.slice(1, -1)}`;
    if (from + ROWS < added.length) {
      yield text;
      text = '';
    }
  }
  yield `${text}]}${end}`;
}
