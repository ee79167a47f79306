/**
 * Groups on their way in and out: which term a group is, and which group a term. Pure.
 *
 * A string is an atom, as names are: `workers.join('resize', pid)` is `pg:join(resize, Pid)`. Numbers, true and false are what they
 * are. Any other term (`{room, 5}`, a binary) is a group too: values that are the same term are one group, and the first of
 * them is its key. What is no term, a text longer than an atom and a term of more than
 * 16 KiB is a group of this node only.
 */
import { Atom, ATOM_CHARACTERS, isAtom } from '../../codec/etf/atom.ts';
import { encodeTerm, type EncodeOptions } from '../../codec/etf/encode.ts';
import { isWellFormedText } from '../../codec/utf8.ts';

/** Keys kept before those that nobody uses any more are looked for. */
const SWEEP = 1_024;

/** Bytes of the term of a group that others are told of. */
const LONGEST = 16_384;

export interface GroupTerm {
  readonly term: unknown;
  readonly bytes: number;
}

export class GroupTerms {
  readonly #terms: EncodeOptions;
  readonly #isUsed: (group: unknown) => boolean;
  readonly #keys = new Map<string, object>();
  #sweepAt = SWEEP;

  /** @param isUsed whether anything is still about that group. */
  constructor(terms: EncodeOptions, isUsed: (group: unknown) => boolean) {
    this.#terms = terms;
    this.#isUsed = isUsed;
  }

  /** The one value that stands for all that are the same term. */
  keyOf(group: unknown, keep: boolean): unknown {
    if (isAtom(group)) return group.name;
    if (typeof group !== 'object' || group === null) return group;
    const written = encodeTerm(group, this.#terms);
    if (!written.ok) return group;
    const text = Buffer.from(written.bytes).toString('latin1');
    const known = this.#keys.get(text);
    if (known !== undefined || !keep) return known ?? group;
    this.#keys.set(text, group);
    return group;
  }

  /** What others know it by; undefined: they cannot. */
  termOf(key: unknown): GroupTerm | undefined {
    if (typeof key === 'string') {
      // only to be written: nothing is interned
      return isAtomText(key) ? { term: new Atom(key), bytes: 4 * key.length } : undefined;
    }
    const written = encodeTerm(key, this.#terms);
    return written.ok && written.bytes.length <= LONGEST
      ? { term: key, bytes: written.bytes.length }
      : undefined;
  }

  /** Forgets keys that nobody uses, when there are many. Not between `keyOf` and the use of what it gave. */
  tidy(): void {
    if (this.#keys.size < this.#sweepAt) return;
    for (const [text, key] of this.#keys) if (!this.#isUsed(key)) this.#keys.delete(text);
    this.#sweepAt = SWEEP + 2 * this.#keys.size;
  }
}

const isAtomText = (text: string): boolean => text.length <= ATOM_CHARACTERS && isWellFormedText(text);
