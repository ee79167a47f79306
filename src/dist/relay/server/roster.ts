/**
 * Who is there by which name. Pure.
 *
 * A name belongs to who has it, and to the key that this one has proven: the same key takes it over from another connection, any other
 * key is refused for as long as it is held (SECURITY §10.2). Whoever has proven no key is never displaced, and displaces nobody.
 */
import { aliveOf } from '../../node-name.ts';

export type Claim<Holder> =
  | { readonly tag: 'taken'; readonly replaced: Holder | undefined }
  /** Somebody else has it. */
  | { readonly tag: 'refused'; readonly holder: Holder };

export type Found<Holder> =
  | { readonly tag: 'found'; readonly holder: Holder; readonly name: string }
  | { readonly tag: 'unknown' }
  /** Several names begin like this. */
  | { readonly tag: 'ambiguous' };

interface Row<Holder> {
  readonly holder: Holder;
  readonly key: string | undefined;
}

const UNKNOWN = { tag: 'unknown' } as const;

export class Roster<Holder extends object> {
  readonly #rows = new Map<string, Row<Holder>>();
  /** What each has. */
  readonly #names = new Map<Holder, string>();
  /** Whole names by the part before the `@`. */
  readonly #byAlive = new Map<string, Set<string>>();

  get size(): number {
    return this.#rows.size;
  }

  names(): IterableIterator<string> {
    return this.#rows.keys();
  }

  /** Who has them, in the same order. */
  *holders(): Generator<Holder> {
    for (const { holder } of this.#rows.values()) yield holder;
  }

  /** Takes a name; one that the holder had before is free then. @param key hex of what it has proven. */
  claim(name: string, holder: Holder, key: string | undefined): Claim<Holder> {
    const row = this.#rows.get(name);
    if (row !== undefined && row.holder !== holder && (key === undefined || row.key !== key))
      return { tag: 'refused', holder: row.holder };
    const replaced = row === undefined || row.holder === holder ? undefined : row.holder;
    if (replaced !== undefined) this.#names.delete(replaced);
    if (this.#names.get(holder) !== name) this.leave(holder);
    this.#rows.set(name, { holder, key });
    this.#names.set(holder, name);
    const alive = aliveOf(name);
    const whole = this.#byAlive.get(alive);
    if (whole === undefined) this.#byAlive.set(alive, new Set([name]));
    else whole.add(name);
    return { tag: 'taken', replaced };
  }

  /** It has no name any more. One that somebody else has taken over stays that one's. */
  leave(holder: Holder): void {
    const name = this.#names.get(holder);
    if (name === undefined) return;
    this.#names.delete(holder);
    this.#rows.delete(name);
    const alive = aliveOf(name);
    const whole = this.#byAlive.get(alive);
    whole?.delete(name);
    if (whole?.size === 0) this.#byAlive.delete(alive);
  }

  /** By a whole name, or by the part before the `@` where no two have the same. */
  find(target: string): Found<Holder> {
    const exact = this.#rows.get(target);
    if (exact !== undefined) return { tag: 'found', holder: exact.holder, name: target };
    if (target.includes('@')) return UNKNOWN;
    const [name, ...others] = this.#byAlive.get(target) ?? [];
    if (name === undefined) return UNKNOWN;
    const row = this.#rows.get(name);
    if (others.length > 0) return { tag: 'ambiguous' };
    return row === undefined ? UNKNOWN : { tag: 'found', holder: row.holder, name };
  }
}
