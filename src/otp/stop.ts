/**
 * How a process is stopped from outside: asked, waited for, and killed when it does not go (OTP S10).
 *
 * Waiting is on a monitor, so a process that unlinked itself cannot hang its supervisor. When the process is
 * dead at once, as one that does not trap exits is, the result is synchronous.
 */
import { startingChildren } from '../actor/death.ts';
import type { ExitReason } from '../actor/exit-reason.ts';
import type { Process } from '../actor/process.ts';
import { childrenOf } from '../actor/tree.ts';
import { chain, eachInOrder, type MaybePromise } from './sequence.ts';
import { StopRequest } from './system-messages.ts';

/** `brutalKill`: at once, without `terminate`. A number: milliseconds until it is killed. Infinity: waits. */
export type Shutdown = number | 'brutalKill';

/** Asks a process to end before it handles what is queued. */
export function requestStop(process: Process, reason: ExitReason): void {
  process.runtime.tellToEnd(process, new StopRequest(reason), reason);
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
    const timer = runtime.timers.within(shutdown === 'brutalKill' ? Infinity : shutdown, () => {
      runtime.exit(process, 'kill', from);
    });
    runtime.onExit(process, (died) => {
      timer?.unset();
      resolve(died);
    });
  });
}

/** Ends a process and all below it at once: nobody restarts anybody, and no `terminate` holds the end up. */
export function killTree(root: Process): void {
  const all = [root];
  // one by one: there may be more children than a call takes arguments
  for (const process of all) for (const child of childrenOf(process)) all.push(child);
  for (const process of all) process.runtime.exit(process, 'kill');
}

/** Ends the children of a supervisor that are still starting: at once, a supervisor after its own children. */
export function stopStarting(self: Process): MaybePromise<boolean> {
  return eachInOrder(startingChildren(self).toReversed(), (child) =>
    chain(stopProcess(child, self, Infinity), () => true),
  );
}
