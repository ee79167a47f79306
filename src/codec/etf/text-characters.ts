/**
 * Characters in the text of terms: which names need quotes, which characters stand for themselves. Pure.
 *
 * Source: Erlang/OTP `erl_scan`, `io_lib:printable_unicode_list/1`.
 */

/** Atoms that are written without quotes, but for the reserved words. */
export const BARE_ATOM: RegExp = /[a-zß-öø-ÿ][a-zß-öø-ÿA-ZÀ-ÖØ-Þ0-9_@]*/y;

/** `else` and `maybe` are words of newer releases; in quotes they are the same atoms in all of them. */
export const RESERVED: ReadonlySet<string> = new Set(
  (
    'after and andalso band begin bnot bor bsl bsr bxor case catch cond div else end fun if let maybe not of or orelse ' +
    'receive rem try when xor'
  ).split(' '),
);

/** Behind a backslash: what it means. */
export const ESCAPES: ReadonlyMap<string, number> = new Map([
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
  ['v', 0x0b],
  ['b', 0x08],
  ['f', 0x0c],
  ['e', 0x1b],
  ['d', 0x7f],
  ['s', 0x20],
]);

const SHORT: ReadonlyMap<number, string> = new Map(
  [...ESCAPES].filter(([letter]) => letter !== 's').map(([letter, code]) => [code, `\\${letter}`]),
);

/** What could steer a terminal though Erlang prints it: marks of direction, separators of lines, nothing to be seen. */
const isSteering = (code: number): boolean =>
  (code >= 0x200b && code <= 0x200f) ||
  (code >= 0x2028 && code <= 0x202e) ||
  (code >= 0x2066 && code <= 0x2069) ||
  code === 0x061c ||
  code === 0xfeff;

const isVisible = (code: number): boolean =>
  (code >= 0x20 && code <= 0x7e) ||
  (code >= 0xa0 && code <= 0xd7ff) ||
  (code >= 0xe000 && code <= 0xfffd) ||
  (code >= 0x1_0000 && code <= 0x10_ffff);

/** Whether a list with such numbers is shown as text: what is visible, and what moves on within a text. */
export const isPrintable = (code: number): boolean =>
  isVisible(code) || (code >= 0x08 && code <= 0x0d) || code === 0x1b;

/** A character between quotes of that kind. */
export function escaped(code: number, quote: string): string {
  const character = String.fromCodePoint(code);
  if (character === quote || character === '\\') return `\\${character}`;
  if (isVisible(code) && !isSteering(code)) return character;
  const short = SHORT.get(code);
  if (short !== undefined) return short;
  return code < 0x100 ? `\\${code.toString(8).padStart(3, '0')}` : `\\x{${code.toString(16).toUpperCase()}}`;
}

/** An atom's name as it is written. */
export function atomText(name: string): string {
  BARE_ATOM.lastIndex = 0;
  if (BARE_ATOM.exec(name)?.[0] === name && !RESERVED.has(name)) return name;
  let text = '';
  for (const character of name) text += escaped(character.codePointAt(0) ?? 0, "'");
  return `'${text}'`;
}
