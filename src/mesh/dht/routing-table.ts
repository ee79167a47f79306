/**
 * The contacts a node knows, by their distance from it.
 *
 * Pure: time and chance come in as arguments, and who is to be asked goes out as a verdict. Bucket n holds contacts
 * that share n bits with us; none of them is ourselves. Only contacts whose id was proven on a link enter. Bounded by
 * 256 buckets, each with as many spares, and by network (`prefix-limits.ts`).
 */
import type { Random } from '../../actor/random.ts';
import { Bucket } from './bucket.ts';
import { K, type Contact } from './contact.ts';
import { bucketIndex, fromHex, headOf, ID_BITS, ID_BYTES } from './node-id.ts';
import { PER_BUCKET, PrefixCounts, prefixOf, type Prefix } from './prefix-limits.ts';
import type { Entry } from './row.ts';

export type AddVerdict =
  | { readonly tag: 'added' | 'updated' }
  /** Our own id. */
  | { readonly tag: 'self' }
  /** Its network has as many as it may; nothing has changed. */
  | { readonly tag: 'limited' }
  /** It is kept as a spare. Ask the oldest: `add` it again if it answers, else `evict`. */
  | { readonly tag: 'full'; readonly oldest: Contact };

export interface Eviction {
  readonly evicted: Contact;
  /** The spare that took its place. */
  readonly promoted: Contact | undefined;
}

const ADDED: AddVerdict = { tag: 'added' };
const UPDATED: AddVerdict = { tag: 'updated' };
const SELF: AddVerdict = { tag: 'self' };
const LIMITED: AddVerdict = { tag: 'limited' };

export class RoutingTable {
  readonly self: Uint8Array;
  readonly #capacity: number;
  /** Sparse: undefined until a contact comes. */
  readonly #buckets: (Bucket | undefined)[] = [];
  readonly #prefixes = new PrefixCounts();
  #size = 0;

  constructor(self: Uint8Array, capacity: number = K) {
    this.self = self;
    this.#capacity = capacity;
  }

  /** Contacts, without spares. */
  get size(): number {
    return this.#size;
  }

