/**
 * What waits for room, by who asks for it: whoever asks for much waits for his own, others for one of his at a time.
 *
 * Askers take turns, what one asks for goes in its order. Pure; not bounded here: what is put in has been counted.
 */
export class FairQueue<T> {
  /** Whose turn it is comes first. */
  readonly #byAsker = new Map<string, Set<T>>();

  put(asker: string, item: T): void {
    const items = this.#byAsker.get(asker);
    if (items === undefined) this.#byAsker.set(asker, new Set([item]));
    else items.add(item);
  }

  /** Whose turn it is of those who may have something now; undefined: nobody's. */
  turn(may: (asker: string) => boolean): string | undefined {
    for (const asker of this.#byAsker.keys()) if (may(asker)) return asker;
    return undefined;
  }

  /** Takes an asker's next one out, whosever turn it is; after that the others come first. */
  take(asker: string): T | undefined {
    const items = this.#byAsker.get(asker);
    if (items === undefined) return undefined;
    // never empty
    const [item] = items as ReadonlySet<T>;
    this.#byAsker.delete(asker);
    items.delete(item as T);
    if (items.size > 0) this.#byAsker.set(asker, items);
    return item;
  }

  /** It waits no more, if it did. */
  delete(asker: string, item: T): boolean {
    const items = this.#byAsker.get(asker);
    if (items?.delete(item) !== true) return false;
    if (items.size === 0) this.#byAsker.delete(asker);
    return true;
  }
}
