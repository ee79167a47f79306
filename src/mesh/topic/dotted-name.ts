/**
 * Dotted procedure names: `myapp.user.get`.
 *
 * Two to ten segments `[a-z0-9][a-z0-9_]*`, at most 255 bytes in all, ASCII. The loose form, on request only,
 * takes one segment, dashes and upper case as well.
 *
 * Pure. Source: SPEC §12 "Dotted names", DESIGN §8 "Names".
 */

/** Bytes of a whole name. */
export const LONGEST_NAME = 255;

const MOST_SEGMENTS = 10;
const SEGMENT = /^[a-z0-9][a-z0-9_]*$/;
const LOOSE_SEGMENT = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

/** Whether `name` follows the grammar of seed 000. */
export const isDottedName = (name: string): boolean => matches(name, 2, SEGMENT);

/** Whether `name` is acceptable under `names: 'any'`. Every dotted name is. */
export const isLooseName = (name: string): boolean => matches(name, 1, LOOSE_SEGMENT);

/** Characters are bytes here: the grammars are ASCII. Split and test by segment, so that time is linear. */
function matches(name: string, fewest: number, segment: RegExp): boolean {
  if (name.length > LONGEST_NAME) return false;
  const segments = name.split('.', MOST_SEGMENTS + 1);
  if (segments.length < fewest || segments.length > MOST_SEGMENTS) return false;
  return segments.every((part) => segment.test(part));
}
