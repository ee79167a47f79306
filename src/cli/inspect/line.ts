/**
 * A line of a screen: pieces of text with a style, measured and cut by the cells they take on a terminal. Pure.
 *
 * Source: Unicode Standard Annex #11 (East Asian Width), as far as names of actors need it.
 */
import type { Paint } from '../terminal.ts';

export interface Span {
  readonly text: string;
  readonly style?: Paint;
}

export type Line = readonly Span[];

/** They take two cells: ideographs, syllables, wide forms and pictures. */
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{18aff}\u{1b000}-\u{1b2ff}\u{1f000}-\u{1faff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]$/u;
/** They take none: marks that stand on the character before them. */
const MARK = /^[\p{Mn}\p{Me}\u1160-\u11ff]$/u;
const ASCII = /^[ -~]*$/;

/** Cells that the text takes. */
export function widthOf(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += cellsOf(character);
  return width;
}

/** At most `width` cells; what is cut ends with an ellipsis. */
export function cutEnd(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  if (width < 1) return '';
  return `${taken(Array.from(text), width - 1)}…`;
}

/** The same from the other end: of a path the last name matters. */
export function cutStart(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  if (width < 1) return '';
  const kept: string[] = [];
  let left = width - 1;
  for (const character of Array.from(text).reverse()) {
    left -= cellsOf(character);
    if (left < 0) break;
    kept.push(character);
  }
  return `…${kept.reverse().join('')}`;
}

export const padEnd = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - widthOf(text)));

export const padStart = (text: string, width: number): string =>
  ' '.repeat(Math.max(0, width - widthOf(text))) + text;

export const plain = (line: Line): string => line.map(({ text }) => text).join('');

/** The line in at most `width` cells. */
export function cutLine(line: Line, width: number): Line {
  const kept: Span[] = [];
  let left = width;
  for (const span of line) {
    if (left <= 0) break;
    const text = cutEnd(span.text, left);
    left -= widthOf(text);
    kept.push({ ...span, text });
  }
  return kept;
}

/** Two parts, the second at the right edge when there is room for it; else the first alone. */
export function spread(left: Line, right: Line, width: number): Line {
  const room = width - widthOf(plain(left)) - widthOf(plain(right));
  return room < 1 ? cutLine(left, width) : [...left, { text: ' '.repeat(room) }, ...right];
}

function taken(characters: readonly string[], width: number): string {
  let text = '';
  let left = width;
  for (const character of characters) {
    left -= cellsOf(character);
    if (left < 0) break;
    text += character;
  }
  return text;
}

function cellsOf(character: string): number {
  if (MARK.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}
