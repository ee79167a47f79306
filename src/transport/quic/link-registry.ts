/**
 * The links of an endpoint, by connection id, from their first packet until they have drained.
 */
import type { Link } from '../transport.ts';
import { Admission, type AdmissionOptions, type AdmissionRefusal } from '../admission.ts';
import type { QuicLink } from './link.ts';

interface Entry {
  readonly link: QuicLink;
  /** The connection id under which it is found (latin1). */
  readonly id: string;
  /** Set for inbound links: the host in whose count it is. */
  readonly from: string | undefined;
  /** The id under which the peer knows an outbound link (latin1). */
  peerId: string | undefined;
  /** Counts as half-open. */
  waiting: boolean;
}

export class LinkRegistry {
  readonly #admission: Admission;
  readonly #accountable: (host: string) => string;
  readonly #byId = new Map<string, QuicLink>();
  readonly #byPeerId = new Map<string, QuicLink>();
  readonly #entries = new Map<Link, Entry>();
  /** Those that may still send packets. */
  readonly #speaking = new Set<Link>();
  #open = 0;
  #silent: (() => void) | undefined;

  /** `accountable`: in whose count a link from a host is. */
  constructor(options: AdmissionOptions, accountable: (host: string) => string) {
    this.#admission = new Admission(options);
    this.#accountable = accountable;
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

  /** The outbound link that the peer knows by this id. */
  dialed(peerId: string): QuicLink | undefined {
    return this.#byPeerId.get(peerId);
  }

  /** Why an inbound link from `host` may not start at `now`. */
  refusal(host: string, now: number): AdmissionRefusal | undefined {
    return this.#admission.refusal(this.#accountable(host), this.#entries.size, now);
  }

  /** `host` is set for inbound links. */
  add(link: QuicLink, id: Uint8Array, host: string | undefined, now: number): void {
    const from = host === undefined ? undefined : this.#accountable(host);
    const name = Buffer.from(id).toString('latin1');
    this.#entries.set(link, { link, id: name, from, peerId: undefined, waiting: from !== undefined });
    this.#byId.set(name, link);
    this.#speaking.add(link);
    this.#open++;
    if (from !== undefined) this.#admission.started(from, now);
  }

  /** The peer is verified. `peerId`: the connection id it is addressed by. */
  opened(link: Link, peerId: string): void {
    const entry = this.#entries.get(link);
    if (entry === undefined || link.role === 'acceptor') return;
    entry.peerId = peerId;
    this.#byPeerId.set(peerId, entry.link);
  }

  /** The peer is let in for good. Idempotent. */
  admitted(link: Link): void {
    const entry = this.#entries.get(link);
    if (entry?.from === undefined || !entry.waiting) return;
    entry.waiting = false;
    this.#admission.settled(entry.from);
  }

  /** The link is closed for its user. */
  ended(link: Link): void {
    this.admitted(link);
    this.#open--;
  }

  /** The link has sent its last packet. */
  silent(link: Link): void {
    this.#speaking.delete(link);
    if (this.#speaking.size === 0) this.#silent?.();
  }

  freed(link: Link, now: number): void {
    const entry = this.#entries.get(link);
    if (entry === undefined) return;
    this.#entries.delete(link);
    this.#byId.delete(entry.id);
    if (entry.peerId !== undefined) this.#byPeerId.delete(entry.peerId);
    this.silent(link);
    if (entry.from !== undefined) this.#admission.ended(entry.from, now);
  }

  /** Calls back once no link has anything to send any more; at once when that is so now. */
  whenSilent(run: () => void): void {
    this.#silent = run;
    if (this.#speaking.size === 0) run();
  }
}
