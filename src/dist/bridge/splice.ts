/**
 * Joins a connection of a local node and a tunnel: what comes out of one goes into the other, and their ends are one.
 *
 * Each holds the other back. A distribution has no use for half a connection, but the tail of what was sent is delivered: an end is
 * passed on, and only a failure cuts. What the other one still says then is nobody's; it is read, so that it can end, for so long and
 * no longer. Nothing is ever resumed on another stream (RELIABILITY §10).
 */
import type { Duplex } from 'node:stream';
import type { Clock } from '../../actor/clock.ts';
import { nursery } from '../../transport/nursery.ts';
import { gather } from './gather.ts';

/** Milliseconds for one to end whose other one has ended and gone. */
const LINGER = 5_000;

export function splice(local: Duplex, tunnel: Duplex, clock: Clock): void {
  gather(local, tunnel, clock);
  tunnel.on('data', (bytes: Uint8Array) => nursery.received(bytes.length));
  tunnel.pipe(local);
  follow(local, tunnel, clock);
  follow(tunnel, local, clock);
}

/** Behind both pipes: who has lost its reader is read no more by them. */
function follow(from: Duplex, to: Duplex, clock: Clock): void {
  const gone = (): void => {
    if (from.readableEnded) part(to, clock);
    else to.destroy();
  };
  from.on('error', () => to.destroy());
  if (from.destroyed) gone();
  else from.once('close', gone);
}

function part(to: Duplex, clock: Clock): void {
  if (to.closed) return;
  const deadline = clock.setTimer(LINGER, () => to.destroy());
  clock.hold(deadline, false);
  to.once('close', () => clock.clear(deadline));
  to.resume();
}
