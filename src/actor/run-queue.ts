/**
 * The queue of processes that have something to do, and the policy that picks the next one.
 *
 * FIFO for production. The seeded policy picks among the *runnable processes*, never among the messages of
 * one pair, so that order per pair holds by construction (RELIABILITY §12.2).
 */
import type { Random } from './random.ts';

export interface RunQueue<T> {
  readonly size: number;
  /** The one that was put in last, if it is there. */
  readonly last: T | undefined;
  push(item: T): void;
  /** Removes one. Only when `size > 0`. */
  take(): T;
}

/** Chosen once, when the runtime is made. */
export type RunQueuePolicy = { readonly tag: 'fifo' } | { readonly tag: 'seeded'; readonly random: Random };

export function runQueue<T>(policy: RunQueuePolicy): RunQueue<T> {
  return policy.tag === 'fifo' ? new Fifo<T>() : new Seeded<T>(policy.random);
}

const FIRST_SLOTS = 1_024;

class Fifo<T> implements RunQueue<T> {
  size = 0;
  #slots: (T | undefined)[] = new Array<T | undefined>(FIRST_SLOTS).fill(undefined);
  #head = 0;

  get last(): T | undefined {
    return this.size === 0 ? undefined : this.#slots[(this.#head + this.size - 1) & (this.#slots.length - 1)];
  }

  push(item: T): void {
    if (this.size === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.size++) & (this.#slots.length - 1)] = item;
  }

  take(): T {
    const item = this.#slots[this.#head] as T;
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.size--;
    return item;
  }

  #grow(): void {
    const old = this.#slots;
    const next = new Array<T | undefined>(old.length * 2).fill(undefined);
    for (let i = 0; i < old.length; i++) next[i] = old[(this.#head + i) & (old.length - 1)];
    this.#slots = next;
    this.#head = 0;
  }
}

class Seeded<T> implements RunQueue<T> {
  readonly #items: T[] = [];
  readonly #random: Random;
  constructor(random: Random) {
    this.#random = random;
  }
  get size(): number {
    return this.#items.length;
  }
  get last(): T | undefined {
    return this.#items.at(-1);
  }
  push(item: T): void {
    this.#items.push(item);
  }
  take(): T {
    const items = this.#items;
    const at = this.#random.u32() % items.length;
    const item = items[at] as T;
    items[at] = items[items.length - 1] as T;
    items.pop();
    return item;
  }
}
