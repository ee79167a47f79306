/**
 * Tells at once that an id is not in a short list: nearly nobody who is looked for is there.
 *
 * Pure. Counts the first 32 bits of the ids by the last six of these: three in four that are not among twenty are known
 * not to be without a look at any. At most 255 ids.
 */

/** What the engine keeps on its heap; beyond it each array would be an allocation of its own. */
const SLOTS = 64;

export class Heads {
  readonly #counts = new Uint8Array(SLOTS);

  mayHave(head: number): boolean {
    return this.#counts[head & (SLOTS - 1)] !== 0;
  }

  add(head: number): void {
    this.#counts[head & (SLOTS - 1)]!++;
  }

  remove(head: number): void {
    this.#counts[head & (SLOTS - 1)]!--;
  }
}
