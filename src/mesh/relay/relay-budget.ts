/**
 * How many bytes may pass a relay: a bucket that fills with time. Pure; times are clock ms.
 *
 * One per attached node and one for the station; what does not fit is dropped like by any full line, and the
 * connection inside the session slows down (SECURITY §10.2).
 */
export interface ByteRate {
  /** Bytes per second in the long run. */
  readonly rate: number;
  /** Bytes at once. */
  readonly burst: number;
}

export class ByteBudget {
  readonly #rate: ByteRate;
  #left: number;
  #at: number;

  constructor(rate: ByteRate, now: number) {
    this.#rate = rate;
    this.#left = rate.burst;
    this.#at = now;
  }

  /** Whether so many bytes would fit now. */
  fits(bytes: number, now: number): boolean {
    this.#refill(now);
    return this.#left >= bytes;
  }

  /** Nothing was taken lately. */
  isFull(now: number): boolean {
    this.#refill(now);
    return this.#left >= this.#rate.burst;
  }

  /** After `fits`. */
  take(bytes: number): void {
    this.#left -= bytes;
  }

  #refill(now: number): void {
    if (now <= this.#at) return;
    const { rate, burst } = this.#rate;
    this.#left = Math.min(burst, this.#left + ((now - this.#at) * rate) / 1_000);
    this.#at = now;
  }
}
