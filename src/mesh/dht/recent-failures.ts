/**
 * Claims that have just proven wrong: this node at this address did not answer, so that no lookup asks again at once
 * because somebody else still names it.
 *
 * Pure. By node and address: whoever names an honest node at a wrong place must not keep us from asking at the right
 * one. At most `MOST`, the newest; each for `BELIEVED` ms.
 */
import { seconds } from '../../actor/clock.ts';
import type { Contact } from './contact.ts';

/** Half of a mesh of a thousand that died at once, and some lies. */
const MOST = 1_024;
/** As long as others may go on naming it before they have noticed too. */
const BELIEVED = seconds(30);

export class RecentFailures {
  /** When, oldest first. */
  readonly #since = new Map<string, number>();

  get size(): number {
    return this.#since.size;
  }

  note(contact: Contact, now: number): void {
    const key = keyOf(contact);
    this.#since.delete(key);
    this.#since.set(key, now);
    if (this.#since.size <= MOST) return;
    for (const oldest of this.#since.keys()) {
      this.#since.delete(oldest);
      break;
    }
  }

  has(contact: Contact, now: number): boolean {
    const since = this.#since.size === 0 ? undefined : this.#since.get(keyOf(contact));
    return since !== undefined && now - since < BELIEVED;
  }

  /** It has answered. */
  forget(contact: Contact): void {
    if (this.#since.size > 0) this.#since.delete(keyOf(contact));
  }
}

const keyOf = ({ nodeId, address }: Contact): string => `${nodeId} ${address}`;
