/**
 * The searches that have been at this station: one that comes back has gone in a circle. Pure; monotonic ms.
 *
 * Bounded: beyond `MOST` the oldest is forgotten before its time, and the hop limit ends its circle.
 */

/** Milliseconds a search is known: longer than any that is worth waiting for. */
const KNOWN = 60_000;
/** Searches known at most. */
const MOST = 10_000;

export class SearchesSeen {
  /** Search → when it was here first, the oldest first. */
  readonly #seen = new Map<string, number>();

  get size(): number {
    return this.#seen.size;
  }

  /** False when it has been here. */
  add(search: string, now: number): boolean {
    for (const [oldest, at] of this.#seen) {
      if (now - at < KNOWN && this.#seen.size < MOST) break;
      this.#seen.delete(oldest);
    }
    if (this.#seen.has(search)) return false;
    this.#seen.set(search, now);
    return true;
  }
}
