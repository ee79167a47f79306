/**
 * The deadlines of all links of an endpoint under one timer.
 *
 * A link's deadline usually only moves further away, with every packet. So an entry is never moved back:
 * it expires early, the link looks again and sets its next deadline (TRANSPORT §3). That keeps the busy
 * path at one comparison. The timer does not keep the process alive; the socket does.
 */
import type { Clock, TimerId } from '../../actor/clock.ts';

/** What has a deadline. Only this module writes the two fields. */
export interface Deadline {
  /** Clock time at which it expires; meaningful while `slot` is not -1. */
  due: number;
  /** Position in the heap, -1 when not in it. */
  slot: number;
}

export class Deadlines<Item extends Deadline> {
  readonly #clock: Clock;
  readonly #expired: (item: Item) => void;
  /** Binary heap, earliest first. */
  readonly #heap: Item[] = [];
  #timer: TimerId | undefined;
  #armedFor = Infinity;

  constructor(clock: Clock, expired: (item: Item) => void) {
    this.#clock = clock;
    this.#expired = expired;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Makes `item` expire no later than `due`. */
  within(item: Item, due: number): void {
    if (item.slot >= 0) {
      if (item.due <= due) return;
      item.due = due;
      this.#rise(item);
    } else {
      item.due = due;
      item.slot = this.#heap.length;
      this.#heap.push(item);
      this.#rise(item);
    }
    if (item.slot === 0) this.#arm();
  }

  remove(item: Item): void {
    const slot = item.slot;
    if (slot < 0) return;
    item.slot = -1;
    const last = this.#heap.pop();
    if (last !== undefined && last !== item) {
      this.#heap[slot] = last;
      last.slot = slot;
      this.#rise(last);
      this.#sink(last);
    }
    if (this.#heap.length === 0) this.#disarm();
  }

  clear(): void {
    for (const item of this.#heap) item.slot = -1;
    this.#heap.length = 0;
    this.#disarm();
  }

  #arm(): void {
    const due = this.#heap[0]?.due ?? Infinity;
    if (due >= this.#armedFor) return;
    this.#disarm();
    this.#armedFor = due;
    this.#timer = this.#clock.setTimer(due - this.#clock.now(), () => {
      this.#fire();
    });
    this.#clock.hold(this.#timer, false);
  }

  #disarm(): void {
    if (this.#timer !== undefined) this.#clock.clear(this.#timer);
    this.#timer = undefined;
    this.#armedFor = Infinity;
  }

  #fire(): void {
    this.#timer = undefined;
    this.#armedFor = Infinity;
    const now = this.#clock.now();
    const due: Item[] = [];
    for (let top = this.#heap[0]; top !== undefined && top.due <= now; top = this.#heap[0]) {
      this.remove(top);
      due.push(top);
    }
    for (const item of due) this.#expired(item);
    if (this.#heap.length > 0) this.#arm();
  }

  #rise(item: Item): void {
    const heap = this.#heap;
    while (item.slot > 0) {
      const above = heap[(item.slot - 1) >> 1];
      if (above === undefined || above.due <= item.due) return;
      this.#swap(item, above);
    }
  }

  #sink(item: Item): void {
    const heap = this.#heap;
    for (;;) {
      const left = heap[2 * item.slot + 1];
      const right = heap[2 * item.slot + 2];
      const least = right !== undefined && left !== undefined && right.due < left.due ? right : left;
      if (least === undefined || least.due >= item.due) return;
      this.#swap(item, least);
    }
  }

  #swap(a: Item, b: Item): void {
    [a.slot, b.slot] = [b.slot, a.slot];
    this.#heap[a.slot] = a;
    this.#heap[b.slot] = b;
  }
}
