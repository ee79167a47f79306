/**
 * One copy of a link's packet on its way: as a UDP datagram would be, from socket to socket, perhaps through relays.
 *
 * Whoever has it hands it over or says that it is lost, once.
 */
import type { PhysicalAddress } from '../transport.ts';
import type { Attached } from './fabric.ts';
import type { Delay, Route } from './route.ts';

export interface Shipment {
  /** For the trace. */
  readonly name: string;
  /** The relay's session it is wrapped for, latin1; undefined: it is not. */
  readonly session: string | undefined;
  /** On the wire, bytes. */
  readonly size: number;
  /** How long the next part of the way takes, that route; `usual` is the network's delay. ms */
  delay(route: Route, usual: Delay): number;
  /** It has reached this socket, from there. */
  land(at: Attached, from: PhysicalAddress): void;
  lost(): void;
}
