/**
 * A binary heap of what falls due, kept in an array of the caller: first the earliest, of those due at once the one
 * that was asked for first. Pure.
 */

export interface Due {
  readonly at: number;
  readonly order: number;
}

export const before = (left: Due, right: Due): boolean =>
  left.at < right.at || (left.at === right.at && left.order < right.order);

export function push<T extends Due>(heap: T[], due: T): void {
  let at = heap.length;
  heap.push(due);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent] as T;
    if (before(above, due)) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = due;
}

/** Takes the first one out. */
export function pop(heap: Due[]): void {
  const due = heap.pop();
  if (due === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1] as Due, heap[child] as Due)) child++;
    if (before(due, heap[child] as Due)) break;
    heap[at] = heap[child] as Due;
    at = child;
  }
  heap[at] = due;
}
