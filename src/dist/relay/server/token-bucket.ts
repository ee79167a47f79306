/**
 * How fast bytes may pass: a bucket that fills with time. Pure but for its level.
 *
 * Who forwards bytes learns of them when they are there: it takes them, and waits until the bucket is out of debt before it asks for
 * more. So one chunk may be taken on credit. The bucket holds less than the burst by as much as the largest chunk, so that in any
 * time no more than the burst and what the rate allows goes through, that chunk included; it holds half of the burst when that is more:
 * then the largest chunks may go above the burst, by less than one of them. Source: SECURITY §10.
 */

export interface ByteRate {
  /** Bytes per second, above 0. */
  readonly rate: number;
  /** Bytes at once. */
  readonly burst: number;
}

/** Bytes that a transport hands over at once, at most. */
export const LARGEST_CHUNK = 65_536;

const SECOND = 1_000;

export class TokenBucket {
  readonly #rate: number;
  /** Both in thousandths of a byte, so that whole milliseconds at a whole rate are exact. */
  readonly #full: number;
  #level: number;
  #at = -Infinity;

  /** Full. */
  constructor({ rate, burst }: ByteRate) {
    this.#rate = rate;
    this.#full = Math.max(burst - LARGEST_CHUNK, burst / 2) * SECOND;
    this.#level = this.#full;
  }

  /** So many bytes have passed; `now` in milliseconds of the monotonic clock. */
  take(bytes: number, now: number): void {
    this.#fill(now);
    this.#level -= bytes * SECOND;
  }

  /** Whole milliseconds until the bucket is out of debt; 0: bytes may pass. */
  wait(now: number): number {
    this.#fill(now);
    return this.#level >= 0 ? 0 : Math.ceil(-this.#level / this.#rate);
  }

  #fill(now: number): void {
    if (now <= this.#at) return;
    this.#level = Math.min(this.#full, this.#level + (now - this.#at) * this.#rate);
    this.#at = now;
  }
}
