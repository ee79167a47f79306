/**
 * Whose turn it is to be dialed, while not all can be at once. Pure.
 *
 * In order; but a peer to which some way is tried already waits behind those to which none is, and leaves them room: that its
 * second way joins late costs less than that the first of another does.
 */

/** Dials at once, and up to how many of them a peer gets one more. */
export const DIALS = 256;
const SECOND_DIALS = 128;

export class DialQueue<Wish> {
  readonly #firsts = new Set<Wish>();
  readonly #others = new Set<Wish>();

  get size(): number {
    return this.#firsts.size + this.#others.size;
  }

  /** Once more changes nothing, but that one which has lost all its ways is among the first now. */
  add(wish: Wish, isFirst: boolean): void {
    if (this.#firsts.has(wish)) return;
    if (isFirst) this.#others.delete(wish);
    (isFirst ? this.#firsts : this.#others).add(wish);
  }

  delete(wish: Wish): void {
    this.#firsts.delete(wish);
    this.#others.delete(wish);
  }

  /** The next one, taken out; undefined when nobody waits or there is no room. @param dialed how many are dialed now. */
  take(dialed: number): Wish | undefined {
    const from = this.#firsts.size > 0 ? this.#firsts : this.#others;
    if (dialed >= (from === this.#firsts ? DIALS : SECOND_DIALS)) return undefined;
    for (const wish of from) {
      from.delete(wish);
      return wish;
    }
    return undefined;
  }
}
