/**
 * This Node process as the host of applications. Its only effects are handlers of signals and the exit.
 */
import type { Host, HostSignal } from './host.ts';

const SIGNALS: readonly HostSignal[] = ['SIGINT', 'SIGTERM'];

/** This Node process: SIGINT and SIGTERM, and `process.exit`. For the `host` of `loadApplications`. */
export function nodeHost(): Host {
  return {
    onSignal: (notify) => {
      const handlers = SIGNALS.map((signal) => [signal, () => notify(signal)] as const);
      for (const [signal, handler] of handlers) process.on(signal, handler);
      return () => {
        for (const [signal, handler] of handlers) process.off(signal, handler);
      };
    },
    exit: (code) => process.exit(code),
  };
}
