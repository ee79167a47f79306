/**
 * One direction of a simulated link over ways that change: NATs, relays, several paths.
 *
 * Each packet travels as a datagram would, and what a NAT, a dead address or a cut way swallows is repeated with
 * growing pauses (RFC 9002 §6.2), at once when the path has changed; the receiving end gets every packet once and in
 * order. What nobody repeats (acknowledgments, probes) is taken as it comes. Lives in its pipe and ends with it.
 */
import type { PhysicalAddress } from '../transport.ts';
import { sessionOf } from '../way.ts';
import type { EventQueue, Scheduled } from './event-queue.ts';
import type { Attached } from './fabric.ts';
import { InOrder } from './in-order.ts';
import { isClose, isDisposable, type Packet } from './packet.ts';
import type { Delay, Route } from './route.ts';
import type { Shipment } from './shipment.ts';

/** Shortest pause before the first repetition, ms: on loopback quiche repeats after a few milliseconds. */
const MIN_PAUSE = 10;

/** From which socket to which addresses copies go: one, or two while a path is in doubt. */
export interface Aim {
  readonly from: Attached;
  readonly to: readonly PhysicalAddress[];
  /** Whether so much may be sent there now; what may not counts as lost. Default: anything may. */
  admits?(to: PhysicalAddress, bytes: number): boolean;
}

/** The pipe, and what is on both sides of it. */
export interface Crossing {
  readonly queue: EventQueue;
  /** Undefined: nobody sends. */
  aim(): Aim | undefined;
  /** Of so many bytes on one part of the way; `first`: up to a relay, if there is one. ms */
  delay(route: Route, usual: Delay, size: number, first: boolean): number;
  /** Nothing gets through now. */
  blocked(): boolean;
  /** Nothing arrives before this time. */
  stalledUntil(): number;
  /** Puts one copy on its way. */
  ship(from: Attached, to: PhysicalAddress, shipment: Shipment): void;
  /** Whether the receiving end, or whoever may become it, is at that socket. */
  isFor(at: Attached): boolean;
  /** A copy that had not been here yet came from there. */
  heard(at: Attached, from: PhysicalAddress, packet: Packet): void;
  /** The next packet in order. */
  hand(packet: Packet): void;
  swallowed(packet: Packet): void;
}

interface Sent {
  packet: Packet;
  /** Undefined: nobody repeats it. */
  readonly number: number | undefined;
  /** Copies on their way. */
  flying: number;
}

interface Received {
  readonly packet: Packet;
  /** Clock time. */
  readonly at: number;
}

export class Ferry {
  readonly #crossing: Crossing;
  readonly #received = new InOrder<Received>();
  /** Not arrived yet, by number. */
  readonly #unsettled = new Map<number, Sent>();
  #next = 0;
  #lastDelay = 0;
  /** Before the next repetition, ms; undefined while packets arrive. */
  #pause: number | undefined;
  #timer: Scheduled | undefined;
  #ended = false;
  #closed = false;

  constructor(crossing: Crossing) {
    this.#crossing = crossing;
  }

  send(packet: Packet): void {
    this.#ship(this.#enter(packet, 0));
  }

  /** Takes over a packet that was lost before. */
  adopt(packet: Packet): void {
    this.#enter(packet, 0);
  }

  /** Takes over a packet that is on its way outside: call `settle` when it is there, or lost. */
  adoptFlying(packet: Packet): (arrived: boolean) => void {
    const sent = this.#enter(packet, 1);
    return (arrived) => {
      if (arrived) this.#arrived(sent);
      else this.#lost(sent);
    };
  }

  /** The path has changed: repeats what was lost over the new one. */
  redirect(): void {
    this.#pause = undefined;
    this.#repeat();
  }

  /** The sender is gone: what is on its way arrives, what was lost is not repeated. */
  end(): void {
    this.#ended = true;
    this.#disarm();
  }

