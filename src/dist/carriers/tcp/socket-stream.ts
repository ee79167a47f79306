/**
 * How a TCP connection carries a distribution: small messages leave at once, and a peer that is gone is noticed.
 */
import type { Socket } from 'node:net';
import { systemClock } from '../../../actor/clock.ts';
import type { DistStreamEvents } from '../../carrier.ts';
import { DuplexStream } from '../duplex-stream.ts';

/** Milliseconds until a socket that has nothing in flight asks whether the other end lives. */
const KEEP_ALIVE = 15_000;

export const peerOf = ({ remoteAddress, remotePort }: Socket): string =>
  `${remoteAddress ?? '?'}:${remotePort ?? 0}`;

export function tuned(socket: Socket): Socket {
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEP_ALIVE);
  return socket;
}

export const socketStream = (socket: Socket, events: DistStreamEvents): DuplexStream =>
  new DuplexStream(tuned(socket), { clock: systemClock, peer: peerOf(socket), takenIsGone: true }, events);
