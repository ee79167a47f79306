/**
 * An inspector that could not listen where it was told to.
 */
import type { PhysicalAddress } from '../transport/transport.ts';

export interface InspectorFailure {
  readonly tag: 'bind_failed';
  readonly address: PhysicalAddress;
  /** As the system says it, as `EADDRINUSE`. */
  readonly code: string;
}

export class InspectorError extends Error {
  override readonly name = 'InspectorError';
  readonly failure: InspectorFailure;

  constructor({ host, port }: PhysicalAddress, cause: unknown) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    super(`The inspector cannot listen at ${host} port ${port}: ${code}`, { cause });
    this.failure = { tag: 'bind_failed', address: { host, port }, code };
  }
}
