/**
 * One direction of a tunnel: what one end sends goes to the other as fast as that one takes it, and no faster than allowed.
 *
 * Reading stops while the other end is full or a rate is used up, so the sender is held back by flow control; nothing is kept here
 * but what was read in that moment. Bytes pass in direct calls; the actor of the direction (`forwarding.ts`) owns its life.
 */
import type { Clock } from '../../../actor/clock.ts';
import type { Stream } from '../../../transport/transport.ts';
import type { TokenBucket } from './token-bucket.ts';

const NOTHING = new Uint8Array(0);

export interface ForwarderOptions {
  readonly clock: Clock;
  readonly from: Stream;
  readonly to: Stream;
  /** All of them have to allow it. */
  readonly buckets: readonly TokenBucket[];
  /** `resume` is to be called in so many milliseconds. */
  readonly wait: (milliseconds: number) => void;
}

export class Forwarder {
  readonly #options: ForwarderOptions;
  #full = false;
  #waiting = false;
  #paused = false;
  /** The sender has ended its half, and the receiver knows. */
  ended = false;
  /** Bytes that have passed. */
  bytes = 0;

  constructor(options: ForwarderOptions) {
    this.#options = options;
  }

  /** Lent for the call. */
  data(bytes: Uint8Array): void {
    const { to, buckets, clock } = this.#options;
    this.bytes += bytes.length;
    this.#full = !to.write(Uint8Array.prototype.slice.call(bytes));
    const now = clock.now();
    let wait = 0;
    for (const bucket of buckets) {
      bucket.take(bytes.length, now);
      wait = Math.max(wait, bucket.wait(now));
    }
    if (wait > 0 && !this.#waiting) {
      this.#waiting = true;
      this.#options.wait(wait);
    }
    this.#judge();
  }

  /** The sender's half has ended; what it sent before goes first. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.#options.to.write(NOTHING, true);
  }

  /** The receiver takes more. */
  drained(): void {
    this.#full = false;
    this.#judge();
  }

  /** The time that was waited for has passed. */
  resume(): void {
    const { buckets, clock, wait } = this.#options;
    const now = clock.now();
    const left = Math.max(0, ...buckets.map((bucket) => bucket.wait(now)));
    this.#waiting = left > 0;
    if (left > 0) wait(left);
    else this.#judge();
  }

  #judge(): void {
    const { from } = this.#options;
    const held = this.#full || this.#waiting;
    if (held === this.#paused) return;
    this.#paused = held;
    if (held) from.pause();
    else from.resume();
  }
}
