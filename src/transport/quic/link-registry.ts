/**
 * The links of an endpoint, by connection id, from their first packet until they have drained.
 */
import type { Link } from '../transport.ts';
import { Admission, type AdmissionRefusal } from '../admission.ts';
import type { QuicLink } from './link.ts';

interface Entry {
  readonly link: QuicLink;
  /** The connection id under which it is found (latin1). */
  readonly id: string;
  /** Set for inbound links: the address in whose count it is. */
  readonly from: string | undefined;
}

export class LinkRegistry {
  readonly #admission: Admission;
  readonly #byId = new Map<string, QuicLink>();
  readonly #entries = new Map<Link, Entry>();
  /** Those that may still send packets. */
  readonly #speaking = new Set<Link>();
  #open = 0;
  #silent: (() => void) | undefined;

  constructor(maxLinks: number, maxHalfOpen: number) {
    this.#admission = new Admission(maxLinks, maxHalfOpen);
  }

  /** Links that are not closed for their user. */
  get open(): number {
    return this.#open;
  }

  /** Links in any state, closed ones that still drain included. */
  get size(): number {
    return this.#entries.size;
  }

  get halfOpen(): number {
    return this.#admission.halfOpen;
  }

  get all(): QuicLink[] {
    return [...this.#entries.values()].map(({ link }) => link);
  }

  /** The links somebody knows of: not closed, and inbound ones only when verified. */
  get known(): QuicLink[] {
    return this.all.filter(
      ({ state, role, peer }) => state !== 'closed' && (role === 'dialer' || peer !== undefined),
    );
  }

  find(id: string): QuicLink | undefined {
    return this.#byId.get(id);
  }

  /** Why an inbound link from `host` may not start now. */
  refusal(host: string): AdmissionRefusal | undefined {
    return this.#admission.refusal(host, this.#entries.size);
  }

  /** `from` is set for inbound links. */
  add(link: QuicLink, id: Uint8Array, from: string | undefined): void {
    const entry = { link, id: Buffer.from(id).toString('latin1'), from };
    this.#entries.set(link, entry);
    this.#byId.set(entry.id, link);
    this.#speaking.add(link);
    this.#open++;
    if (from !== undefined) this.#admission.started(from);
  }

  opened(link: Link): void {
    const from = this.#entries.get(link)?.from;
    if (from !== undefined) this.#admission.settled(from);
  }

  /** `wasOpen`: `opened` was said before. */
  ended(link: Link, wasOpen: boolean): void {
    if (!wasOpen) this.opened(link);
    this.#open--;
  }

  /** The link has sent its last packet. */
  silent(link: Link): void {
    this.#speaking.delete(link);
    if (this.#speaking.size === 0) this.#silent?.();
  }

  freed(link: Link): void {
    const entry = this.#entries.get(link);
    if (entry === undefined) return;
    this.#entries.delete(link);
    this.#byId.delete(entry.id);
    this.silent(link);
    if (entry.from !== undefined) this.#admission.ended(entry.from);
  }

  /** Calls back once no link has anything to send any more; at once when that is so now. */
  whenSilent(run: () => void): void {
    this.#silent = run;
    if (this.#speaking.size === 0) run();
  }
}
