/**
 * How much one peer may ask: buckets of tokens, so that none keeps the node from serving the others.
 *
 * Pure; times are clock ms. An honest peer stays far below: a lookup asks each node once.
 */

export interface Budget {
  /** Per second in the long run. */
  readonly rate: number;
  /** At once. */
  readonly burst: number;
}

/** One costs some tens of microseconds; at once as many lookups as a busy node begins in one moment, and more. */
export const QUESTIONS: Budget = { rate: 2_048, burst: 4_096 };
/** Records to keep: each costs a signature, 0.2 ms. At once as many as are handed over to a newcomer, and more. */
export const STORES: Budget = { rate: 256, burst: 2_048 };

export class QuestionBudget {
  readonly #rate: number;
  readonly #burst: number;
  #left: number;
  #at = -Infinity;

  constructor({ rate, burst }: Budget) {
    this.#rate = rate;
    this.#burst = burst;
    this.#left = burst;
  }

  /** Takes one token, or as many as `cost` says; false when there are fewer. */
  take(now: number, cost: number = 1): boolean {
    this.#left = Math.min(this.#burst, this.#left + (Math.max(0, now - this.#at) * this.#rate) / 1_000);
    this.#at = now;
    if (this.#left < cost) return false;
    this.#left -= cost;
    return true;
  }

  /** What was taken was not needed. */
  giveBack(cost: number): void {
    this.#left = Math.min(this.#burst, this.#left + cost);
  }
}
