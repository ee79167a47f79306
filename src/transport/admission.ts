/**
 * Which inbound connections may start (DESIGN §8, SECURITY §13).
 *
 * Pure bookkeeping: totals, and counts per IP address. Loopback is exempt from the per-address limits.
 */
import { addressClass } from './address.ts';

/** Inbound links per address: from a private range, and from a public one. */
const LINKS_PER_ADDRESS = 256;
/** Inbound handshakes going on per public address. */
const HALF_OPEN_PER_PUBLIC_ADDRESS = 16;

interface Count {
  links: number;
  halfOpen: number;
}

export type AdmissionRefusal = 'too_many_links' | 'too_many_half_open' | 'too_many_per_address';

export class Admission {
  readonly #maxLinks: number;
  readonly #maxHalfOpen: number;
  readonly #addresses = new Map<string, Count>();
  #halfOpen = 0;

  constructor(maxLinks: number, maxHalfOpen: number) {
    this.#maxLinks = maxLinks;
    this.#maxHalfOpen = maxHalfOpen;
  }

  get halfOpen(): number {
    return this.#halfOpen;
  }

  /** Addresses with inbound links. */
  get addresses(): number {
    return this.#addresses.size;
  }

  /** Why an inbound connection from `host` may not start now; undefined when it may. `links` counts all. */
  refusal(host: string, links: number): AdmissionRefusal | undefined {
    if (links >= this.#maxLinks) return 'too_many_links';
    if (this.#halfOpen >= this.#maxHalfOpen) return 'too_many_half_open';
    const count = this.#addresses.get(host);
    if (count === undefined) return undefined;
    const kind = addressClass(host);
    if (kind === 'loopback') return undefined;
    if (count.links >= LINKS_PER_ADDRESS) return 'too_many_per_address';
    if (kind === 'public' && count.halfOpen >= HALF_OPEN_PER_PUBLIC_ADDRESS) return 'too_many_per_address';
    return undefined;
  }

  started(host: string): void {
    const count = this.#addresses.get(host) ?? { links: 0, halfOpen: 0 };
    count.links++;
    count.halfOpen++;
    this.#addresses.set(host, count);
    this.#halfOpen++;
  }

  /** The handshake is over, whichever way. */
  settled(host: string): void {
    const count = this.#addresses.get(host);
    if (count === undefined) return;
    count.halfOpen--;
    this.#halfOpen--;
  }

  /** The link is gone. `settled` came before. */
  ended(host: string): void {
    const count = this.#addresses.get(host);
    if (count === undefined) return;
    count.links--;
    if (count.links === 0) this.#addresses.delete(host);
  }
}
