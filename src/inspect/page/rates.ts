/** How fast counts grow, from one answer of the node to the next. */

/** Answers that are closer than this say little of a rate. Milliseconds. */
const LEAST = 200;
/** Counts that are kept. */
const MOST = 2_000;

interface Count {
  readonly count: number;
  readonly rate: number | null;
}

export class Rates {
  #at = 0;
  #before: ReadonlyMap<string, Count> = new Map();
  #now = new Map<string, Count>();
  #passed = 0;

  /** An answer has come. @param at ms since 1970, by the node's clock. */
  begin(at: number): void {
    this.#passed = at - this.#at;
    this.#at = at;
    this.#before = this.#now;
    this.#now = new Map();
  }

  /** Per second; null: it was not in the answer before. */
  readonly of = (what: string, count: number): number | null => {
    const before = this.#before.get(what);
    const rate = before === undefined ? null : this.#rate(before, count);
    if (this.#now.size < MOST) this.#now.set(what, { count, rate });
    return rate;
  };

  #rate(before: Count, count: number): number | null {
    if (this.#passed < LEAST) return before.rate;
    // it counts from 0 again: the part was restarted
    return count < before.count ? null : (1_000 * (count - before.count)) / this.#passed;
  }
}
