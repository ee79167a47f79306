/**
 * Newcomers that wait for a place in a full bucket: as many as it holds, and the oldest makes room.
 *
 * Pure. A ring, for in a large mesh nearly every newcomer ends here: nothing moves, and nothing is made for it.
 */
import type { Contact } from './contact.ts';
import { Heads } from './heads.ts';
import { sameId } from './node-id.ts';
import type { Entry } from './row.ts';

export class Spares {
  readonly #capacity: number;
  readonly #entries: Entry[] = [];
  /** The first 32 bits of their ids, beside them: that is what is searched. */
  readonly #heads: number[] = [];
  readonly #there = new Heads();
  /** Where the oldest stands once all places are taken; before that it is first. */
  #oldest = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#entries.length;
  }

  /** Oldest first. */
  contacts(): Contact[] {
    this.#straighten();
    return this.#entries.map(({ contact }) => contact);
  }

  /** Who is here already is the newest now. */
  keep(contact: Contact, head: number, now: number): void {
    const entries = this.#entries;
    this.remove(contact.id, head);
    this.#there.add(head);
    if (entries.length < this.#capacity) {
      entries.push({ contact, head, prefix: undefined, seenAt: now });
      this.#heads.push(head);
      return;
    }
    const place = this.#oldest;
    const entry = entries[place]!;
    this.#there.remove(entry.head);
    entry.contact = contact;
    entry.head = head;
    entry.prefix = undefined;
    entry.seenAt = now;
    this.#heads[place] = head;
    this.#oldest = place + 1 === this.#capacity ? 0 : place + 1;
  }

  remove(id: Uint8Array, head: number): void {
    if (!this.#there.mayHave(head)) return;
    const heads = this.#heads;
    for (let index = 0; index < heads.length; index++) {
      if (heads[index] !== head || !sameId(this.#entries[index]!.contact.id, id)) continue;
      this.#take(index);
      return;
    }
  }

  /** Takes out the newest that `fits`. */
  takeNewest(fits: (entry: Entry) => boolean): Entry | undefined {
    this.#straighten();
    const index = this.#entries.findLastIndex(fits);
    return index < 0 ? undefined : this.#take(index);
  }

  #take(index: number): Entry {
    const entry = this.#entries[index]!;
    this.#there.remove(entry.head);
    const from = this.#oldest;
    this.#straighten();
    const at = (index - from + this.#entries.length) % this.#entries.length;
    this.#entries.splice(at, 1);
    this.#heads.splice(at, 1);
    return entry;
  }

  /** Oldest first again. */
  #straighten(): void {
    const from = this.#oldest;
    if (from === 0) return;
    this.#entries.push(...this.#entries.splice(0, from));
    this.#heads.push(...this.#heads.splice(0, from));
    this.#oldest = 0;
  }
}
