/**
 * How long the oldest message of a mailbox has waited, told from looks alone: actors keep no times. Pure.
 *
 * Messages are numbered as they come. The next to be handled is number `handled + 1`; it came before the first look that had seen so
 * many come. So the figure is exact to the time between two looks, and never too large.
 */
interface Seen {
  /** Clock milliseconds. */
  readonly at: number;
  /** Messages accepted until then. */
  readonly came: number;
}

/** Looks remembered of one actor. */
const LOOKS = 16;

export class Waiting {
  readonly #seen = new Map<string, Seen[]>();

  /** A look at an actor. Gives the milliseconds; 0 when nothing waits, or it came since the last look. */
  look(id: string, now: number, came: number, handled: number): number {
    if (came <= handled) {
      this.#seen.delete(id);
      return 0;
    }
    // what was handled meanwhile tells nothing more
    const seen = (this.#seen.get(id) ?? []).filter((look) => look.came > handled);
    const [first] = seen;
    // of many looks the first and the last ones count
    if (seen.length >= LOOKS) seen.splice(1, 1);
    seen.push({ at: now, came });
    this.#seen.set(id, seen);
    return first === undefined ? 0 : Math.round(now - first.at);
  }

  /** It is gone. */
  forget(id: string): void {
    this.#seen.delete(id);
  }

  clear(): void {
    this.#seen.clear();
  }
}
