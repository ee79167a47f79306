/**
 * What connects the two ends of one simulated link: a pipe each way and the addresses below it.
 */
import type { PhysicalAddress } from '../transport.ts';
import type { Attached } from './fabric.ts';
import type { Packet } from './packet.ts';
import type { Pipe } from './pipe.ts';

/** One end's link, as the wire sees it. */
export interface WireEnd {
  /** Its socket. */
  readonly at: Attached;
  receive(packet: Packet): void;
  /** A packet came from there; in order it may be delivered later. Only where packets find their way by themselves. */
  heard(from: PhysicalAddress, packet: Packet): void;
  /** The connection was torn down below it (a fault). */
  fail(detail: string): void;
}

export interface Wire {
  /** Unique in the network. */
  readonly id: number;
  /** The dialer's address as the acceptor sees it first. */
  source: PhysicalAddress;
  /** What the token the dialer has is good for. */
  retried: PhysicalAddress | undefined;
  /** The address that was dialed. */
  readonly target: PhysicalAddress;
  /** From the dialer to the acceptor. */
  readonly forward: Pipe;
  readonly backward: Pipe;
  dialer: WireEnd | undefined;
  acceptor: WireEnd | undefined;
}
