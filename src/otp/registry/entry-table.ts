/**
 * The table of a registry: entries by key and by owner, each found, added and removed in constant time.
 *
 * Pure. With unique keys a key has at most one entry. Keys and owners are compared as a `Map` does. Entries of one
 * key, and those of one owner, keep the order they were added in. Source: Elixir `Registry`; OTP N3.
 */

import { sameName } from '../../actor/names.ts';

/** `unique`: a key has one entry. `duplicate`: any number, also several of one owner. */
export type Keys = 'unique' | 'duplicate';

/** One entry. It is the table's own: only its value may be changed from outside. */
export class Entry<Key, Owner, Value> {
  readonly key: Key;
  readonly owner: Owner;
  value: Value;
  constructor(key: Key, owner: Owner, value: Value) {
    this.key = key;
    this.owner = owner;
    this.value = value;
  }
}

export class EntryTable<Key, Owner, Value> {
  readonly keys: Keys;
  readonly #byKey = new Map<Key, Slot<Entry<Key, Owner, Value>>>();
  readonly #byOwner = new Map<Owner, Slot<Entry<Key, Owner, Value>>>();
  #size = 0;

  constructor(keys: Keys) {
    this.keys = keys;
  }

  /** Entries in all. */
  get size(): number {
    return this.#size;
  }

  /** Undefined when keys are unique and this one is taken. */
  add(key: Key, owner: Owner, value: Value): Entry<Key, Owner, Value> | undefined {
    if (this.keys === 'unique' && this.#byKey.has(key)) return undefined;
    const entry = new Entry(key, owner, value);
    put(this.#byKey, key, entry);
    put(this.#byOwner, owner, entry);
    this.#size++;
    return entry;
  }

  /** Removes an entry; false when it is not, or no longer, in the table. */
  remove(entry: Entry<Key, Owner, Value>): boolean {
    if (!this.has(entry)) return false;
    take(this.#byKey, entry.key, entry);
    take(this.#byOwner, entry.owner, entry);
    this.#size--;
    return true;
  }

  has(entry: Entry<Key, Owner, Value>): boolean {
    const slot = this.#byKey.get(entry.key);
    return slot === entry || (slot instanceof Set && slot.has(entry));
  }

  /** The entries of a key, as they are now. */
  ofKey(key: Key): readonly Entry<Key, Owner, Value>[] {
    return listed(this.#byKey.get(key));
  }

  /** The entries of an owner, as they are now. */
  ofOwner(owner: Owner): readonly Entry<Key, Owner, Value>[] {
    return listed(this.#byOwner.get(owner));
  }

  /** The entries that an owner has under a key, looked for where there are fewer. */
  of(key: Key, owner: Owner): readonly Entry<Key, Owner, Value>[] {
    const [ofKey, ofOwner] = [this.#byKey.get(key), this.#byOwner.get(owner)];
    if (ofKey === undefined || ofOwner === undefined) return [];
    return sizeOf(ofKey) <= sizeOf(ofOwner)
      ? listed(ofKey).filter((entry) => entry.owner === owner)
      : listed(ofOwner).filter((entry) => sameName(entry.key, key));
  }

  owns(owner: Owner): boolean {
    return this.#byOwner.has(owner);
  }

  /** Everything, by key. */
  *all(): IterableIterator<Entry<Key, Owner, Value>> {
    for (const slot of this.#byKey.values()) yield* listed(slot);
  }
}

/** Most keys and most owners have one entry, and that needs no set. */
type Slot<E> = E | Set<E>;

function put<K, E extends object>(index: Map<K, Slot<E>>, key: K, entry: E): void {
  const slot = index.get(key);
  if (slot === undefined) index.set(key, entry);
  else if (slot instanceof Set) slot.add(entry);
  else index.set(key, new Set([slot, entry]));
}

function take<K, E extends object>(index: Map<K, Slot<E>>, key: K, entry: E): void {
  const slot = index.get(key);
  if (slot instanceof Set) {
    slot.delete(entry);
    if (slot.size > 0) return;
  } else if (slot !== entry) return;
  index.delete(key);
}

const listed = <E extends object>(slot: Slot<E> | undefined): readonly E[] =>
  slot === undefined ? [] : slot instanceof Set ? [...slot] : [slot];

const sizeOf = <E extends object>(slot: Slot<E>): number => (slot instanceof Set ? slot.size : 1);
