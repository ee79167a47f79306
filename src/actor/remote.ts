/**
 * The one seam to processes on other nodes (DESIGN §8, Remote processes).
 *
 * The distribution installs a port; without one every remote pid is out of reach: `send` is lost, `call` and
 * `monitor` report `noconnection`, `link` delivers an exit signal `noconnection`.
 *
 * What comes in from there the port hands to the runtime: a message to `send`, `cast` and `call`, an explicit
 * exit to `exit`, a link and its end to `linkedFrom` and `unlinkedFrom`, the exit signal of a link to
 * `linkBroken`, a monitor's to `monitorFired`.
 */
import type { Call } from './call.ts';
import type { ExitReason } from './exit-reason.ts';
import type { Monitor } from './monitor.ts';
import { RemoteName, RemotePid, type Target } from './pid.ts';
import type { Process } from './process.ts';

/** A process on another node, or a name there. */
export type RemoteTarget = RemotePid | RemoteName;

export const isRemote = (target: Target): target is RemoteTarget =>
  target instanceof RemotePid || target instanceof RemoteName;

export interface RemoteSignals {
  /** Order per pair is kept. False when the message was refused here. */
  send(from: Process | null, to: RemoteTarget, message: unknown): boolean;
  /** Like `send`, for requests without an answer. */
  cast(from: Process | null, to: RemoteTarget, message: unknown): boolean;
  /** Takes over the call: `call.reply` or `call.fail` must follow. */
  call(to: RemoteTarget, call: Call): void;
  link(from: Process, to: RemotePid): void;
  unlink(from: Process, to: RemotePid): void;
  /** `monitorFired` must follow when the target has ended, or is out of reach. */
  monitor(monitor: Monitor, to: RemoteTarget): void;
  demonitor(monitor: Monitor, to: RemoteTarget): void;
  /** The exit signal of a link: `from` died. `kill` is a reason like any other. */
  linkExit(from: Process, to: RemotePid, reason: ExitReason): void;
  /** An explicit exit signal, of a process that goes on living: `kill` kills. */
  exit(from: Process | null, to: RemotePid, reason: ExitReason): void;
}
