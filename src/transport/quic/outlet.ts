/**
 * Where datagrams leave: by the UDP socket, wrapped to a relay, or as a record of a TLS connection.
 *
 * Links build their packets in one shared buffer with room for a relay's header before them, so that no way costs a copy
 * that it does not need.
 */
import type { PhysicalAddress } from '../transport.ts';
import { addressClass, addressFamily, isLoopback, isPort, type AddressClass } from '../address.ts';
import { wayOf } from '../way.ts';
import { HEADROOM, outgoing } from './buffers.ts';
import { DATAGRAM_SIZE } from './config.ts';
import { SAFE_SIZE } from './datagram-size.ts';
import type { RelayedWays } from './relayed-ways.ts';
import type { UdpSocket } from './socket.ts';

/** Carries datagrams over something that is no UDP socket. Never throws; what it cannot carry is lost. */
export interface Carrier {
  /** The bytes are lent. */
  send(datagram: Uint8Array): void;
}

/** Datagrams that wait for the system, beyond which none for others is added (SECURITY §13, relay). */
export const MAX_WAITING = 512;

export class Outlet {
  readonly #socket: UdpSocket;
  readonly #relayed: RelayedWays;
  readonly #carriers: ReadonlyMap<string, Carrier>;
  readonly #drop: (reason: string) => void;

  /** `carriers`: TLS connections by the host of their address. */
  constructor(
    socket: UdpSocket,
    relayed: RelayedWays,
    carriers: ReadonlyMap<string, Carrier>,
    drop: (reason: string) => void,
  ) {
    this.#socket = socket;
    this.#relayed = relayed;
    this.#carriers = carriers;
    this.#drop = drop;
  }

  /** Whether something can be sent to an address from here. */
  reaches(address: PhysicalAddress): boolean {
    const way = wayOf(address);
    if (way === 'relay') return this.#relayed.byHost(address.host) !== undefined;
    if (way === 'tls') return this.#carriers.has(address.host);
    return addressFamily(address.host) === this.#socket.family && isPort(address.port);
  }

  /**
   * What kind of address something is sent to in the end. Nobody knows what is behind a relay, unless that is on this
   * machine, which then is all there is.
   */
  classOf(address: PhysicalAddress): AddressClass {
    const relay = this.#relayed.byHost(address.host)?.relay;
    if (relay === undefined) return addressClass(address.host);
    return isLoopback(relay.host) ? 'loopback' : 'public';
  }

  /** Largest datagram a path is expected to carry, bytes. Relaying adds a header. */
  largest(address: PhysicalAddress): number {
    const kind = this.classOf(address);
    const { initial } = DATAGRAM_SIZE[kind];
    if (wayOf(address) !== 'relay') return initial;
    return kind === 'loopback' ? initial - HEADROOM : SAFE_SIZE;
  }

  /** A buffer to build a datagram of at most `length` bytes in, valid until the next `send` of any outlet. */
  buffer(length: number): Buffer {
    return outgoing.prefix(length);
  }

  /** Sends the first `length` bytes of `buffer()`, to a second address too if there is one. */
  send(length: number, to: PhysicalAddress, copy?: PhysicalAddress): void {
    let sent = this.#send(outgoing.whole, HEADROOM, length, to);
    if (copy !== undefined) sent = this.#send(outgoing.whole, HEADROOM, length, copy) || sent;
    // Nearly always the system has taken the bytes by now.
    if (sent && this.#socket.waiting > 0) outgoing.leave();
  }

  /** Sends bytes that belong to the caller. */
  sendCopy(bytes: Uint8Array, to: PhysicalAddress): void {
    const whole = Buffer.allocUnsafe(HEADROOM + bytes.length);
    whole.set(bytes, HEADROOM);
    this.#send(whole, HEADROOM, bytes.length, to);
  }

  /**
   * Sends what came for another, as it is. Nobody writes to it any more. What others send keeps to no window of ours: it is
   * lost when the system does not keep up.
   */
  pass(datagram: Buffer, to: PhysicalAddress): void {
    if (to.port !== 0 && this.#socket.waiting >= MAX_WAITING) this.#drop('relay_queue_full');
    else this.#send(datagram, 0, datagram.length, to);
  }

  /** There are `HEADROOM` free bytes before `offset` unless `to` is physical. */
  #send(whole: Buffer, offset: number, length: number, to: PhysicalAddress): boolean {
    if (to.port !== 0) return this.#socket.send(whole, offset, length, to);
    const carrier = this.#carriers.get(to.host);
    if (carrier !== undefined) {
      carrier.send(whole.subarray(offset, offset + length));
      return false;
    }
    const way = offset < HEADROOM ? undefined : this.#relayed.byHost(to.host);
    const relay = way?.relay;
    if (way === undefined || relay === undefined) {
      this.#drop('no_way');
      return false;
    }
    whole.set(way.header, offset - HEADROOM);
    way.sent(length);
    return this.#send(whole, offset - HEADROOM, length + HEADROOM, relay);
  }
}
