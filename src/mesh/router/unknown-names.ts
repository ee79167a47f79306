/**
 * Names that a station has just asked all others for, in vain: for a moment it does not ask again. Pure; monotonic ms.
 *
 * Only what was asked from here on is remembered: who passes a search on asks fewer than there are.
 */

/** Milliseconds for which a name is known to be nobody's: a service that has just started should not wait longer. */
const KNOWN = 2_000;
/** Names known at most; the oldest is forgotten first. */
const MOST = 10_000;

export class UnknownNames {
  /** Name → until when, the oldest first. */
  readonly #names = new Map<string, number>();

  get size(): number {
    return this.#names.size;
  }

  has(name: string, now: number): boolean {
    return now < (this.#names.get(name) ?? -Infinity);
  }

  /** Somebody has answered for it. */
  forget(name: string): void {
    this.#names.delete(name);
  }

  add(name: string, now: number): void {
    this.#names.delete(name);
    for (const [oldest, until] of this.#names) {
      if (now < until && this.#names.size < MOST) break;
      this.#names.delete(oldest);
    }
    this.#names.set(name, now + KNOWN);
  }
}