  /** A contact answered us at `now`, at this address. */
  add(contact: Contact, now: number): AddVerdict {
    const { id } = contact;
    const bits = bucketIndex(this.self, id);
    if (bits === ID_BITS) return SELF;
    const head = headOf(id);
    const bucket = this.#buckets[bits] ?? this.#open(bits);
    const index = bucket.contacts.indexOf(id, head);
    if (index >= 0) return this.#seen(bucket, index, contact, now);
    if (bucket.isFull) {
      // its network is looked up when it gets a place
      bucket.spares.keep(contact, head, now);
      return { tag: 'full', oldest: bucket.oldest! };
    }
    const prefix = prefixOf(contact.address);
    if (!this.#hasRoom(bucket, prefix)) return LIMITED;
    bucket.push({ contact, head, prefix, seenAt: now });
    this.#prefixes.add(prefix);
    this.#size++;
    return ADDED;
  }

  /** Another question was answered, at the address that we have. False when it is not here. */
  alive(id: Uint8Array, now: number): boolean {
    return this.#bucketOf(id)?.touch(id, headOf(id), now) !== undefined;
  }

  /** It did not answer: the newest spare takes its place. Undefined when it was not here. */
  evict(nodeId: string): Eviction | undefined {
    const id = fromHex(nodeId);
    const bucket = id && this.#bucketOf(id);
    const removed = bucket?.remove(id!);
    if (bucket === undefined || removed === undefined) return undefined;
    this.#prefixes.remove(removed.prefix);
    const promoted = bucket.promote((spare) => {
      spare.prefix = prefixOf(spare.contact.address);
      return this.#hasRoom(bucket, spare.prefix);
    });
    if (promoted === undefined) this.#size--;
    else this.#prefixes.add(promoted.prefix);
    return { evicted: removed.contact, promoted: promoted?.contact };
  }

  find(nodeId: string): Contact | undefined {
    const id = fromHex(nodeId);
    return id && this.get(id);
  }

  get(id: Uint8Array): Contact | undefined {
    return this.#bucketOf(id)?.find(id)?.contact;
  }

  /** When it last answered us, clock ms; undefined when it is not here. */
  heardAt(id: Uint8Array): number | undefined {
    return this.#bucketOf(id)?.find(id)?.seenAt;
  }

  /** The contacts closest to a target, closest first, exactly; without the one whose hex id is `excluding`. */
  closest(target: Uint8Array, count: number, excluding?: string): Contact[] {
    return this.#gather(target, count, excluding, true);
  }

  /** The same contacts in any order, for whoever sorts them anyway: a third of the work. */
  closestUnsorted(target: Uint8Array, count: number, excluding?: string): Contact[] {
    return count < this.#size ? this.#gather(target, count, excluding, false) : this.#all(excluding);
  }

  /** All of them, farthest bucket first, oldest first. */
  contacts(): Contact[] {
    return this.#buckets.flatMap((bucket) => bucket?.contacts.entries.map(({ contact }) => contact) ?? []);
  }

  /** Each bucket that was ever used, and its index, farthest first. */
  *buckets(): Generator<readonly [index: number, bucket: Bucket]> {
    for (const [index, bucket] of this.#buckets.entries()) if (bucket !== undefined) yield [index, bucket];
  }

  /** How many are in each bucket that has any, by its index. */
  bucketSizes(): ReadonlyMap<number, number> {
    const sizes = new Map<number, number>();
    this.#buckets.forEach((bucket, index) => {
      if (bucket !== undefined && bucket.contacts.length > 0) sizes.set(index, bucket.contacts.length);
    });
    return sizes;
  }

