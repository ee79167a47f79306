/**
 * Names as they may be shown: they can come from remote peers.
 *
 * Pure. Control, format (among them those that turn the direction of text), private and half characters become U+FFFD;
 * what is too long is cut before anything else looks at it (SECURITY §11).
 */

/** Longest name shown, in characters. */
export const NAME_LIMIT = 96;

/** Longest text shown in one piece, such as a reason or a line of a stack. */
export const TEXT_LIMIT = 4_000;

const UNSAFE = /[\p{C}\p{Zl}\p{Zp}]/gu;
const UNSAFE_IN_TEXT = /[^\P{C}\n\t]|[\p{Zl}\p{Zp}]/gu;

/** One line. An empty name is shown as what it is. */
export function cleanName(name: unknown, limit: number = NAME_LIMIT): string {
  const text = typeof name === 'string' ? name : String(name);
  return text === '' ? '(no name)' : cut(text, limit, UNSAFE);
}

/** Several lines are allowed. */
export function cleanText(text: string, limit: number = TEXT_LIMIT): string {
  return cut(text, limit, UNSAFE_IN_TEXT);
}

function cut(text: string, limit: number, unsafe: RegExp): string {
  // a character may be two units long: twice the limit holds them all
  const safe = text.slice(0, 2 * limit).replace(unsafe, '\ufffd');
  if (safe.length <= limit && safe.length === text.length) return safe;
  const characters = Array.from(safe);
  return characters.length > limit || safe.length < text.length
    ? `${characters.slice(0, limit).join('')}…`
    : safe;
}
