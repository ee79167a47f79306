/**
 * A link of limited throughput with a bounded queue before it. Pure: time comes in.
 *
 * A datagram begins when the one before has left, takes size / rate, and is lost when what still waits ahead
 * of it fills the queue (drop-tail, as routers do).
 */
import { checkRate, type Throughput } from './conditions.ts';

export class RateLimit {
  readonly #bytesPerMs: number;
  readonly #queue: number;
  #freeAt = 0;

  /** Throws `RangeError`. */
  constructor(limit: Throughput) {
    checkRate('rate', limit);
    this.#bytesPerMs = limit.bytesPerSecond / 1_000;
    this.#queue = limit.queue;
  }

  /** When a datagram of `size` bytes offered at `now` (ms) has left; undefined: the queue is full. */
  leavesAt(now: number, size: number): number | undefined {
    const waiting = Math.max(0, this.#freeAt - now) * this.#bytesPerMs;
    if (waiting > 0 && waiting + size > this.#queue) return undefined;
    this.#freeAt = Math.max(this.#freeAt, now) + size / this.#bytesPerMs;
    return this.#freeAt;
  }
}
