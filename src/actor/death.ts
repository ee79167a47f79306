/**
 * Exit signals and what a death sets off.
 *
 * A death is handled in the order of OTP P13: dead, signal aborted, calls failed, names free, then DOWN
 * messages and exit signals, then the mailbox is dropped. Deaths that a death causes wait in a queue, so a
 * chain of 100,000 links needs no stack.
 */
import { ACTOR_EXIT, publishExit } from './exit-channel.ts';
import type { ExitReason } from './exit-reason.ts';
import { signal, urgentSignal, type Work } from './delivery.ts';
import type { Call } from './call.ts';
import { Kind } from './mailbox.ts';
import { detach, Down, Exit } from './monitor.ts';
import { releaseName, type HeldName } from './names.ts';
import { Process, Status } from './process.ts';
import { RemotePid, type Pid } from './pid.ts';
import { isRemote, type RemoteSignals } from './remote.ts';
import type { Tally } from './tally.ts';
import { abandon, adopt, childrenOf, type Siblings } from './tree.ts';

/** What dying needs of the runtime. */
interface DeathContext extends Siblings {
  /** Processes that are alive. */
  alive: number;
  readonly remote: RemoteSignals | undefined;
  readonly tally: Tally;
  stop(process: Process, reason: ExitReason): void;
  /** A callback that must not throw did. */
  defect(error: unknown): void;
}

/** The parent's exit signal to a process that traps exits: it ends, orderly, whatever its behavior (OTP G14). */
export class ParentExit implements Work {
  readonly from: Pid;
  readonly reason: ExitReason;
  constructor(from: Pid, reason: ExitReason) {
    this.from = from;
    this.reason = reason;
  }
  run(self: Process): void {
    self.runtime.stop(self, this.reason);
  }
}

/** Children linked to it whose `init` has not ended. */
export const startingChildren = (parent: Process): readonly Process[] =>
  [...childrenOf(parent)].filter((child) => child.status === Status.starting && child.linkedToParent);

export class Deaths {
  readonly #runtime: DeathContext;
  /** Dead, and not cleaned up after yet. */
  readonly #queue: Process[] = [];
  #busy = false;

  constructor(runtime: DeathContext) {
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
      // the parent's word is not queued behind other people's messages
      if (from !== null && from === target.parentProcess) {
        if (target.status === Status.starting) this.endStart(target, reason);
        else this.tellToEnd(target, new ParentExit(from, reason), reason);
      } else signal(target, Kind.exit, new Exit(from ?? target, reason));
      return;
    }
    if (reason === 'normal' && from !== target) return;
    this.die(target, reason);
  }

  /** Has a process end before it takes what is queued; a supervisor gives up the start it waits for. */
  tellToEnd(target: Process, order: Work, reason: ExitReason): void {
    const supervises = target.behavior.supervises === true;
    if (supervises && target.status === Status.starting) {
      this.#runtime.stop(target, reason);
      return;
    }
    if (!target.alive) return;
    target.toldToEnd = true;
    urgentSignal(target, Kind.work, order);
    if (!supervises || target.status !== Status.waiting) return;
    for (const child of startingChildren(target)) this.endStart(child, 'shutdown');
  }

  /** Ends a process that is still starting, now: nothing says that its `init` ever ends and it takes a turn. */
  endStart(process: Process, reason: ExitReason): void {
    if (process.behavior.supervises === true) this.#runtime.stop(process, reason);
    else this.die(process, reason);
  }

  /** Ends a process now, without `terminate`. */
  die(process: Process, reason: ExitReason): void {
    if (process.status === Status.dead) return;
    process.status = Status.dead;
    process.reason = reason;
    if (this.#busy) {
      this.#queue.push(process);
      return;
    }
    this.#busy = true;
    try {
      this.#cleanUp(process, reason);
      for (const next of this.#queue) this.#cleanUp(next, next.reason);
    } finally {
      if (this.#queue.length > 0) this.#queue.length = 0;
      this.#busy = false;
    }
  }

  #cleanUp(process: Process, reason: ExitReason): void {
    while (process.timers !== null) process.timers.unset();
    process.extra?.controller?.abort(reason);
    for (let call = process.calls; call !== null; call = process.calls) this.#fail(call, process, reason);
    if (process.extra !== null) for (const held of process.extra.names) this.#release(held, process);
    this.#dropWatches(process);
    this.#tellWatchers(process, reason);
    this.#tellLinks(process, reason);
    this.#leaveTree(process, reason);
    if (process.mailbox !== null) this.#runtime.tally.deadLetters += process.mailbox.letters;
    process.mailbox = process.urgent = null;
    if (process.extra !== null) process.awaitsNothing();
    process.state = undefined;
    this.#runtime.alive--;
    if (ACTOR_EXIT.hasSubscribers) publishExit(process, reason);
  }

  #fail(call: Call, process: Process, reason: ExitReason): void {
    try {
      call.fail({ tag: 'exit', reason, holder: process });
    } catch (error) {
      this.#runtime.defect(error);
    }
  }

  #release(held: HeldName, process: Process): void {
    try {
      releaseName(held, process);
    } catch (error) {
      this.#runtime.defect(error);
    }
  }

  #notify(notify: (reason: ExitReason) => void, reason: ExitReason): void {
    try {
      notify(reason);
    } catch (error) {
      this.#runtime.defect(error);
    }
  }

  #dropWatches(process: Process): void {
    for (let monitor = process.watching; monitor !== null; monitor = process.watching) {
      const target = monitor.target;
      detach(monitor, target instanceof Process ? target : null);
      if (isRemote(target)) this.#runtime.remote?.demonitor(monitor, target);
    }
  }

  #tellWatchers(process: Process, reason: ExitReason): void {
    for (let monitor = process.monitors; monitor !== null; monitor = process.monitors) {
      detach(monitor, process);
      if (monitor.notify !== null) this.#notify(monitor.notify, reason);
      else if (monitor.watcher !== null && monitor.watcher.alive)
        signal(monitor.watcher, Kind.down, new Down(monitor, process, reason));
    }
  }

  #tellLinks(process: Process, reason: ExitReason): void {
    const { links } = process;
    if (links === null) return;
    process.links = null;
    for (const other of links) {
      if (other instanceof RemotePid) this.#runtime.remote?.linkExit(process, other, reason);
      else {
        other.links?.delete(process);
        this.signal(other, process, reason, false);
      }
    }
  }

  #leaveTree(process: Process, reason: ExitReason): void {
    const parent = process.parentProcess;
    abandon(parent ?? this.#runtime, process);
    if (process.firstChild !== null) this.#leaveChildren(process, reason);
    if (parent !== null && process.linkedToParent) this.signal(parent, process, reason, false);
  }

  #leaveChildren(process: Process, reason: ExitReason): void {
    for (const child of childrenOf(process)) {
      const linked = child.linkedToParent;
      // whoever starts has nobody left to start for, whatever the reason
      if (linked && child.status === Status.starting) this.endStart(child, reason);
      else if (linked) this.signal(child, process, reason, false);
      abandon(process, child);
      adopt(this.#runtime, child);
      child.parentProcess = null;
      child.linkedToParent = false;
    }
  }
}
