/**
 * Erlang's atoms: names that are equal by identity.
 *
 * Pure but for the process's one table. A program makes atoms with `atom(name)`; those that peers send are interned in
 * the same table, 65,536 of them at most: beyond that they are atoms of their own, equal by their names only, and
 * are collected like any value. So compare with `isAtom`, which is right for both. Atoms are inert: nothing is looked up
 * by them. Source: SECURITY §9 (atom floods), DIST §5.
 */
import { isWellFormedText } from '../utf8.ts';

/** The most that peers may add to the table. */
export const INTERNED_LIMIT = 65_536;
/** Characters (code points), inclusive. Source: Erlang/OTP, `erlang:list_to_atom/1`. */
export const ATOM_CHARACTERS = 255;

export class Atom {
  readonly name: string;
  /** Use `atom`: atoms made by hand equal no other. */
  constructor(name: string) {
    this.name = name;
  }
  toString(): string {
    return this.name;
  }
}

const table = new Map<string, Atom>();
let received = 0;

/**
 * The atom of this name, one and the same for all who ask.
 * @throws RangeError above 255 characters; TypeError for anything but a well-formed string.
 */
export function atom(name: string): Atom {
  const known = table.get(name);
  if (known !== undefined) return known;
  if (typeof name !== 'string' || !isWellFormedText(name))
    throw new TypeError('atom: a well-formed string is needed');
  if (!fits(name)) throw new RangeError(`atom: more than ${ATOM_CHARACTERS} characters`);
  const made = new Atom(name);
  table.set(name, made);
  return made;
}

/** Whether a term is the atom of this name; any atom without one. True, false, null and undefined are none: they are themselves. */
export const isAtom = (term: unknown, name?: string): term is Atom =>
  term instanceof Atom && (name === undefined || term.name === name);

/** The atom of a name that a peer sent; undefined when it is too long. */
export function receivedAtom(name: string): Atom | undefined {
  const known = table.get(name);
  if (known !== undefined) return known;
  if (!fits(name)) return undefined;
  const made = new Atom(name);
  if (received < INTERNED_LIMIT) {
    received++;
    table.set(name, made);
  }
  return made;
}

/** How many atoms peers have added. */
export const internedAtoms = (): number => received;

/** Whether an atom can have this name. */
export const isAtomName = (name: string): boolean => isWellFormedText(name) && fits(name);

function fits(name: string): boolean {
  if (name.length <= ATOM_CHARACTERS) return true;
  if (name.length > 2 * ATOM_CHARACTERS) return false;
  let count = 0;
  for (const _character of name) count++;
  return count <= ATOM_CHARACTERS;
}
