/**
 * A short list of contacts, oldest first: what a bucket is made of.
 *
 * Pure. The first 32 bits of the ids lie beside the contacts in an array: that is what is searched and sorted, and a
 * table is read far more often than written.
 */
import type { Contact } from './contact.ts';
import { Heads } from './heads.ts';
import { compareDistance, sameId } from './node-id.ts';
import type { Prefix } from './prefix-limits.ts';

/** Bits of a sort key that say where the contact stands; the others are of its distance. */
const PLACE_BITS = 5;
const PLACE = (1 << PLACE_BITS) - 1;
/** Contacts in a row at most. */
const MAX_ROW = 1 << PLACE_BITS;
const KEY_BITS = 32;
/** Makes unsigned numbers signed ones of the same order. */
const SIGN = 0x80000000;

const keys = new Int32Array(MAX_ROW);
/** Of each value of the first bits in which distances differ: how many there are, then where they go. */
const slots = new Uint8Array(MAX_ROW);

export interface Entry {
  contact: Contact;
  /** The first 32 bits of its id. */
  head: number;
  /** Its network, if that is counted. */
  prefix: Prefix | undefined;
  /** When it last answered, clock ms. */
  seenAt: number;
}

export class Row {
  readonly entries: Entry[] = [];
  readonly #heads: number[] = [];
  readonly #there = new Heads();
  /** Bits that all contacts share in front, as far as they are looked at. */
  readonly #shared: number;

  /** `RangeError` for a capacity above `MAX_ROW`. */
  constructor(capacity: number, shared: number) {
    if (capacity > MAX_ROW) throw new RangeError(`a bucket of ${capacity} contacts: at most ${MAX_ROW}`);
    this.#shared = Math.min(shared, KEY_BITS - PLACE_BITS);
  }

  get length(): number {
    return this.entries.length;
  }

  indexOf(id: Uint8Array, head: number): number {
    if (!this.#there.mayHave(head)) return -1;
    const heads = this.#heads;
    const { entries } = this;
    for (let index = 0; index < entries.length; index++) {
      if (heads[index] === head && sameId(entries[index]!.contact.id, id)) return index;
    }
    return -1;
  }

  push(entry: Entry): void {
    this.#heads.push(entry.head);
    this.#there.add(entry.head);
    this.entries.push(entry);
  }

  /** Moved in place: `splice` would build an array. */
  toTail(index: number): void {
    const { entries } = this;
    const heads = this.#heads;
    const last = entries.length - 1;
    const entry = entries[index]!;
    for (let at = index; at < last; at++) {
      entries[at] = entries[at + 1]!;
      heads[at] = heads[at + 1]!;
    }
    entries[last] = entry;
    heads[last] = entry.head;
  }

  take(index: number): Entry {
    this.toTail(index);
    const entry = this.entries.pop()!;
    this.#heads.pop();
    this.#there.remove(entry.head);
    return entry;
  }

  /** Writes the contacts into `found` from `at` on, in the order they have, without `excluding`. The place after. */
  copy(found: Contact[], at: number, excluding: string | undefined): number {
    let next = at;
    for (const { contact } of this.entries) {
      if (contact.nodeId !== excluding) found[next++] = contact;
    }
    return next;
  }

  /**
   * Writes the contacts closest to `target`, whose first 32 bits are `head`, into `found` from `at` on until it holds
   * `count`, closest first; not the one whose hex id is `excluding`. The place after.
   *
   * By counting the values of the first five bits in which they differ, then by insertion, which has little left to
   * do: distances are random, unless somebody made them.
   */
  nearest(
    target: Uint8Array,
    head: number,
    found: Contact[],
    at: number,
    count: number,
    excluding: string | undefined,
  ): number {
    const { entries } = this;
    const { length } = entries;
    const heads = this.#heads;
    const shared = this.#shared;
    for (let slot = 0; slot < MAX_ROW; slot++) slots[slot] = 0;
    for (let index = 0; index < length; index++)
      slots[((heads[index]! ^ head) << shared) >>> (KEY_BITS - PLACE_BITS)]!++;
    let sum = 0;
    for (let slot = 0; slot < MAX_ROW; slot++) {
      const many = slots[slot]!;
      slots[slot] = sum;
      sum += many;
    }
    for (let index = 0; index < length; index++) {
      const distance = (heads[index]! ^ head) << shared;
      keys[slots[distance >>> (KEY_BITS - PLACE_BITS)]!++] = ((distance ^ SIGN) & ~PLACE) | index;
    }
    for (let index = 1; index < length; index++) {
      const key = keys[index]!;
      let place = index;
      while (place > 0 && this.#isAfter(keys[place - 1]!, key, target)) {
        keys[place] = keys[place - 1]!;
        place--;
      }
      keys[place] = key;
    }
    let next = at;
    for (let index = 0; index < length && next < count; index++) {
      const { contact } = entries[keys[index]! & PLACE]!;
      if (contact.nodeId !== excluding) found[next++] = contact;
    }
    return next;
  }

  /** Whether the contact with the one key is farther than the one with the other. */
  #isAfter(a: number, b: number, target: Uint8Array): boolean {
    if ((a ^ b) >>> PLACE_BITS !== 0) return a > b;
    const { entries } = this;
    return compareDistance(entries[a & PLACE]!.contact.id, entries[b & PLACE]!.contact.id, target) > 0;
  }
}
