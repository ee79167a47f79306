/**
 * A mailbox: messages in the order they came, as a growing ring of (kind, payload) pairs.
 *
 * Pure data. The ring starts small, doubles when full, and gives its memory back when it had grown and is
 * empty. Bounds are the kernel's business (`Process.bound`); this only counts.
 */

/** What a queued payload is. Small integers, so that dispatch is a jump. */
export const Kind = { info: 0, cast: 1, call: 2, down: 3, exit: 4, system: 5, work: 6 } as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

/**
 * What happens to user messages when a mailbox is full. `reject`: the new one, and its sender is told (`send` and
 * `cast` return false). `dropNewest`: the new one, `dropOldest`: the one that waited longest; the sender is not
 * told. A call that is dropped fails with `overloaded` whatever the policy. Signals are never dropped.
 */
export type FullPolicy = 'reject' | 'dropNewest' | 'dropOldest';

/** Bound and policy of one mailbox. */
export interface MailboxOptions {
  /** Messages queued at most. Default 1,000. */
  readonly bound?: number | undefined;
  /** Default `reject`. */
  readonly full?: FullPolicy | undefined;
}

/** Kinds that users send; the rest are signals. */
const isUser = (kind: Kind): boolean => kind <= Kind.call;

/** Slots of a fresh ring (two per message) and the size above which an empty ring is dropped. */
const FIRST_SLOTS = 8;
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

  /** Messages queued that are neither calls nor signals. */
  get letters(): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let letters = 0;
    for (let n = 0, at = this.#head; n < this.length; n++, at = (at + 2) & mask)
      if ((slots[at] as Kind) <= Kind.cast) letters++;
    return letters;
  }

  /** The oldest `limit` payloads, which stay. */
  oldest(limit: number): readonly unknown[] {
    const mask = this.#slots.length - 1;
    return Array.from(
      { length: Math.min(limit, this.length) },
      (_, n) => this.#slots[(this.#head + 2 * n + 1) & mask],
    );
  }

  /** Removes the oldest user message and gives its kind and payload; undefined when there are only signals. */
  shed(): { readonly kind: Kind; readonly message: unknown } | undefined {
    const at = this.#find(isUser);
    if (at === -1) return undefined;
    const kind = this.#slots[at] as Kind;
    return { kind, message: this.#takeAt(at) };
  }

  /** Removes the oldest that `matches`; false when none does. What lies before it is moved by one place. */
  removeFirst(matches: (kind: Kind, message: unknown) => boolean): boolean {
    const at = this.#find(matches);
    if (at === -1) return false;
    this.#takeAt(at);
    return true;
  }

  /** Removes what `matches`, keeping the order of the rest; returns how many went. */
  remove(matches: (kind: Kind, message: unknown) => boolean): number {
    if (this.#find(matches) === -1) return 0;
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

  /** Where the oldest is that `matches`; -1 when none does. */
  #find(matches: (kind: Kind, message: unknown) => boolean): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let n = 0, at = this.#head; n < this.length; n++, at = (at + 2) & mask)
      if (matches(slots[at] as Kind, slots[at + 1])) return at;
    return -1;
  }

  #takeAt(place: number): unknown {
    const slots = this.#slots;
    const mask = slots.length - 1;
    const message = slots[place + 1];
    // those before it move up by one place
    for (let to = place; to !== this.#head;) {
      const from = (to - 2) & mask;
      slots[to] = slots[from];
      slots[to + 1] = slots[from + 1];
      to = from;
    }
    this.take();
    return message;
  }

  /** Twice the same, one after the other: what lay before the head now lies behind the rest, in order. */
  #grow(): void {
    const old = this.#slots;
    const slots = old.concat(old);
    slots.fill(undefined, 0, this.#head);
    slots.fill(undefined, old.length + this.#head);
    this.#slots = slots;
  }
}
