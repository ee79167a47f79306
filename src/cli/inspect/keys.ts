/**
 * What a terminal sends when keys are pressed, as their names. Pure.
 *
 * Source: ECMA-48 control sequences, as xterm, VT220 and the Linux console send them.
 */

/** A character that was typed, or the name of a key: `up`, `page down`, `escape`, `enter`, `interrupt`, `suspend`, … */
export type Key = string;

const SEQUENCES: Readonly<Record<string, Key>> = {
  A: 'up',
  B: 'down',
  H: 'home',
  F: 'end',
  '1~': 'home',
  '7~': 'home',
  '4~': 'end',
  '8~': 'end',
  '5~': 'page up',
  '6~': 'page down',
};

const CONTROLS: Readonly<Record<string, Key>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\u0003': 'interrupt',
  '\u0008': 'backspace',
  '\u000c': 'redraw',
  '\u0015': 'clear',
  '\u001a': 'suspend',
  '\u007f': 'backspace',
};

/** Keys of one piece, at most: a paste is none. */
const MAX_KEYS = 256;

/** A control sequence, an escape that stands alone, or one character. */
// eslint-disable-next-line no-control-regex -- a terminal sends these
const PIECE = /\u001b(?:\[|O)([0-9;]*[A-Za-z~])|\u001b|[^]/gu;

/** Keys in one piece of input. A sequence that is not known is nothing, and so is a control character. */
export function keysIn(text: string): readonly Key[] {
  const keys: Key[] = [];
  for (const match of text.matchAll(PIECE)) {
    const key = keyOf(match[0], match[1]);
    if (key !== undefined) keys.push(key);
    if (keys.length === MAX_KEYS) break;
  }
  return keys;
}

function keyOf(piece: string, sequence: string | undefined): Key | undefined {
  if (sequence !== undefined) return SEQUENCES[sequence];
  if (piece === '\u001b') return 'escape';
  const named = CONTROLS[piece];
  if (named !== undefined) return named;
  return /^\p{C}$/u.test(piece) ? undefined : piece;
}
