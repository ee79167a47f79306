/**
 * Ejects a provider that fails, and lets it back when a probe succeeds. Pure: time comes in as monotonic ms.
 *
 * Closed until, within the window, at least `MINIMUM` calls ended and at least half of them failed. Then open: no
 * calls. When its time is over one call is let through (half open): its success closes, its failure opens for twice
 * as long. What declares a failure (`handler_error`) is no failure here; that is the caller's to say.
 * Anchor: moleculer's circuit breaker (threshold, minimum request count, half-open time).
 */

/** Calls that must have ended in the window before anybody is judged. */
const MINIMUM = 3;
/** Share of failures at which it opens, inclusive. */
const THRESHOLD = 0.5;
/** Milliseconds over which calls are counted. */
const WINDOW = 10_000;
/** Milliseconds it stays open the first time, and at most: a provider that never heals costs one call in that. */
const OPEN = 10_000;
const OPEN_MOST = 300_000;

export class Breaker {
  #state: 'closed' | 'open' | 'probing' = 'closed';
  #since = 0;
  #ended = 0;
  #failed = 0;
  /** Milliseconds it is open this time. */
  #open = OPEN;
  /** When its time is over; while probing, when a probe that never ended is forgotten. */
  #until = 0;

  /** Whether a call may go there now. Reading changes nothing. */
  allows(now: number): boolean {
    return this.#state === 'closed' || now >= this.#until;
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** A call goes there. */
  began(now: number): void {
    if (this.#state === 'closed') return;
    this.#state = 'probing';
    this.#until = now + this.#open;
  }

  succeeded(now: number): void {
    if (this.#state === 'closed') this.#count(now, 0);
    // what was sent before it opened proves nothing; only the probe does
    else if (this.#state === 'probing') {
      this.#state = 'closed';
      this.#open = OPEN;
      this.#ended = this.#failed = 0;
    }
  }

  failed(now: number): void {
    if (this.#state === 'open') return;
    if (this.#state === 'probing') {
      this.#open = Math.min(OPEN_MOST, 2 * this.#open);
      this.#trip(now);
      return;
    }
    this.#count(now, 1);
    if (this.#ended >= MINIMUM && this.#failed >= THRESHOLD * this.#ended) this.#trip(now);
  }

  #trip(now: number): void {
    this.#state = 'open';
    this.#until = now + this.#open;
  }

  #count(now: number, failed: 0 | 1): void {
    if (now - this.#since >= WINDOW) {
      this.#since = now;
      this.#ended = this.#failed = 0;
    }
    this.#ended++;
    this.#failed += failed;
  }
}
