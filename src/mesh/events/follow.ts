/**
 * What the runtime reports of one tree: to its events, and to its last crashes.
 */
import { Process } from '../../actor/process.ts';
import type { CrashRing } from './crash-ring.ts';
import type { EventHub } from './hub.ts';

/** Until the process that follows, one of the tree, has ended. */
export function follow(
  follower: Process,
  { events, crashes }: { readonly events: EventHub; readonly crashes: CrashRing },
): void {
  const { runtime } = follower;
  const root = rootOf(follower);
  const stop = runtime.onReport((report) => {
    // a runtime may hold more than this tree
    if (!(report.pid instanceof Process) || rootOf(report.pid) !== root) return;
    events.report(report);
    crashes.take(report);
  });
  runtime.onExit(follower, stop);
}

function rootOf(process: Process): Process {
  let root = process;
  while (root.parentProcess !== null) root = root.parentProcess;
  return root;
}
