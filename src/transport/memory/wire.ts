/**
 * What connects the two ends of one simulated link: a pipe each way and the addresses below it.
 */
import type { PhysicalAddress } from '../transport.ts';
import type { Packet } from './packet.ts';
import type { Pipe } from './pipe.ts';

/** One end's link, as the wire sees it. */
export interface WireEnd {
  receive(packet: Packet): void;
  /** The connection was torn down below it (a fault). */
  fail(detail: string): void;
}

export interface Wire {
  /** Unique in the network. */
  readonly id: number;
  /** The dialer's address as the acceptor sees it. */
  readonly source: PhysicalAddress;
  /** The address that was dialed. */
  readonly target: PhysicalAddress;
  /** From the dialer to the acceptor. */
  readonly forward: Pipe;
  readonly backward: Pipe;
  dialer: WireEnd | undefined;
  acceptor: WireEnd | undefined;
}
