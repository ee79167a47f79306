/**
 * Datagrams of a relay's session, as they reach a socket: raw ones, which are bytes, and packets of links, which are not.
 */
import type { PhysicalAddress } from '../transport.ts';
import { RELAYED, RELAY_OVERHEAD } from '../way.ts';
import type { Attached } from './fabric.ts';
import type { Shipment } from './shipment.ts';

/** What links send in one datagram through a relay, bytes (RFC 9000 §14.1). */
const DATAGRAM = 1_200;

/** One of its methods is called, once. */
export interface Wrapped {
  /** 16 bytes, latin1. */
  readonly session: string;
  readonly from: PhysicalAddress;
  /** With the wrapping. */
  readonly size: number;
  /** Bytes of its datagrams, at most: a link's packet stands for as many as it would need. */
  readonly datagram: number;
  /** It is for this socket; `from` is the relayed address. */
  unwrap(from: PhysicalAddress): void;
  pass(to: PhysicalAddress): void;
  drop(reason: string): void;
}

/** The socket. */
export interface WrappedHost extends Attached {
  /** What was inside of a raw datagram. */
  unwrapped(from: PhysicalAddress, bytes: Uint8Array): void;
  /** Sends on what is for somebody else, as it is. */
  relay(to: PhysicalAddress, what: Uint8Array | Shipment): void;
  drop(reason: string): void;
}

export const isWrapped = (bytes: Uint8Array): boolean =>
  bytes[0] === RELAYED && bytes.length > RELAY_OVERHEAD;

export function wrap(session: string, bytes: Uint8Array): Uint8Array {
  const wrapped = Buffer.alloc(RELAY_OVERHEAD + bytes.length);
  wrapped[0] = RELAYED;
  wrapped.write(session, 1, 'latin1');
  wrapped.set(bytes, RELAY_OVERHEAD);
  return wrapped;
}

export const wrappedDatagram = (host: WrappedHost, from: PhysicalAddress, bytes: Uint8Array): Wrapped => ({
  session: Buffer.from(bytes.subarray(1, RELAY_OVERHEAD)).toString('latin1'),
  from,
  size: bytes.length,
  datagram: bytes.length,
  unwrap: (address) => {
    if (bytes[RELAY_OVERHEAD] === RELAYED) host.drop('relay_nested');
    else host.unwrapped(address, bytes.subarray(RELAY_OVERHEAD));
  },
  pass: (to) => {
    host.relay(to, bytes);
  },
  drop: (reason) => {
    host.drop(reason);
  },
});

export const wrappedShipment = (
  host: WrappedHost,
  from: PhysicalAddress,
  session: string,
  shipment: Shipment,
): Wrapped => ({
  session,
  from,
  size: shipment.size + RELAY_OVERHEAD,
  datagram: DATAGRAM + RELAY_OVERHEAD,
  unwrap: (address) => {
    shipment.land(host, address);
  },
  pass: (to) => {
    host.relay(to, shipment);
  },
  drop: (reason) => {
    host.drop(reason);
    shipment.lost();
  },
});
