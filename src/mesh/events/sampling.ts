/**
 * Which lines of a frequent event are written: the first `perSecond` of each second. Pure; time is an argument.
 *
 * A second begins with the first occurrence after the last one is over. What is left out is counted, and told with
 * the next line that is written. Unit: milliseconds on the monotonic clock.
 */
const SECOND = 1_000;

export class Sampler {
  readonly #perSecond: number;
  #since = -Infinity;
  #written = 0;
  #skipped = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** How many were left out since the last one; undefined when this one is left out too. */
  take(now: number): number | undefined {
    if (now - this.#since >= SECOND) {
      this.#since = now;
      this.#written = 0;
    }
    if (this.#written >= this.#perSecond) {
      this.#skipped++;
      return undefined;
    }
    this.#written++;
    return this.flush();
  }

  /** How many were left out and not told yet. They are told now. */
  flush(): number {
    const skipped = this.#skipped;
    this.#skipped = 0;
    return skipped;
  }
}
