/**
 * Relayed datagrams at one socket: sessions that end here, sessions that are passed on, and what comes too early.
 *
 * A session is an address (`relay:…`) whose datagrams travel wrapped to the socket behind the link to the relay, and
 * are taken from there only. Control frames and datagrams are not ordered: what belongs to no known session, and comes from
 * where a peer has proven to be, is held for a moment. Lives in its endpoint.
 */
import type { Forwarder, Link, PhysicalAddress, RelayedStats } from '../transport.ts';
import { relayedAddress, SESSION_BYTES, sessionOf, wayOf } from '../way.ts';
import type { EventQueue, Scheduled } from './event-queue.ts';
import type { Wrapped } from './wrapped.ts';

/** What is held of sessions nobody knows yet: datagrams and bytes of one source and in all, datagrams of one session, ms. */
const MAX_HELD_PER_SOURCE = 16;
const MAX_HELD_BYTES_PER_SOURCE = 32 * 1_024;
const MAX_HELD = 128;
const MAX_HELD_BYTES = 256 * 1_024;
const MAX_HELD_PER_SESSION = 4;
const HOLD = 1_000;
/** How often a forwarder is asked again, ms. */
const ASK_AGAIN = 10;

/** Sessions open at once; the mesh allows far fewer. */
const MAX_SESSIONS = 4_096;

interface Held {
  readonly wrapped: Wrapped;
  readonly until: number;
}

interface Session {
  readonly address: PhysicalAddress;
  via: Link;
}

export class Relays {
  forwarder: Forwarder | undefined;
  readonly #queue: EventQueue;
  readonly #links: () => Iterable<Link>;
  readonly #sessions = new Map<string, Session>();
  #held: Held[] = [];
  #timer: Scheduled | undefined;
  #datagramsIn = 0;
  #forwarded = 0;
  #forwardedBytes = 0;

  /** `links`: of the socket. */
  constructor(queue: EventQueue, links: () => Iterable<Link>) {
    this.#queue = queue;
    this.#links = links;
  }

  /** A session that is open already goes over `via` from now on. Beyond the limit it stays unknown. */
  open(session: Uint8Array, via: Link): PhysicalAddress {
    if (session.length !== SESSION_BYTES) throw new RangeError(`a session has ${SESSION_BYTES} bytes`);
    const known = this.#sessions.get(spell(session));
    if (known !== undefined) {
      known.via = via;
      return known.address;
    }
    const address = relayedAddress(session);
    if (this.#sessions.size < MAX_SESSIONS) this.#sessions.set(spell(session), { address, via });
    // whoever opens it dials next, or has something to do with the answer: not within this call
    if (this.#held.length > 0)
      this.#queue.soon(() => {
        this.#replay();
      });
    return address;
  }

  close(session: Uint8Array): void {
    this.#sessions.delete(spell(session));
  }

  /** The session (latin1) of a relayed address, and where its datagrams are sent now; undefined: nowhere. */
  route(address: PhysicalAddress): { readonly session: string; readonly to: PhysicalAddress } | undefined {
    const bytes = sessionOf(address);
    if (bytes === undefined) return undefined;
    const session = spell(bytes);
    const known = this.#sessions.get(session);
    const to = known === undefined ? undefined : target(known);
    return to === undefined ? undefined : { session, to };
  }

  stats(): RelayedStats {
    return {
      sessions: this.#sessions.size,
      datagramsIn: this.#datagramsIn,
      forwarded: this.#forwarded,
      forwardedBytes: this.#forwardedBytes,
    };
  }

