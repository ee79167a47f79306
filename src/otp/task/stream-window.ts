/**
 * What a stream of tasks has under way: how many more items may be begun, and which result is given next.
 *
 * Pure. Results that are there and not given yet count too when the input's order is kept: a slow first one
 * must not let the others pile up without bound.
 */

/** Items taken and not given, per running one, while a slow item holds up the order. */
const AHEAD = 4;

export class StreamWindow<R> {
  readonly #maxConcurrency: number;
  readonly #ordered: boolean;
  /** By place in the input when ordered, else by place of completion. */
  readonly #results = new Map<number, R>();
  #taken = 0;
  #completed = 0;
  #given = 0;

  constructor(maxConcurrency: number, ordered: boolean) {
    this.#maxConcurrency = maxConcurrency;
    this.#ordered = ordered;
  }

  /** Items begun and without a result. */
  get running(): number {
    return this.#taken - this.#completed;
  }

  /** Whether one more item may be begun. */
  get room(): boolean {
    return (
      this.running < this.#maxConcurrency && this.#taken - this.#given < this.#maxConcurrency * (1 + AHEAD)
    );
  }

  /** Whether everything begun has been given. */
  get empty(): boolean {
    return this.#given === this.#taken;
  }

  /** Begins an item; its place in the input. */
  take(): number {
    return this.#taken++;
  }

  complete(place: number, result: R): void {
    this.#results.set(this.#ordered ? place : this.#completed, result);
    this.#completed++;
  }

  /** The next result in a box; undefined while it is not there. */
  give(): { readonly result: R } | undefined {
    if (!this.#results.has(this.#given)) return undefined;
    const result = this.#results.get(this.#given) as R;
    this.#results.delete(this.#given++);
    return { result };
  }
}
