/**
 * One direction of a tunnel: what one end sends goes to the other as fast as that one takes it, and no faster than allowed.
 *
 * While the other end is full or a rate is used up the sender is held back; what it has sent nevertheless waits here, no more than
 * its window. Bytes pass in direct calls; the actor of the direction (`forwarding.ts`) owns its life.
 */
import type { Clock } from '../../../actor/clock.ts';
import type { Stream } from '../../../transport/transport.ts';
import { ByteQueue } from '../byte-queue.ts';
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
  /** The end of the sender's half has been passed on. Once. */
  readonly ended: () => void;
}

export class Forwarder {
  readonly #options: ForwarderOptions;
  /** Came while a rate was used up. */
  readonly #held = new ByteQueue();
  #full = false;
  #waiting = false;
  #paused = false;
  #ending = false;
  #ended = false;
  /** Bytes that have passed. */
  bytes = 0;

  constructor(options: ForwarderOptions) {
    this.#options = options;
  }

  /** Lent for the call. */
  data(bytes: Uint8Array): void {
    const copy = Uint8Array.prototype.slice.call(bytes);
    if (this.#waiting) this.#held.push(copy);
    else this.#pass(copy);
    this.#judge();
  }

  /** The sender's half has ended; what it sent before goes first. */
  end(): void {
    this.#ending = true;
    this.#finish();
  }

  /** The receiver takes more. */
  drained(): void {
    this.#full = false;
    this.#judge();
  }

  /** The time that was waited for has passed. */
  resume(): void {
    const left = this.#left();
    this.#waiting = left > 0;
    if (left > 0) {
      this.#options.wait(left);
      return;
    }
    while (!this.#waiting) {
      const bytes = this.#held.take();
      if (bytes === undefined) break;
      this.#pass(bytes);
    }
    this.#finish();
    this.#judge();
  }

  #pass(bytes: Uint8Array): void {
    const { to, buckets, clock, wait } = this.#options;
    this.bytes += bytes.length;
    this.#full = !to.write(bytes);
    const now = clock.now();
    for (const bucket of buckets) bucket.take(bytes.length, now);
    const left = this.#left();
    if (left <= 0) return;
    this.#waiting = true;
    wait(left);
  }

  /** Milliseconds until all rates allow more. */
  #left(): number {
    const { buckets, clock } = this.#options;
    const now = clock.now();
    return Math.max(0, ...buckets.map((bucket) => bucket.wait(now)));
  }

  #finish(): void {
    if (!this.#ending || this.#ended || this.#held.length > 0) return;
    this.#ended = true;
    this.#options.to.write(NOTHING, true);
    this.#options.ended();
  }

  #judge(): void {
    const { from } = this.#options;
    const holds = this.#full || this.#waiting;
    if (holds === this.#paused) return;
    this.#paused = holds;
    if (holds) from.pause();
    else from.resume();
  }
}