  #enter(packet: Packet, flying: number): Sent {
    const number = isDisposable(packet) ? undefined : this.#next++;
    const sent = { packet, number, flying };
    if (number !== undefined) this.#unsettled.set(number, sent);
    return sent;
  }

  #ship(sent: Sent): void {
    const aim = this.#crossing.aim();
    if (aim === undefined) return;
    sent.flying += aim.to.length;
    for (const to of aim.to) {
      if (aim.admits?.(to, sent.packet.size) === false) this.#lost(sent);
      else this.#crossing.ship(aim.from, to, this.#copy(sent, to));
    }
  }

  #copy(sent: Sent, to: PhysicalAddress): Shipment {
    const crossing = this.#crossing;
    const session = sessionOf(to);
    let [took, first] = [0, true];
    const land = (at: Attached, from: PhysicalAddress): void => {
      const until = crossing.stalledUntil();
      if (until > crossing.queue.now())
        crossing.queue.at(until, () => {
          land(at, from);
        });
      else if (crossing.blocked() || !crossing.isFor(at)) this.#lost(sent);
      else {
        this.#lastDelay = took;
        this.#landed(sent, at, from);
      }
    };
    return {
      name: `${sent.number ?? '-'}`,
      session: session === undefined ? undefined : Buffer.from(session).toString('latin1'),
      size: sent.packet.size,
      delay: (route, usual) => {
        const ms = crossing.delay(route, usual, sent.packet.size, first);
        took += ms;
        first = false;
        return ms;
      },
      land,
      lost: () => {
        this.#lost(sent);
      },
    };
  }

  #landed(sent: Sent, at: Attached, from: PhysicalAddress): void {
    const { packet, number } = sent;
    if (number === undefined || this.#received.isNew(number)) this.#crossing.heard(at, from, packet);
    this.#pause = undefined;
    this.#arrived(sent);
  }

  #arrived(sent: Sent): void {
    const { packet, number } = sent;
    sent.flying--;
    if (number === undefined) this.#crossing.hand(packet);
    else {
      this.#unsettled.delete(number);
      const now = this.#crossing.queue.now();
      for (const due of this.#received.take(number, { packet, at: now }))
        this.#crossing.hand(due.at === now ? due.packet : { ...due.packet, waited: now - due.at });
    }
    this.#lastWord();
  }

  #lost(sent: Sent): void {
    sent.flying--;
    this.#crossing.swallowed(sent.packet);
    this.#arm();
    this.#lastWord();
  }

  #arm(): void {
    if (this.#ended || this.#timer !== undefined || !this.#isHeld()) return;
    const { queue } = this.#crossing;
    this.#pause = this.#pause === undefined ? Math.max(MIN_PAUSE, 3 * this.#lastDelay) : 2 * this.#pause;
    this.#timer = queue.at(queue.now() + this.#pause, () => {
      this.#timer = undefined;
      this.#repeat();
    });
  }

  #isHeld(): boolean {
    for (const { flying } of this.#unsettled.values()) if (flying === 0) return true;
    return false;
  }

  #repeat(): void {
    this.#disarm();
    if (this.#ended) return;
    const sentAt = this.#crossing.queue.now();
    for (const sent of this.#unsettled.values()) {
      if (sent.flying > 0) continue;
      sent.packet = { ...sent.packet, sentAt };
      this.#ship(sent);
    }
  }

  #disarm(): void {
    if (this.#timer !== undefined) this.#crossing.queue.cancel(this.#timer);
    this.#timer = undefined;
  }

  /** A close overtakes what is lost for good: nobody repeats it any more. */
  #lastWord(): void {
    if (!this.#ended || this.#closed) return;
    for (const { flying } of this.#unsettled.values()) if (flying > 0) return;
    for (const { packet } of this.#received.early) {
      if (!isClose(packet)) continue;
      this.#closed = true;
      this.#crossing.hand(packet);
    }
  }
}
