/**
 * Counters of `round_robin`, one per procedure: index = counter mod n, then the counter goes up by one. It survives
 * changes of the list (SPEC §2.5). Bounded: the procedure that came first is forgotten first, and starts over.
 */

/** Procedures counted at most. */
const LIMIT = 10_000;
/** For calls that name no procedure. */
const DEFAULT = 'default';

export class RoundRobin {
  readonly #counters: Map<string, number>;
  readonly #limit: number;

  constructor(counters: Iterable<readonly [string, number]> = [], limit: number = LIMIT) {
    this.#counters = new Map(counters);
    this.#limit = limit;
  }

  /** The index of the next one of `count`; -1 when there is none, which counts for nothing. */
  next(procedure: string | undefined, count: number): number {
    if (count === 0) return -1;
    const key = procedure ?? DEFAULT;
    const counter = this.counter(key);
    if (this.#counters.size >= this.#limit && !this.#counters.has(key)) {
      for (const oldest of this.#counters.keys()) {
        this.#counters.delete(oldest);
        break;
      }
    }
    this.#counters.set(key, counter + 1);
    return counter % count;
  }

  counter(procedure: string): number {
    return this.#counters.get(procedure) ?? 0;
  }
}
