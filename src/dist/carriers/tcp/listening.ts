/**
 * Listening at a TCP port, and why it does not.
 */
import type { Server } from 'node:net';
import { CarrierError } from '../../carrier-error.ts';

/** Rejects with what `notListening` explains. */
export const listen = (server: Server, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });

export function notListening(cause: unknown, where: string): CarrierError {
  const taken = (cause as NodeJS.ErrnoException | null)?.code === 'EADDRINUSE';
  const failure = taken ? 'address_in_use' : 'listen_failed';
  const why = cause instanceof Error ? cause.message : String(cause);
  return new CarrierError(failure, `cannot listen at ${where}: ${why}`, { cause });
}
