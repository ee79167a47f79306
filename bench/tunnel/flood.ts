/**
 * Many tunnels that are used as much as they allow: one process sends, another one counts what comes.
 */
import type { Duplex } from 'node:stream';
import type { IncomingTunnel } from '../../src/dist/relay/client/client-tunnel.ts';
import { first } from './clients.ts';
import type { Received } from './messages.ts';

const CHUNK = new Uint8Array(16_384).fill(7);

interface Counted {
  readonly stream: Duplex;
  bytes: number;
  cut: boolean;
}

const incoming: Counted[] = [];

/** Takes a tunnel and counts what comes. */
export function count({ stream }: IncomingTunnel): void {
  const counted: Counted = { stream, bytes: 0, cut: false };
  incoming.push(counted);
  stream.on('error', () => {});
  stream.on('close', () => {
    counted.cut = true;
  });
  stream.on('data', (bytes: Uint8Array) => {
    counted.bytes += bytes.length;
  });
}

export const received = (): Received => ({
  at: performance.timeOrigin + performance.now(),
  bytes: incoming.map(({ bytes }) => bytes),
  cut: incoming.filter(({ cut }) => cut).length,
});

export function stall(tunnels: number): void {
  for (const [index, { stream }] of incoming.entries())
    if (index < tunnels) stream.pause();
    else stream.resume();
}

/** Opens them one after the other, then sends into all of them. */
export async function begin(targets: readonly string[], each: number): Promise<void> {
  const streams: Duplex[] = [];
  for (const target of targets)
    for (let one = 0; one < each; one++) streams.push((await first().requestTunnel(target)).stream);
  for (const stream of streams) {
    const fill = (): void => {
      while (stream.write(CHUNK));
    };
    stream.on('drain', fill);
    fill();
  }
}
