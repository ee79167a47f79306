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
  /** Gets what is too much here. */
  #other: TokenBucket | undefined;

  /** Full. */
  constructor({ rate, burst }: ByteRate) {
    this.#rate = rate;
    this.#full = Math.max(burst - LARGEST_CHUNK, burst / 2) * SECOND;
    this.#level = this.#full;
  }

  /**
   * Two that share a rate and a burst: each has half of both, and whatever the other one does not want. So nobody at one of them can
   * keep those at the other from passing.
   */
  static pair({ rate, burst }: ByteRate): readonly [TokenBucket, TokenBucket] {
    const half = { rate: rate / 2, burst: burst / 2 };
    const [one, other] = [new TokenBucket(half), new TokenBucket(half)];
    one.#other = other;
    other.#other = one;
    return [one, other];
  }

  /** So many bytes have passed; `now` in milliseconds of the monotonic clock. */
  take(bytes: number, now: number): void {
    this.#fill(now);
    this.#level -= bytes * SECOND;
  }

  /** Whole milliseconds until the bucket is out of debt; 0: bytes may pass. */
  wait(now: number): number {
    this.#fill(now);
    if (this.#level >= 0) return 0;
    const other = this.#other;
    const missing = other === undefined ? Infinity : other.#full - other.#level;
    // once the other one is full its share comes here too
    const alone = Math.min(-this.#level, missing);
    return Math.ceil((alone + (-this.#level - alone) / 2) / this.#rate);
  }

  #fill(now: number): void {
    const surplus = this.#filled(now);
    const other = this.#other;
    if (other === undefined) return;
    this.#add(other.#filled(now));
    other.#add(surplus);
  }

  /** What is too much. */
  #filled(now: number): number {
    if (now <= this.#at) return 0;
    const level = this.#level + (now - this.#at) * this.#rate;
    // it begins full
    const surplus = this.#at === -Infinity ? 0 : Math.max(0, level - this.#full);
    this.#level = Math.min(this.#full, level);
    this.#at = now;
    return surplus;
  }

  #add(amount: number): void {
    this.#level = Math.min(this.#full, this.#level + amount);
  }
}
