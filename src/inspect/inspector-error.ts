/**
 * An inspector that could not listen where it was told to.
 */
export class InspectorError extends Error {
  readonly host: string;
  readonly port: number;
  /** As the system says it, as `EADDRINUSE`. */
  readonly code: string;

  constructor(host: string, port: number, cause: unknown) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    super(`The inspector cannot listen at ${host} port ${port}: ${code}`, { cause });
    this.name = 'InspectorError';
    this.host = host;
    this.port = port;
    this.code = code;
  }
}
