/**
 * Which paused streams are left to flow control, and which are given up (TRANSPORT §6).
 *
 * Pure. A paused stream is read into memory up to its share; then it has stalled, and what more the peer sends
 * stays in quiche, where it uses up the window of the whole link. quiche keeps that at one and a half times
 * the window of a stream: one may stall for as long as it likes, two can silence the link. Further ones are still read, at the cost of memory, and given up when they do not move
 * for a while.
 */

/** Milliseconds after which a further one is given up. */
export const GRACE = 1_000;

export class Stalls<Item> {
  /** Since when, the longest first. */
  readonly #since = new Map<Item, number>();
  readonly #may: number;

  /** `may` of a link's streams may stall for ever. */
  constructor(may: number) {
    this.#may = may;
  }

  /** `item` has used up its share at clock time `now`. True when it may stay so. */
  stalled(item: Item, now: number): boolean {
    if (!this.#since.has(item)) this.#since.set(item, now);
    if (this.#since.size <= this.#may) return true;
    let place = 0;
    for (const other of this.#since.keys()) {
      if (other === item) return true;
      if (++place === this.#may) return false;
    }
    return false;
  }

  /** `item` moves again, or is over. */
  moves(item: Item): void {
    this.#since.delete(item);
  }

  /** Clock time at which the first is to be given up. */
  get due(): number | undefined {
    return this.#further()[0]?.due;
  }

  /** Those to be given up by now. */
  overdue(now: number): Item[] {
    return this.#further()
      .filter(({ due }) => due <= now)
      .map(({ item }) => item);
  }

  #further(): { readonly item: Item; readonly due: number }[] {
    if (this.#since.size <= this.#may) return [];
    return [...this.#since].slice(this.#may).map(([item, since]) => ({ item, due: since + GRACE }));
  }
}
