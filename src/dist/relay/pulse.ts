/**
 * Whether the other end of a connection is still there. Pure; counts of packets and round-trip times come in.
 *
 * One that has sent nothing since the last look is asked, and asked again in shorter time: after three questions without an answer it
 * is gone. Who sends by itself is looked at twice per interval, so that nobody is silent for longer than one before it is asked.
 * What is asked for is an acknowledgment of QUIC, so foreign ends answer too (RELIABILITY §9).
 */

/** Questions without an answer. */
const MISSES = 3;
/** Part of the interval between two of them. */
const HASTE = 5;
/** Milliseconds for an answer at most, unless the way there and back takes longer. */
const LONGEST_ASK = 500;

export type Beat =
  /** All is well: the next look is due after `wait` ms. */
  | { readonly tag: 'fine'; readonly wait: number }
  /** It is to be asked, and looked at again after `wait` ms. */
  | { readonly tag: 'ask'; readonly wait: number }
  | { readonly tag: 'gone' };

export class Pulse {
  /** Milliseconds of silence after which it is asked at the latest. */
  readonly #every: number;
  #arrivals = -1;
  #misses = 0;

  constructor(every: number) {
    this.#every = every;
  }

  /**
   * @param arrivals packets that have come, in all.
   * @param rtt milliseconds there and back; 0: unknown.
   */
  look(arrivals: number, rtt: number): Beat {
    const silent = arrivals === this.#arrivals;
    // the answer is as old as the question, at most
    const age = this.#misses > 0 ? this.#wait(rtt) : this.#every;
    this.#arrivals = arrivals;
    this.#misses = silent ? this.#misses + 1 : 0;
    if (!silent) return { tag: 'fine', wait: Math.max(this.#every / 2, this.#every - age) };
    return this.#misses > MISSES ? { tag: 'gone' } : { tag: 'ask', wait: this.#wait(rtt) };
  }

  /** Somebody says that it is gone: it is asked at once. Undefined: that is under way. */
  doubt(arrivals: number, rtt: number): Beat | undefined {
    if (this.#misses > 0) return undefined;
    this.#arrivals = arrivals;
    this.#misses = 1;
    return { tag: 'ask', wait: this.#wait(rtt) };
  }

  /** Milliseconds for an answer. */
  #wait(rtt: number): number {
    return Math.max(Math.min(this.#every / HASTE, LONGEST_ASK), rtt);
  }
}