  /** An id was looked up: its bucket need not be refreshed soon. */
  lookedUp(target: Uint8Array, now: number): void {
    const index = bucketIndex(this.self, target);
    if (index === ID_BITS) return;
    (this.#buckets[index] ?? this.#open(index)).lookedUpAt = now;
  }

  /**
   * An id in each bucket where nothing was looked up in the last `period` ms, also where it is empty, as far as the
   * nearest that has contacts: past it we know everybody.
   */
  stale(now: number, period: number, random: Random): Uint8Array[] {
    const ids: Uint8Array[] = [];
    for (let index = 0; index <= this.#nearest(); index++) {
      const lookedUpAt = this.#buckets[index]?.lookedUpAt ?? -Infinity;
      if (now - lookedUpAt >= period) ids.push(this.#idIn(index, random));
    }
    return ids;
  }

  /**
   * An id in each bucket farther than the nearest contact that has fewer contacts than `enough`: looked up, they fill
   * the table of a node that joins.
   */
  beyondNeighbors(random: Random, enough: number = this.#capacity): Uint8Array[] {
    const ids: Uint8Array[] = [];
    for (let index = 0; index < this.#nearest(); index++) {
      if ((this.#buckets[index]?.contacts.length ?? 0) < enough) ids.push(this.#idIn(index, random));
    }
    return ids;
  }

  /** The bucket of the nearest contact, -1 without any. */
  #nearest(): number {
    return this.#buckets.findLastIndex((bucket) => bucket !== undefined && bucket.contacts.length > 0);
  }

  #idIn(index: number, random: Random): Uint8Array {
    const id = random.bytes(ID_BYTES);
    const byte = index >> 3;
    const bit = 0x80 >> (index & 7);
    id.set(this.self.subarray(0, byte));
    const own = this.self[byte]!;
    // ours above the bit, the other half at it, anything below
    id[byte] = (own & ~(bit * 2 - 1)) | (~own & bit) | (id[byte]! & (bit - 1));
    return id;
  }

  /**
   * Buckets are visited in the order of their distance from the target, so no more is sorted than is given out: the
   * target's own bucket first; then the nearer ones, which differ from the target in the target's bit: those where the
   * target differs from us first, the widest before the narrower, then those where it does not, in reverse; then the
   * farther ones, the widest last.
   */
  #gather(target: Uint8Array, count: number, excluding: string | undefined, sorted: boolean): Contact[] {
    if (count <= 0) return [];
    const { self } = this;
    // of its full length from the start: growing it costs more than all the rest
    const found = new Array<Contact>(Math.min(count, this.#size));
    const deepest = this.#buckets.length - 1;
    const head = headOf(target);
    const own = bucketIndex(self, target);
    let at = 0;
    if (own <= deepest) at = this.#take(own, target, head, found, at, count, excluding, sorted);
    for (let index = own + 1; index <= deepest && at < count; index++) {
      if (!differs(self, target, index)) continue;
      at = this.#take(index, target, head, found, at, count, excluding, sorted);
    }
    for (let index = deepest; index > own && at < count; index--) {
      if (differs(self, target, index)) continue;
      at = this.#take(index, target, head, found, at, count, excluding, sorted);
    }
    for (let index = Math.min(own - 1, deepest); index >= 0 && at < count; index--) {
      at = this.#take(index, target, head, found, at, count, excluding, sorted);
    }
    if (found.length > at) found.length = at;
    return found;
  }

  #all(excluding: string | undefined): Contact[] {
    const found = new Array<Contact>(this.#size);
    let at = 0;
    for (const bucket of this.#buckets)
      if (bucket !== undefined) at = bucket.contacts.copy(found, at, excluding);
    if (found.length > at) found.length = at;
    return found;
  }

  #take(
    index: number,
    target: Uint8Array,
    head: number,
    found: Contact[],
    at: number,
    count: number,
    excluding: string | undefined,
    sorted: boolean,
  ): number {
    const contacts = this.#buckets[index]?.contacts;
    if (contacts === undefined) return at;
    if (!sorted && contacts.length <= count - at) return contacts.copy(found, at, excluding);
    return contacts.nearest(target, head, found, at, count, excluding);
  }

  #bucketOf(id: Uint8Array): Bucket | undefined {
    return this.#buckets[bucketIndex(this.self, id)];
  }

  #open(index: number): Bucket {
    // no holes: an array with holes is slow
    for (let next = this.#buckets.length; next <= index; next++) this.#buckets.push(undefined);
    return (this.#buckets[index] = new Bucket(this.#capacity, index + 1));
  }

  #seen(bucket: Bucket, index: number, contact: Contact, now: number): AddVerdict {
    const entry = bucket.contacts.entries[index]!;
    if (entry.contact.address !== contact.address && !this.#move(bucket, entry, contact)) return LIMITED;
    entry.seenAt = now;
    bucket.contacts.toTail(index);
    return UPDATED;
  }

  /** It is at another address now. False when that network has as many as it may. */
  #move(bucket: Bucket, entry: Entry, contact: Contact): boolean {
    const prefix = prefixOf(contact.address);
    if (prefix !== entry.prefix) {
      if (!this.#hasRoom(bucket, prefix)) return false;
      this.#prefixes.remove(entry.prefix);
      this.#prefixes.add(prefix);
      entry.prefix = prefix;
    }
    entry.contact = contact;
    return true;
  }

  #hasRoom({ contacts }: Bucket, prefix: Prefix | undefined): boolean {
    if (prefix === undefined) return true;
    if (!this.#prefixes.hasRoom(prefix)) return false;
    let alike = 0;
    for (const entry of contacts.entries) if (entry.prefix === prefix) alike++;
    return alike < PER_BUCKET;
  }
}

/** Whether two ids differ in bit `index`. */
const differs = (a: Uint8Array, b: Uint8Array, index: number): boolean =>
  ((a[index >> 3]! ^ b[index >> 3]!) & (0x80 >> (index & 7))) !== 0;
