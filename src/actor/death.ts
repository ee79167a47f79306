/**
 * Exit signals and what a death sets off.
 *
 * A death is handled in the order of OTP P13: dead, signal aborted, calls failed, names free, then DOWN
 * messages and exit signals, then the mailbox is dropped. Deaths that a death causes wait in a queue, so a
 * chain of 100,000 links needs no stack.
 */
import type { ExitReason } from './exit-reason.ts';
import { Kind, Mailbox } from './mailbox.ts';
import { detach, Down, Exit } from './monitor.ts';
import { Process, Status } from './process.ts';
import { RemotePid } from './pid.ts';
import type { RemoteSignals } from './remote.ts';
import { abandon, adopt, childrenOf, type Siblings } from './tree.ts';

/** What dying needs of the runtime. */
export interface Graveyard extends Siblings {
  /** Processes that are alive. */
  alive: number;
  readonly remote: RemoteSignals | undefined;
  wake(process: Process): void;
}

export class Deaths {
  readonly #runtime: Graveyard;
  readonly #queue: { readonly process: Process; readonly reason: ExitReason }[] = [];
  #busy = false;

  constructor(runtime: Graveyard) {
    this.#runtime = runtime;
  }

  /**
   * Delivers an exit signal (OTP P5–P8).
   * @param explicit true for `exit(pid, reason)`: only then does `kill` kill.
   */
  signal(target: Process, from: Process | RemotePid | null, reason: ExitReason, explicit: boolean): void {
    if (target.status === Status.dead) return;
    if (explicit && reason === 'kill') {
      this.die(target, 'killed');
      return;
    }
    if (target.trapExit) {
      const message = new Exit(from ?? target, reason);
      // the parent's word is not queued behind other people's messages
      if (from !== null && from === target.parentProcess)
        (target.urgent ??= new Mailbox()).push(Kind.exit, message);
      else (target.mailbox ??= new Mailbox()).push(Kind.exit, message);
      this.#runtime.wake(target);
      return;
    }
    if (reason === 'normal' && from !== target) return;
    this.die(target, reason);
  }

  /** Ends a process now, without `terminate`. */
  die(process: Process, reason: ExitReason): void {
    if (process.status === Status.dead) return;
    process.status = Status.dead;
    process.reason = reason;
    this.#queue.push({ process, reason });
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (const next of this.#queue) this.#bury(next.process, next.reason);
    } finally {
      this.#queue.length = 0;
      this.#busy = false;
    }
  }

  #bury(process: Process, reason: ExitReason): void {
    if (process.timers !== null) for (const timer of process.timers) timer.unset();
    process.timers = null;
    process.controller?.abort(reason);
    for (let call = process.calls; call !== null; call = process.calls) {
      call.fail({ tag: 'exit', reason, holder: process });
    }
    if (process.names !== null) for (const { scope, name } of process.names) scope.release(name, process);
    process.names = null;
    this.#dropWatches(process);
    this.#tellWatchers(process, reason);
    this.#tellLinks(process, reason);
    this.#leaveTree(process, reason);
    process.mailbox = process.urgent = null;
    process.state = undefined;
    this.#runtime.alive--;
  }

  #dropWatches(process: Process): void {
    for (let monitor = process.watching; monitor !== null; monitor = process.watching) {
      const target = monitor.target;
      if (target instanceof Process) detach(monitor, target);
      else {
        process.watching = monitor.nextOfWatcher;
        monitor.active = false;
        if (target instanceof RemotePid) this.#runtime.remote?.demonitor(monitor, target);
      }
    }
  }

  #tellWatchers(process: Process, reason: ExitReason): void {
    for (let monitor = process.monitors; monitor !== null; monitor = process.monitors) {
      detach(monitor, process);
      if (monitor.notify !== null) monitor.notify(reason);
      else if (monitor.watcher !== null && monitor.watcher.alive) {
        (monitor.watcher.mailbox ??= new Mailbox()).push(Kind.down, new Down(monitor, process, reason));
        this.#runtime.wake(monitor.watcher);
      }
    }
  }

  #tellLinks(process: Process, reason: ExitReason): void {
    const links = process.links;
    process.links = null;
    if (links === null) return;
    for (const other of links) {
      if (other instanceof RemotePid) this.#runtime.remote?.exit(process, other, reason);
      else {
        other.links?.delete(process);
        this.signal(other, process, reason, false);
      }
    }
  }

  #leaveTree(process: Process, reason: ExitReason): void {
    const parent = process.parentProcess;
    abandon(parent ?? this.#runtime, process);
    for (const child of childrenOf(process)) {
      const linked = child.linkedToParent;
      if (linked) this.signal(child, process, reason, false);
      abandon(process, child);
      adopt(this.#runtime, child);
      child.parentProcess = null;
      child.linkedToParent = false;
    }
    if (parent !== null && process.linkedToParent) this.signal(parent, process, reason, false);
  }
}