  receive(wrapped: Wrapped): void {
    if (!this.#settle(wrapped)) this.#hold(wrapped);
  }

  /** Drops what is held. */
  clear(): void {
    this.#sessions.clear();
    this.forwarder = undefined;
    this.#disarm();
    for (const { wrapped } of this.#held.splice(0)) wrapped.drop('relay_unknown');
  }

  /** False when nobody knows the session yet. */
  #settle(wrapped: Wrapped): boolean {
    const { session, from, size } = wrapped;
    const known = this.#sessions.get(session);
    if (known !== undefined) {
      if (!isFrom(known, from)) wrapped.drop('relay_source');
      else {
        this.#datagramsIn++;
        wrapped.unwrap(known.address);
      }
      return true;
    }
    const next = this.#ask(wrapped);
    if (next === 'unknown') return false;
    if (next === 'refused') wrapped.drop('relay_refused');
    else {
      this.#forwarded++;
      this.#forwardedBytes += size;
      wrapped.pass(next);
    }
    return true;
  }

  /** Where all of its datagrams go; one that is refused is a loss of the whole. */
  #ask({ session, from, size, datagram }: Wrapped): ReturnType<Forwarder> {
    let next: ReturnType<Forwarder> = 'unknown';
    try {
      for (let left = size; left > 0; left -= datagram) {
        next = this.forwarder?.(session, from, Math.min(left, datagram)) ?? 'unknown';
        if (typeof next === 'string') return next;
      }
    } catch {
      return 'refused';
    }
    return next;
  }

  #hold(wrapped: Wrapped): void {
    if (!this.#isKnown(wrapped.from) || !this.#hasRoom(wrapped)) {
      wrapped.drop('relay_unknown');
      return;
    }
    this.#held.push({ wrapped, until: this.#queue.now() + HOLD });
    this.#arm();
  }

  /** The peer of an open link has proven to be there. */
  #isKnown(from: PhysicalAddress): boolean {
    for (const { state, paths } of this.#links())
      if (state === 'open' && paths.some(({ address, proven }) => proven && isSame(address, from)))
        return true;
    return false;
  }

  #hasRoom({ session, from, size }: Wrapped): boolean {
    const held = this.#held.map(({ wrapped }) => wrapped);
    if (held.length >= MAX_HELD || bytes(held) + size > MAX_HELD_BYTES) return false;
    if (held.filter((one) => one.session === session).length >= MAX_HELD_PER_SESSION) return false;
    const theirs = held.filter((one) => isSame(one.from, from));
    return theirs.length < MAX_HELD_PER_SOURCE && bytes(theirs) + size <= MAX_HELD_BYTES_PER_SOURCE;
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#held.length === 0) return;
    this.#timer = this.#queue.at(this.#queue.now() + ASK_AGAIN, () => {
      this.#timer = undefined;
      this.#replay();
    });
  }

  /** Gives what is held another chance, in order. */
  #replay(): void {
    const now = this.#queue.now();
    const held = this.#held;
    this.#held = [];
    for (const one of held) {
      if (this.#settle(one.wrapped)) continue;
      if (now >= one.until) one.wrapped.drop('relay_unknown');
      else this.#held.push(one);
    }
    if (this.#held.length === 0) this.#disarm();
    else this.#arm();
  }

  #disarm(): void {
    if (this.#timer !== undefined) this.#queue.cancel(this.#timer);
    this.#timer = undefined;
  }
}

/**
 * Where the relay has proven to be, because nothing of what is relayed is rationed; undefined when there is no such place,
 * or the link to it is relayed itself. One that is closed still says where the relay was: goodbyes go there when all links
 * end together.
 */
const target = ({ via: { proven } }: Session): PhysicalAddress | undefined =>
  proven === undefined || wayOf(proven) === 'relay' ? undefined : proven;

/** Whether the relay has proven to be there. Its side of the link may use another of its paths than ours. */
function isFrom({ via: { proven: at, paths } }: Session, from: PhysicalAddress): boolean {
  if (at !== undefined && isSame(at, from)) return true;
  return paths.some(({ address, proven }) => proven && isSame(address, from));
}

const isSame = (one: PhysicalAddress, other: PhysicalAddress): boolean =>
  one.port === other.port && one.host === other.host;

const bytes = (held: readonly Wrapped[]): number => held.reduce((sum, { size }) => sum + size, 0);

const spell = (session: Uint8Array): string => Buffer.from(session).toString('latin1');
