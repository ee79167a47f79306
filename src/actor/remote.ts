/**
 * The one seam to processes on other nodes (DESIGN §8, Remote processes).
 *
 * The distribution installs a port; without one every remote pid is out of reach: `send` is lost, `call` and
 * `monitor` report `noconnection`, `link` delivers an exit signal `noconnection`.
 */
import type { Call } from './call.ts';
import type { ExitReason } from './exit-reason.ts';
import type { Monitor } from './monitor.ts';
import type { RemotePid } from './pid.ts';
import type { Process } from './process.ts';

export interface RemoteSignals {
  /** Order per pair is kept. False when the message was refused here. */
  send(from: Process | null, to: RemotePid, message: unknown): boolean;
  /** Takes over the call: `call.reply` or `call.fail` must follow. */
  call(to: RemotePid, call: Call): void;
  link(from: Process, to: RemotePid): void;
  unlink(from: Process, to: RemotePid): void;
  monitor(monitor: Monitor, to: RemotePid): void;
  demonitor(monitor: Monitor, to: RemotePid): void;
  exit(from: Process | null, to: RemotePid, reason: ExitReason): void;
}
