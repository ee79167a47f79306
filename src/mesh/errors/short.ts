/**
 * Text for people, wherever it came from: cut, on one line, and nothing in it that steers a terminal. Pure.
 */

/** Longest message and detail, in characters. */
const LIMIT = 512;

/** Control characters, the other line ends, and what turns the direction of writing. */
// oxlint-disable-next-line no-control-regex
const STEERING = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]+/g;

/** Whole characters only: a text may hold half of one, which cannot be encoded. */
export const short = (text: string): string =>
  (text.slice(0, LIMIT).replace(STEERING, ' ') as string & { toWellFormed(): string }).toWellFormed();
