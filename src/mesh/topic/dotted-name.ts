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

const DOTTED = /^[a-z0-9][a-z0-9_]*(?:\.[a-z0-9][a-z0-9_]*){1,9}$/;
const LOOSE = /^[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9][A-Za-z0-9_-]*){0,9}$/;

/** Whether `name` follows the grammar of seed 000. */
export const isDottedName = (name: string): boolean => matches(name, DOTTED);

/** Whether `name` is acceptable under `names: 'any'`. Every dotted name is. */
export const isLooseName = (name: string): boolean => matches(name, LOOSE);

/** Characters are bytes here: the grammars are ASCII. A dot is in no segment, so that time is linear. */
const matches = (name: string, grammar: RegExp): boolean => name.length <= LONGEST_NAME && grammar.test(name);
