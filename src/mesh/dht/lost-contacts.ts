/**
 * Contacts that did not answer any more, to be looked for now and then: after a partition they are the way back.
 *
 * Pure. At most `MOST`, the newest; each for `KEPT` ms.
 */
import { seconds } from '../../actor/clock.ts';
import type { Random } from '../../actor/random.ts';
import type { Contact } from './contact.ts';

/** As many as three full buckets: enough of the other half of any mesh. */
const MOST = 60;
/** A machine that was gone for so long comes back by its own bootstrap. */
const KEPT = seconds(3_600);

interface Entry {
  readonly contact: Contact;
  readonly since: number;
}

export class LostContacts {
  /** By node id, oldest first. */
  readonly #entries = new Map<string, Entry>();

  get size(): number {
    return this.#entries.size;
  }

  add(contact: Contact, now: number): void {
    this.#entries.delete(contact.nodeId);
    this.#entries.set(contact.nodeId, { contact, since: now });
    for (const nodeId of this.#entries.keys()) {
      if (this.#entries.size <= MOST) break;
      this.#entries.delete(nodeId);
    }
  }

  /** It is there. For how many ms it was lost, 0 when it was not. */
  found(nodeId: string, now: number): number {
    const entry = this.#entries.get(nodeId);
    if (entry === undefined) return 0;
    this.#entries.delete(nodeId);
    return now - entry.since;
  }

  /** Up to `count` of them, any. */
  some(count: number, now: number, random: Random): readonly Contact[] {
    for (const [nodeId, { since }] of this.#entries) {
      if (now - since < KEPT) break;
      this.#entries.delete(nodeId);
    }
    const all = [...this.#entries.values()].map(({ contact }) => contact);
    for (let i = 0; i < Math.min(count, all.length); i++) {
      const j = i + Math.floor(random.float() * (all.length - i));
      const chosen = all[j] as Contact;
      all[j] = all[i] as Contact;
      all[i] = chosen;
    }
    return all.slice(0, count);
  }
}
