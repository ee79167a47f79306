/**
 * Contacts that are asked whether they are still there, each once, a few at a time.
 *
 * Pure. A full bucket keeps its oldest contact unless that one is silent, so whoever floods us with new ids makes us
 * ask: what does not fit is not asked, and the old contact stays. Source: js-libp2p kad-dht's ping queue.
 */
import type { Contact } from './contact.ts';

/** Waiting at most. */
export const QUEUED = 100;
/** Under way at once. */
export const PARALLEL = 10;

export class PingQueue {
  readonly #waiting = new Map<string, Contact>();
  readonly #running = new Set<string>();

  /** Whether anything about this contact is to be learned soon. */
  has(nodeId: string): boolean {
    return this.#waiting.has(nodeId) || this.#running.has(nodeId);
  }

  /** False when it is asked already or there is no room. */
  add(contact: Contact): boolean {
    if (this.has(contact.nodeId) || this.#waiting.size >= QUEUED) return false;
    this.#waiting.set(contact.nodeId, contact);
    return true;
  }

  /** The next one to ask now. */
  next(): Contact | undefined {
    if (this.#running.size >= PARALLEL) return undefined;
    for (const [nodeId, contact] of this.#waiting) {
      this.#waiting.delete(nodeId);
      this.#running.add(nodeId);
      return contact;
    }
    return undefined;
  }

  done(nodeId: string): void {
    this.#running.delete(nodeId);
  }
}
