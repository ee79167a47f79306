/**
 * How many calls may be repeated: at most one in ten, so that failing providers are not asked more and more.
 *
 * A token bucket: each call puts a tenth of a token in, each further attempt (failover or retry) takes one. What
 * the bucket holds at the start, and what drips in with time, lets quiet callers repeat theirs. Little is saved: of
 * any so many calls, however healthy those before them were, a tenth is repeated and `FULL` more. Time comes in as
 * monotonic milliseconds. Source: RELIABILITY §6 "Retry budget".
 */

/** Tokens a call is worth. */
const PER_CALL = 0.1;
/** Tokens at the start. Time alone fills it up so far. */
const START = 20;
/** Tokens it holds at most: a death may strand that many calls at once, and one in a hundred of 10,000 is little. */
const FULL = 100;
/** Tokens per millisecond that come with time alone: one in ten seconds. */
const DRIP = 1 / 10_000;

export class RetryBudget {
  #tokens = START;
  #at: number;
  /** Further attempts that were refused. */
  refused = 0;

  constructor(now: number) {
    this.#at = now;
  }

  /** A call begins. */
  deposit(): void {
    this.#tokens = Math.min(FULL, this.#tokens + PER_CALL);
  }

  /** Takes the token for one further attempt; false when there is none. */
  take(now: number): boolean {
    if (this.#tokens < START) this.#tokens = Math.min(START, this.#tokens + (now - this.#at) * DRIP);
    this.#at = now;
    if (this.#tokens < 1) {
      this.refused++;
      return false;
    }
    this.#tokens -= 1;
    return true;
  }
}
