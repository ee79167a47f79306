/**
 * When to ask again for what the peer may have granted and we never heard of. Pure.
 *
 * quiche 0.18 does not send a lost MAX_DATA again before the application has read more, nor a lost MAX_STREAMS before
 * another stream has ended (RFC 9000 §13.3 wants both; mended upstream in 2026). A sender that had used up everything
 * would wait for ever, and keep-alives would keep the link: one lost packet, and it is silent for good. So every
 * sender keeps a little back. When nothing moves for a while it spends some of
 * that, which makes the peer's quiche say all it has granted.
 */

/** Bytes of the connection's window that are spent on nudges only, one each. */
export const KEPT_BYTES = 64;
/** Streams that are opened for nudges only; a listener grants so many more than it was told to… */
const KEPT_STREAMS = 3;
/** …if that is at least this many. With fewer quiche would grant the next one late, and one is not worth keeping. */
const LEAST_STREAMS = 4;

/** What a listener grants that is to let its peer open `streams` at once. */
export const grantedStreams = (streams: number): number =>
  streams < LEAST_STREAMS ? streams : streams + KEPT_STREAMS;

/** How many of those that were granted first a sender keeps back. */
export const keptStreams = (granted: number): number =>
  granted < LEAST_STREAMS + KEPT_STREAMS ? 0 : KEPT_STREAMS;

/** Milliseconds of waiting before the first nudge; doubles with each. */
const FIRST_PAUSE = 250;
const MAX_PAUSE = 8_000;

export class Nudge {
  #due = Infinity;
  #heard = -1;
  #pause = FIRST_PAUSE;

  /** Clock time of the next; Infinity while nothing waits. */
  get due(): number {
    return this.#due;
  }

  /**
   * Something waits for the peer. True when a nudge is due now: not while nothing came since the last one, because its
   * answer would be lost too. `heard`: packets that came, in all.
   */
  waits(now: number, heard: () => number): boolean {
    if (this.#due === Infinity) this.#due = now + this.#pause;
    if (now < this.#due) return false;
    const count = heard();
    if (count === this.#heard) {
      this.#due = now + this.#pause;
      return false;
    }
    this.#heard = count;
    this.#pause = Math.min(MAX_PAUSE, 2 * this.#pause);
    this.#due = now + this.#pause;
    return true;
  }

  /** It moves again, or nothing waits. */
  moves(): void {
    this.#due = Infinity;
    this.#heard = -1;
    this.#pause = FIRST_PAUSE;
  }
}
