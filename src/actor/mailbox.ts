/**
 * A mailbox: messages in the order they came, as a growing ring of (kind, payload) pairs.
 *
 * Pure data. The ring starts small, doubles when full, and gives its memory back when it had grown and is
 * empty. Bounds are the kernel's business (`Process.bound`); this only counts.
 */

/** What a queued payload is. Small integers, so that dispatch is a jump. */
export const Kind = { info: 0, cast: 1, call: 2, down: 3, exit: 4, system: 5, work: 6 } as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

/** Slots of a fresh ring (two per message) and the size above which an empty ring is dropped. */
const FIRST_SLOTS = 16;
const KEPT_SLOTS = 128;

export class Mailbox {
  /** Messages queued. */
  length = 0;
  #slots: unknown[] = new Array<unknown>(FIRST_SLOTS).fill(undefined);
  #head = 0;

  push(kind: Kind, message: unknown): void {
    if (this.length * 2 === this.#slots.length) this.#grow();
    const mask = this.#slots.length - 1;
    const at = (this.#head + this.length * 2) & mask;
    this.#slots[at] = kind;
    this.#slots[at + 1] = message;
    this.length++;
  }

  /** Puts a message before all others. */
  unshift(kind: Kind, message: unknown): void {
    if (this.length * 2 === this.#slots.length) this.#grow();
    const at = (this.#head - 2) & (this.#slots.length - 1);
    this.#slots[at] = kind;
    this.#slots[at + 1] = message;
    this.#head = at;
    this.length++;
  }

  /** The kind of the oldest message. Only when `length > 0`. */
  peek(): Kind {
    return this.#slots[this.#head] as Kind;
  }

  /** Removes and returns the oldest message. Only when `length > 0`. */
  take(): unknown {
    const slots = this.#slots;
    const head = this.#head;
    const message = slots[head + 1];
    slots[head + 1] = undefined;
    this.#head = (head + 2) & (slots.length - 1);
    if (--this.length === 0 && slots.length > KEPT_SLOTS) this.clear();
    return message;
  }

  /** Removes what `matches`, keeping the order of the rest; returns how many went. */
  remove(matches: (kind: Kind, message: unknown) => boolean): number {
    const before = this.length;
    const kept: unknown[] = [];
    while (this.length > 0) {
      const kind = this.peek();
      const message = this.take();
      if (!matches(kind, message)) kept.push(kind, message);
    }
    for (let i = 0; i < kept.length; i += 2) this.push(kept[i] as Kind, kept[i + 1]);
    return before - this.length;
  }

  clear(): void {
    this.#slots = new Array<unknown>(FIRST_SLOTS).fill(undefined);
    this.#head = 0;
    this.length = 0;
  }

  #grow(): void {
    const old = this.#slots;
    const next = new Array<unknown>(old.length * 2).fill(undefined);
    for (let i = 0; i < old.length; i++) next[i] = old[(this.#head + i) & (old.length - 1)];
    this.#slots = next;
    this.#head = 0;
  }
}
