/**
 * The searches that have been at this station: one that comes back has gone in a circle. Pure; monotonic ms.
 *
 * Bounded: beyond `MOST` the oldest is forgotten before its time, and the hop limit ends its circle. What clients and
 * stations that are no peers of ours begin is counted apart, so that nobody makes room for a circle of others.
 */

/** Milliseconds a search is known: longer than any that is worth waiting for. */
const KNOWN = 60_000;
/** Searches known at most, of either kind; some 120 bytes each. */
const MOST = 32_768;

/** Whose it is: our own or of a station that we are peered with, or of anybody else. */
export type SearchOrigin = 'ours' | 'strange';

export class SearchesSeen {
  /** Search → when it was here first, the oldest first. */
  readonly #seen = { ours: new Map<string, number>(), strange: new Map<string, number>() };

  get size(): number {
    return this.#seen.ours.size + this.#seen.strange.size;
  }

  /** False when it has been here. */
  add(search: string, now: number, origin: SearchOrigin = 'ours'): boolean {
    const { ours, strange } = this.#seen;
    const since = ours.get(search) ?? strange.get(search);
    if (since !== undefined && now - since < KNOWN) return false;
    ours.delete(search);
    strange.delete(search);
    const seen = this.#seen[origin];
    for (const [oldest, at] of seen) {
      if (now - at < KNOWN && seen.size < MOST) break;
      seen.delete(oldest);
    }
    seen.set(search, now);
    return true;
  }
}
