/**
 * Puts what was sent along several ways, and repeated, back into one order, each item once. Pure.
 */
export class InOrder<T> {
  #next = 0;
  readonly #early = new Map<number, T>();

  /** Whether that number has not been here yet. */
  isNew(number: number): boolean {
    return number >= this.#next && !this.#early.has(number);
  }

  /** Takes an item; returns what is due now. One that was here before changes nothing. */
  take(number: number, item: T): readonly T[] {
    if (!this.isNew(number)) return [];
    this.#early.set(number, item);
    const due: T[] = [];
    for (let next = this.#early.get(this.#next); next !== undefined; next = this.#early.get(this.#next)) {
      this.#early.delete(this.#next++);
      due.push(next);
    }
    return due;
  }

  /** What waits for an earlier one. */
  get early(): Iterable<T> {
    return this.#early.values();
  }
}
