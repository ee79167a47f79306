/**
 * Joins a connection of a local node and a tunnel: what comes out of one goes into the other, and their ends are one.
 *
 * Each holds the other back. A distribution has no use for half a connection, but the tail of what was sent is delivered: an end is
 * passed on, and only a failure cuts. Nothing is ever resumed on another stream (RELIABILITY §10).
 */
import type { Duplex } from 'node:stream';

export function splice(local: Duplex, tunnel: Duplex): void {
  for (const [from, to] of [
    [local, tunnel],
    [tunnel, local],
  ] as const) {
    from.pipe(to);
    from.on('error', () => to.destroy());
    from.once('close', () => {
      if (!from.readableEnded) to.destroy();
    });
  }
}
