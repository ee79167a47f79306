/**
 * How wide the columns of a table are: as wide as what was in them so far, so that nothing moves while figures change. Pure.
 */
import type { Cell } from './sections.ts';

/** Characters that a column has room for, at least and at most. */
const [NARROWEST, WIDEST] = [5, 34];
/** Widths grow by so many characters at once: a digit more moves nothing. */
const STEP = 2;
/** The sign of a row that opens. */
const SIGN = 3;

/** Wider where something has grown, never narrower. */
export function grown(
  before: readonly number[],
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
  opens = false,
): readonly number[] {
  return headings.map((heading, index) => {
    const sign = index === 0 && opens ? SIGN : 0;
    let widest = Math.max(before[index] ?? NARROWEST, heading.length);
    for (const cells of rows) {
      const cell = cells[index];
      if (cell !== undefined) widest = Math.max(widest, Math.min(mostOf(cell), widthOf(cell)) + sign);
    }
    return Math.ceil(widest / STEP) * STEP;
  });
}

/** Steps stand side by side, or say nothing. */
const mostOf = ({ look }: Cell): number => (look?.tag === 'chips' ? 2 * WIDEST : WIDEST);

const ID = /^[0-9a-f]{16,64}$/;

/** In characters, with what stands beside the text. */
function widthOf({ text, look }: Cell): number {
  switch (look?.tag) {
    case undefined:
      // letters are narrower than digits, but not in an id
      return ID.test(text) ? Math.ceil(1.1 * text.length) : text.length;
    case 'badge':
      return text.length + 2;
    case 'chips':
      // their letters are smaller
      return Math.ceil(look.chips.reduce((sum, chip) => sum + 0.85 * chip.text.length + 2.5, 0));
    case 'indent':
      return text.length + 2 * look.level + 2;
    case 'meter':
    case 'countdown':
      return text.length + 7;
    case 'split':
    case 'track':
      return text.length + 10;
    case 'lane':
      return text.length + 16;
  }
}
