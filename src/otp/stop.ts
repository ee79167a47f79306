/**
 * How a process is stopped from outside: asked, waited for, and killed when it does not go (OTP S10).
 *
 * Waiting is on a monitor, so a process that unlinked itself cannot hang its supervisor. When the process is
 * dead at once, as one that does not trap exits is, the result is synchronous.
 */
import { urgentSignal } from '../actor/delivery.ts';
import type { ExitReason } from '../actor/exit-reason.ts';
import { Kind } from '../actor/mailbox.ts';
import type { Process } from '../actor/process.ts';
import { StopRequest } from './system-messages.ts';

/** `brutalKill`: at once, without `terminate`. A number: milliseconds until it is killed. Infinity: waits. */
export type Shutdown = number | 'brutalKill';

/** Asks a process to end before it handles what is queued. */
export function requestStop(process: Process, reason: ExitReason): void {
  if (process.alive) urgentSignal(process, Kind.work, new StopRequest(reason));
}

/** Stops `process` and gives the reason it died of. `from` is whose signal it is: its parent, or null. */
export function stopProcess(
  process: Process,
  from: Process | null,
  shutdown: Shutdown,
  reason: ExitReason = 'shutdown',
): ExitReason | Promise<ExitReason> {
  const runtime = process.runtime;
  if (shutdown === 'brutalKill') runtime.exit(process, 'kill', from);
  else if (process.trapExit && from === null) requestStop(process, reason);
  else runtime.exit(process, reason, from);
  if (!process.alive) return process.reason;
  return new Promise((resolve) => {
    const timer =
      shutdown === 'brutalKill' || shutdown === Infinity
        ? undefined
        : runtime.timers.after(shutdown, () => {
            runtime.exit(process, 'kill', from);
          });
    runtime.onExit(process, (died) => {
      timer?.unset();
      resolve(died);
    });
  });
}
