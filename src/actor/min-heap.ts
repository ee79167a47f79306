/** A binary heap of numbers, smallest first. */
export class MinHeap {
  #items: number[] = [];

  get min(): number | undefined {
    return this.#items[0];
  }

  push(value: number): void {
    const items = this.#items;
    let at = items.length;
    items.push(value);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = items[parent] as number;
      if (above <= value) break;
      items[at] = above;
      at = parent;
    }
    items[at] = value;
  }

  pop(): number | undefined {
    const items = this.#items;
    const top = items[0];
    const value = items.pop();
    if (value === undefined || items.length === 0) return top;
    sink(items, 0, value);
    return top;
  }

  /** Holds these from now on, instead of what it held. Keeps the array. Linear. */
  fill(items: number[]): void {
    this.#items = items;
    for (let at = (items.length >> 1) - 1; at >= 0; at--) sink(items, at, items[at] as number);
  }
}

/** Puts `value` where it belongs in the part of the heap below `at`. */
function sink(items: number[], at: number, value: number): void {
  for (;;) {
    let child = 2 * at + 1;
    if (child >= items.length) break;
    if (child + 1 < items.length && (items[child + 1] as number) < (items[child] as number)) child++;
    const below = items[child] as number;
    if (below >= value) break;
    items[at] = below;
    at = child;
  }
  items[at] = value;
}
