/**
 * Keeps what is drawn for a key while the key is there: an unchanged row keeps its element, its focus and its selection.
 */

/** The elements wanted, in this order and no others. What stays in its order is not touched. */
export function place(parent: Element, wanted: readonly Element[]): void {
  const all = new Set(wanted);
  for (const child of Array.from(parent.children)) if (!all.has(child)) child.remove();
  let at = parent.firstElementChild;
  for (const element of wanted) {
    // one that has gone further down is taken up when it is its turn
    if (at !== element && at?.nextElementSibling === element) at = element;
    if (at === element) at = element.nextElementSibling;
    else parent.insertBefore(element, at);
  }
}

export interface Kept<Item> {
  update(item: Item): void;
}

/** One `Kept` for each key, made when it first comes and forgotten when it has gone. */
export class Keep<Item, Drawn extends Kept<Item>> {
  #drawn = new Map<string, Drawn>();

  /** In the order of the items. A key that comes again gets a number. */
  update(
    items: readonly Item[],
    keyOf: (item: Item) => string,
    make: (item: Item, key: string) => Drawn,
  ): readonly Drawn[] {
    const next = new Map<string, Drawn>();
    for (const item of items) {
      const key = free(keyOf(item), next);
      const drawn = this.#drawn.get(key) ?? make(item, key);
      drawn.update(item);
      next.set(key, drawn);
    }
    this.#drawn = next;
    return [...next.values()];
  }
}

function free(key: string, taken: ReadonlyMap<string, unknown>): string {
  if (!taken.has(key)) return key;
  for (let number = 2; ; number += 1) if (!taken.has(`${key} #${number}`)) return `${key} #${number}`;
}
