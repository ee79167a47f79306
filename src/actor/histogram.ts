/**
 * A histogram with fixed buckets: how often a value fell into each, and their sum.
 *
 * Pure data that only grows. To count a value is a search among the bounds and two additions; nothing is allocated.
 */

/** Milliseconds: a call inside a process takes some microseconds, one across the world a second. */
export const DURATIONS: readonly number[] = [
  0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000,
];

export class Histogram {
  /** Upper edges, ascending; a value on an edge is below it. */
  readonly bounds: readonly number[];
  /** Values per bucket, the last one for those above all bounds. */
  readonly counts: number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  /** @param times how often it was seen. */
  observe(value: number, times: number = 1): void {
    this.counts[this.place(value)]! += times;
    this.sum += times * value;
  }

  /** The bucket of a value. */
  place(value: number): number {
    const { bounds } = this;
    let place = 0;
    while (place < bounds.length && value > bounds[place]!) place++;
    return place;
  }

  get count(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }

  /**
   * The value below which the share `q` (0 … 1) of all lies, as Prometheus computes it: on a line through its bucket, and
   * the highest bound for what is above. Undefined without values.
   */
  quantile(q: number): number | undefined {
    const { bounds, counts, count } = this;
    if (count === 0) return undefined;
    const rank = q * count;
    let below = 0;
    for (const [place, bound] of bounds.entries()) {
      const inside = counts[place]!;
      if (inside > 0 && below + inside >= rank) {
        const from = bounds[place - 1] ?? 0;
        return from + ((bound - from) * Math.max(0, rank - below)) / inside;
      }
      below += inside;
    }
    return bounds.at(-1);
  }
}
