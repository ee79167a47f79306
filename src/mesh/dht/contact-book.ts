/**
 * One object for each contact that answers name again and again: its id in hex and the class of its address are found
 * out once, and not for each of the twenty contacts of each answer.
 *
 * Pure. At most `MOST`, the newest; what is not here is made anew. Nothing in it was verified.
 */
import type { Contact } from './contact.ts';
import { headOf, sameId } from './node-id.ts';

/** A table, and whom a few lookups meet beside it: 300 bytes each. */
const MOST = 1_024;

export class ContactBook {
  /** By the first 32 bits of the id, oldest first. Of two ids made alike the newer one is here. */
  readonly #byHead = new Map<number, Contact>();

  get size(): number {
    return this.#byHead.size;
  }

  /** @param id 32 bytes; kept. */
  contact(id: Uint8Array, address: string): Contact {
    const head = headOf(id);
    const known = this.#byHead.get(head);
    if (known !== undefined && sameId(known.id, id)) {
      if (known.address === address) return known;
      return this.#put(head, { id: known.id, nodeId: known.nodeId, address });
    }
    const nodeId = Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('hex');
    return this.#put(head, { id, nodeId, address });
  }

  #put(head: number, contact: Contact): Contact {
    this.#byHead.set(head, contact);
    if (this.#byHead.size > MOST) {
      for (const oldest of this.#byHead.keys()) {
        this.#byHead.delete(oldest);
        break;
      }
    }
    return contact;
  }
}
