/**
 * Links and monitors: who hears of whose death. What a death then does is `death.ts`.
 */
import { ParentExit, type Deaths } from './death.ts';
import { signal, withdraw } from './delivery.ts';
import type { ExitReason } from './exit-reason.ts';
import { Kind } from './mailbox.ts';
import { attach, detach, Down, Monitor, type Exit } from './monitor.ts';
import { RemotePid, type Pid, type Ref, type Target } from './pid.ts';
import { Process } from './process.ts';
import { isRemote, type RemoteSignals } from './remote.ts';

/** What links and monitors need of the runtime. */
interface LocalNode {
  readonly node: string;
  readonly creation: number;
  readonly remote: RemoteSignals | undefined;
  /** A callback that must not throw did. */
  defect(error: unknown): void;
}

export class Relations {
  readonly #local: LocalNode;
  readonly #deaths: Deaths;
  #refs = 0;

  constructor(local: LocalNode, deaths: Deaths) {
    this.#local = local;
    this.#deaths = deaths;
  }

  link(self: Process, other: Pid): void {
    if (!self.alive || other === self) return;
    if (other instanceof RemotePid) {
      const { remote } = this.#local;
      if (remote === undefined) this.#deaths.signal(self, other, 'noconnection', false);
      else {
        (self.links ??= new Set()).add(other);
        remote.link(self, other);
      }
      return;
    }
    if (!(other instanceof Process)) return;
    if (!other.alive) this.#deaths.signal(self, other, 'noproc', false);
    else if (other.parentProcess === self) other.linkedToParent = true;
    else if (self.parentProcess === other) self.linkedToParent = true;
    else {
      (self.links ??= new Set()).add(other);
      (other.links ??= new Set()).add(self);
    }
  }

  unlink(self: Process, other: Pid): void {
    if (other instanceof RemotePid) {
      self.links?.delete(other);
      this.#local.remote?.unlink(self, other);
    } else if (other instanceof Process) {
      if (other.parentProcess === self) other.linkedToParent = false;
      else if (self.parentProcess === other) self.linkedToParent = false;
      self.links?.delete(other);
      other.links?.delete(self);
    }
    withdraw(
      self,
      (kind, message) =>
        (kind === Kind.exit && (message as Exit).from === other) ||
        (message instanceof ParentExit && message.from === other),
    );
  }

  linkedFrom(self: Process, other: RemotePid): boolean {
    if (!self.alive) return false;
    (self.links ??= new Set()).add(other);
    return true;
  }

  unlinkedFrom(self: Process, other: RemotePid): boolean {
    return self.links?.delete(other) === true;
  }

  linkBroken(self: Process, other: RemotePid, reason: ExitReason): void {
    if (self.links?.delete(other) === true) this.#deaths.signal(self, other, reason, false);
  }

  monitor(target: Target, watcher: Process | null, notify: ((reason: ExitReason) => void) | null): Monitor {
    const { node, creation, remote } = this.#local;
    const monitor = new Monitor(node, creation, ++this.#refs, target, watcher, notify);
    if (watcher?.alive === false) monitor.active = false;
    else if (target instanceof Process && target.alive) attach(monitor, target);
    else if (remote !== undefined && isRemote(target)) {
      attach(monitor, null);
      remote.monitor(monitor, target);
    } else {
      monitor.active = false;
      down(monitor, isRemote(target) ? 'noconnection' : 'noproc');
    }
    return monitor;
  }

  reserve(): number {
    return ++this.#refs;
  }

  monitoredFrom(
    serial: number,
    target: Target,
    watcher: Process | null,
    notify: ((reason: ExitReason) => void) | null,
  ): Monitor {
    const { node, creation } = this.#local;
    const monitor = new Monitor(node, creation, serial, target, watcher, notify);
    if (watcher?.alive === false) monitor.active = false;
    else attach(monitor, null);
    return monitor;
  }

  fired(monitor: Monitor, reason: ExitReason): void {
    if (!monitor.active) return;
    detach(monitor, null);
    try {
      down(monitor, reason);
    } catch (error) {
      this.#local.defect(error);
    }
  }

  demonitor(ref: Ref, flush: boolean): boolean {
    if (!(ref instanceof Monitor)) return false;
    const { active, target, watcher } = ref;
    if (active) {
      detach(ref, target instanceof Process ? target : null);
      if (isRemote(target)) this.#local.remote?.demonitor(ref, target);
    } else if (flush && watcher !== null) {
      // signals of others wait in the ordinary lane; there is one at most
      watcher.mailbox?.removeFirst((kind, message) => kind === Kind.down && (message as Down).ref === ref);
    }
    return active;
  }
}

/** Tells the watcher. */
function down(monitor: Monitor, reason: ExitReason): void {
  const { notify, watcher, target } = monitor;
  if (notify !== null) notify(reason);
  else if (watcher !== null && watcher.alive) signal(watcher, Kind.down, new Down(monitor, target, reason));
}
