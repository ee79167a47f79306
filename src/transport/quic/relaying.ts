/**
 * What becomes of a relayed datagram: it is for a link here, for somebody else, or nobody knows yet (TRANSPORT §12).
 *
 * Who is asked about a datagram for somebody else is the station's `forwarder`; its answer is sent along with the very
 * same bytes, so that a station reads nothing and adds nothing. A peer's datagram of an unknown session is held for a moment.
 */
import type { Clock, TimerId } from '../../actor/clock.ts';
import type { Forwarder, Link, PhysicalAddress, RelayedStats } from '../transport.ts';
import { isLoopback } from '../address.ts';
import { RELAYED, RELAY_OVERHEAD, SESSION_BYTES } from '../way.ts';
import { Early, type EarlyDatagram, type Source } from './early.ts';
import { DATAGRAM_SIZE } from './config.ts';
import { SAFE_SIZE } from './datagram-size.ts';
import type { RelayedWays } from './relayed-ways.ts';

/** Largest relayed datagram: links send no larger ones (TRANSPORT §7), bytes. On this machine it may be larger. */
export const MAX_RELAYED: number = SAFE_SIZE + RELAY_OVERHEAD;
export const MAX_RELAYED_HERE: number = DATAGRAM_SIZE.loopback.permitted;

/** Milliseconds between two questions to the forwarder about what is held. */
const ASK_AGAIN = 10;

export interface RelayingHost {
  readonly clock: Clock;
  readonly forwarder: Forwarder | undefined;
  /** The peer of an open link has proven to be there. */
  knows(host: string, port: number): boolean;
  /** What was inside came from `from`, a relayed address. */
  unwrapped(datagram: Buffer, from: Source): void;
  /** Sends a datagram on as it is. */
  pass(datagram: Buffer, to: PhysicalAddress): void;
  drop(reason: string): void;
}

export class Relaying {
  #datagramsIn = 0;
  #forwarded = 0;
  #forwardedBytes = 0;
  readonly #host: RelayingHost;
  readonly #ways: RelayedWays;
  readonly #early = new Early();
  #timer: TimerId | undefined;

  constructor(host: RelayingHost, ways: RelayedWays) {
    this.#host = host;
    this.#ways = ways;
  }

  open(session: Uint8Array, via: Link): PhysicalAddress {
    if (session.length !== SESSION_BYTES) throw new RangeError(`a session has ${SESSION_BYTES} bytes`);
    const address = this.#ways.open(session, via);
    if (this.#early.size > 0) {
      // whoever opens it dials next, or has something to do with the answer: not within this call
      const { clock } = this.#host;
      clock.soon(() => {
        this.#early.expire(clock.now());
        this.#replay(this.#early.take(Buffer.from(session).toString('latin1')));
      });
    }
    return address;
  }

  close(session: Uint8Array): void {
    this.#ways.close(session);
  }

  stats(): RelayedStats {
    return {
      sessions: this.#ways.size,
      datagramsIn: this.#datagramsIn,
      forwarded: this.#forwarded,
      forwardedBytes: this.#forwardedBytes,
    };
  }

  clear(): void {
    this.#ways.clear();
    this.#early.take();
    if (this.#timer !== undefined) this.#host.clock.clear(this.#timer);
    this.#timer = undefined;
  }

  /** A datagram whose first byte says that it is relayed. */
  receive(datagram: Buffer, from: Source): void {
    if (!fits(datagram, from.address)) {
      this.#host.drop('relay_oversized');
      return;
    }
    const session = datagram.toString('latin1', 1, RELAY_OVERHEAD);
    if (this.#deliver(session, datagram, from)) return;
    const known = this.#host.knows(from.address, from.port);
    if (known && this.#early.hold(session, datagram, from, this.#host.clock.now())) this.#askLater();
    else this.#host.drop('relay_unknown');
  }

  /** False when nobody knows the session. */
  #deliver(session: string, datagram: Buffer, from: Source): boolean {
    const way = this.#ways.bySession(session);
    if (way === undefined) return this.#forward(session, datagram, from);
    if (!way.isFrom(from.address, from.port)) this.#host.drop('relay_source');
    else if (datagram[RELAY_OVERHEAD] === RELAYED) this.#host.drop('relay_nested');
    else {
      this.#datagramsIn++;
      this.#host.unwrapped(datagram.subarray(RELAY_OVERHEAD), {
        address: way.address.host,
        port: way.address.port,
      });
    }
    return true;
  }

  #forward(session: string, datagram: Buffer, from: Source): boolean {
    const to = this.#ask(session, { host: from.address, port: from.port }, datagram.length);
    if (to === 'unknown') return false;
    if (to === 'refused') this.#host.drop('relay_refused');
    else if (!fits(datagram, to.host)) this.#host.drop('relay_oversized');
    else {
      this.#forwarded++;
      this.#forwardedBytes += datagram.length;
      this.#host.pass(datagram, to);
    }
    return true;
  }

  #ask(session: string, from: PhysicalAddress, bytes: number): ReturnType<Forwarder> {
    try {
      return this.#host.forwarder?.(session, from, bytes) ?? 'unknown';
    } catch {
      return 'refused';
    }
  }

  #askLater(): void {
    if (this.#timer !== undefined || this.#host.forwarder === undefined) return;
    const { clock } = this.#host;
    this.#timer = clock.setTimer(ASK_AGAIN, () => {
      this.#timer = undefined;
      this.#replay(this.#early.take());
      for (let late = this.#early.expire(clock.now()); late > 0; late--) this.#host.drop('relay_unknown');
      if (this.#early.size > 0) this.#askLater();
    });
    clock.hold(this.#timer, false);
  }

  #replay(held: readonly EarlyDatagram[]): void {
    for (const one of held) if (!this.#deliver(one.session, one.datagram, one.from)) this.#early.back(one);
  }
}

/** Whether a relayed datagram may come from a host, or go there. */
const fits = ({ length }: Buffer, host: string): boolean =>
  length <= MAX_RELAYED || (length <= MAX_RELAYED_HERE && isLoopback(host));
