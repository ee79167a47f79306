/**
 * Which stream ids the peer has used (RFC 9000 §2.1: client bidirectional 0, 4, 8 …, server 1, 5, 9 …).
 *
 * Pure. Ids open in order, but their first packets may arrive out of order; and an id may be reported again
 * after its stream has ended here. So an id is new once, whenever it comes.
 */

/** Distance between ids of one kind. */
export const STRIDE = 4;

export class SeenIds {
  /** The lowest id of the peer above all that were seen or skipped. */
  #next: number;
  /** Skipped ids below `#next`; at most as many as the peer's stream credit. */
  readonly #skipped = new Set<number>();
  readonly #kind: number;

  /** `first` is the peer's first id: 0 when it dialed, 1 when it accepted. */
  constructor(first: 0 | 1) {
    this.#kind = first;
    this.#next = first;
  }

  /** True when `id` is the peer's and was not seen before; it counts as seen from now on. */
  isNew(id: number): boolean {
    if (id % STRIDE !== this.#kind) return false;
    if (id < this.#next) return this.#skipped.delete(id);
    for (let skipped = this.#next; skipped < id; skipped += STRIDE) this.#skipped.add(skipped);
    this.#next = id + STRIDE;
    return true;
  }
}
