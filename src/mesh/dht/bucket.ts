/**
 * One bucket of a routing table: contacts at one distance, oldest first, and spares that wait for a place.
 *
 * Pure. A contact that is seen again moves to the tail. A newcomer to a full bucket becomes a spare, and the oldest
 * contact is to be asked whether it lives: if so it moves to the tail (`touch`), if not it goes and the newest spare
 * comes in (`remove`, `promote`). Old live contacts win: who has been there for long will stay, and a flood of fresh
 * ids takes nobody's place. Source: Kademlia §2.2, §4.1.
 */
import { K, type Contact } from './contact.ts';
import { headOf } from './node-id.ts';
import { Row, type Entry } from './row.ts';
import { Spares } from './spares.ts';

export class Bucket {
  readonly capacity: number;
  readonly contacts: Row;
  /** They answered once; as many as a bucket holds. */
  readonly spares: Spares;
  /** When an id in it was last looked up, clock ms. */
  lookedUpAt: number = -Infinity;

  /** `shared`: bits that its contacts have in common, in front. */
  constructor(capacity: number = K, shared: number = 0) {
    this.capacity = capacity;
    this.contacts = new Row(capacity, shared);
    this.spares = new Spares(capacity);
  }

  get isFull(): boolean {
    return this.contacts.length >= this.capacity;
  }

  /** Who has been silent for longest. */
  get oldest(): Contact | undefined {
    return this.contacts.entries[0]?.contact;
  }

  find(id: Uint8Array): Entry | undefined {
    return this.contacts.entries[this.contacts.indexOf(id, headOf(id))];
  }

  /** A contact that is not in the bucket, which has room. */
  push(entry: Entry): void {
    this.spares.remove(entry.contact.id, entry.head);
    this.contacts.push(entry);
  }

  /** Moves a contact to the tail. Undefined when it is not here. */
  touch(id: Uint8Array, head: number, now: number): Entry | undefined {
    const { contacts } = this;
    const index = contacts.indexOf(id, head);
    const entry = contacts.entries[index];
    if (entry === undefined) return undefined;
    entry.seenAt = now;
    contacts.toTail(index);
    return entry;
  }

  /** Takes a contact out, or a spare. What it was, when it was a contact. */
  remove(id: Uint8Array): Entry | undefined {
    const head = headOf(id);
    const index = this.contacts.indexOf(id, head);
    if (index >= 0) return this.contacts.take(index);
    this.spares.remove(id, head);
    return undefined;
  }

  /** Gives the newest spare that `fits` a free place. */
  promote(fits: (entry: Entry) => boolean): Entry | undefined {
    const entry = this.isFull ? undefined : this.spares.takeNewest(fits);
    if (entry !== undefined) this.contacts.push(entry);
    return entry;
  }
}
