/**
 * Monitors: one-way, one-shot notices of a process's end. Each `monitor` is separate (OTP P10).
 *
 * A monitor sits in two intrusive lists: of those who watch the target, and of those the watcher holds.
 */
import type { ExitReason } from './exit-reason.ts';
import type { Pid, Ref, Target } from './pid.ts';
import type { Process } from './process.ts';
import { nameAs } from './named.ts';

/**
 * The message a watcher gets, exactly once per monitor. `pid` is what was monitored: a pid, or a name on another node.
 * `reason` is what the process ended with: `noproc` when it was gone before, or nobody had the name; `noconnection` when
 * its node is out of reach.
 */
export class Down {
  readonly tag = 'DOWN';
  readonly ref: Ref;
  readonly pid: Target;
  readonly reason: ExitReason;
  constructor(ref: Ref, pid: Target, reason: ExitReason) {
    this.ref = ref;
    this.pid = pid;
    this.reason = reason;
  }
}

/** The message a trapping process gets for an exit signal. */
export class Exit {
  readonly tag = 'EXIT';
  readonly from: Pid;
  readonly reason: ExitReason;
  constructor(from: Pid, reason: ExitReason) {
    this.from = from;
    this.reason = reason;
  }
}

export class Monitor implements Ref {
  readonly node: string;
  readonly creation: number;
  readonly serial: number;
  readonly target: Target;
  /** The process that gets the message; null for a callback. */
  readonly watcher: Process | null;
  /** Called instead of a message, in the middle of the target's death: it must not throw. */
  readonly notify: ((reason: ExitReason) => void) | null;
  active = true;
  nextOfTarget: Monitor | null = null;
  previousOfTarget: Monitor | null = null;
  nextOfWatcher: Monitor | null = null;
  previousOfWatcher: Monitor | null = null;

  constructor(
    node: string,
    creation: number,
    serial: number,
    target: Target,
    watcher: Process | null,
    notify: ((reason: ExitReason) => void) | null,
  ) {
    this.node = node;
    this.creation = creation;
    this.serial = serial;
    this.target = target;
    this.watcher = watcher;
    this.notify = notify;
  }
}

nameAs(Monitor, () => '[monitor]');

/** Puts a monitor into the list of its watcher, and of its target when that is here. */
export function attach(monitor: Monitor, target: Process | null): void {
  if (target !== null) {
    monitor.nextOfTarget = target.monitors;
    if (target.monitors !== null) target.monitors.previousOfTarget = monitor;
    target.monitors = monitor;
  }
  const watcher = monitor.watcher;
  if (watcher === null) return;
  monitor.nextOfWatcher = watcher.watching;
  if (watcher.watching !== null) watcher.watching.previousOfWatcher = monitor;
  watcher.watching = monitor;
}

/** Takes a monitor out of its lists and deactivates it. */
export function detach(monitor: Monitor, target: Process | null): void {
  monitor.active = false;
  if (monitor.previousOfTarget !== null) monitor.previousOfTarget.nextOfTarget = monitor.nextOfTarget;
  else if (target?.monitors === monitor) target.monitors = monitor.nextOfTarget;
  if (monitor.nextOfTarget !== null) monitor.nextOfTarget.previousOfTarget = monitor.previousOfTarget;
  monitor.nextOfTarget = monitor.previousOfTarget = null;
  const watcher = monitor.watcher;
  if (watcher === null) return;
  if (monitor.previousOfWatcher !== null) monitor.previousOfWatcher.nextOfWatcher = monitor.nextOfWatcher;
  else if (watcher.watching === monitor) watcher.watching = monitor.nextOfWatcher;
  if (monitor.nextOfWatcher !== null) monitor.nextOfWatcher.previousOfWatcher = monitor.previousOfWatcher;
  monitor.nextOfWatcher = monitor.previousOfWatcher = null;
}
