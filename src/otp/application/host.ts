/**
 * What applications need of the program they run in: its signals and its end (OTP A6).
 *
 * The first signal asks for an end in good order, within one deadline for all; the second ends the program at once.
 */
import type { Clock } from '../../actor/clock.ts';

/** What asks a program to end: a terminal (`SIGINT`) or a service manager (`SIGTERM`). */
export type HostSignal = 'SIGINT' | 'SIGTERM';

/** The program. `nodeHost` is the real one. */
export interface Host {
  /** Calls `notify` for each signal until the returned function is called. */
  onSignal(notify: (signal: HostSignal) => void): () => void;
  /** Ends the program with this code, at once. */
  exit(code: number): void;
}

/** Exit codes: all stopped in time; something was killed, or ended that must not; 128 + n: a second signal. */
export const HostExit = { stopped: 0, failed: 1, SIGINT: 130, SIGTERM: 143 } as const;

/** A terminal and `npm run` both pass Ctrl-C on: two of them so close together are one. Milliseconds. */
const ECHO = 30;

/** Runs `first` at the first signal; a second one ends the program. Returns how to stop listening. */
export function onSignals(host: Host, clock: Clock, first: () => void): () => void {
  let received: { readonly signal: HostSignal; readonly at: number } | undefined;
  return host.onSignal((signal) => {
    const now = clock.now();
    if (received === undefined) {
      received = { signal, at: now };
      first();
    } else if (signal === 'SIGTERM' || received.signal === 'SIGTERM' || now - received.at > ECHO)
      host.exit(HostExit[signal]);
  });
}
