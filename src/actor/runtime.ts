/**
 * The actor kernel: makes processes, carries messages and signals between them, and ends them.
 *
 * One runtime is one world of processes; a program usually has one. Nothing here knows of behaviors, names
 * of services or networks. Source of the semantics: Erlang/OTP (OTP §1); what differs is in docs/semantics.md.
 *
 * Longer than other files: it is the one face of the kernel. Most of its methods are a few lines that hand on to the parts beside it.
 */
import type { Behavior, Failure } from './behavior.ts';
import type { Call } from './call.ts';
import { systemClock, type Clock } from './clock.ts';
import { Deaths } from './death.ts';
import { signal, type Work } from './delivery.ts';
import { isExit, isOrderly, thrownReason, type ExitReason } from './exit-reason.ts';
import { ndjsonLogger, type Logger } from './logger.ts';
import { oneOfEach } from './layouts.ts';
import { MAILBOX_FULL, onFull } from './full-mailbox.ts';
import { Kind, Mailbox } from './mailbox.ts';
import type { Monitor } from './monitor.ts';
import { NameScope } from './names.ts';
import { RemotePid, type Pid, type Ref, type Target } from './pid.ts';
import { NOPROC, Process, Status, type ProcessInfo } from './process.ts';
import { MessageTimer, WorkTimer } from './process-timer.ts';
import { systemRandom, type Random } from './random.ts';
import { Relations } from './relations.ts';
import { isRemote, type RemoteSignals } from './remote.ts';
import { crashReport, Reporter, type Report, type ReportListener } from './report.ts';
import type { RunQueuePolicy } from './run-queue.ts';
import { DEFAULT_BUDGET, Scheduler, type Budget } from './scheduler.ts';
import { Tally } from './tally.ts';
import { Timers, type TimerEntry } from './timers.ts';
import { abandon, adopt } from './tree.ts';
import { Turn } from './turn.ts';
import { nameAs } from './named.ts';

/** What a runtime is made with; all of it may be left out. */
export interface RuntimeOptions {
  /** Where its time comes from: timers, timeouts, restart windows. Default: the system's. */
  readonly clock?: Clock | undefined;
  /** Where its chance comes from. Default: the system's. */
  readonly random?: Random | undefined;
  /** Who runs next: `{ tag: 'fifo' }` (default), or a pick by seed, for tests. */
  readonly runQueue?: RunQueuePolicy | undefined;
  /** How much runs before timers and sockets have their turn, and a process before the next one. */
  readonly budget?: { readonly [Bound in keyof Budget]?: Budget[Bound] | undefined } | undefined;
  /** Default: NDJSON on stderr from `warn` up. */
  readonly logger?: Logger | undefined;
  /**
   * Whether the log tells name and message of what was thrown. Default false: they may hold secrets, so it tells
   * the class and the places in the code.
   */
  readonly crashDetails?: boolean | undefined;
  /** This node's name in a distributed system; default none. */
  readonly node?: string | undefined;
}

export interface SpawnOptions {
  readonly parent?: Process | null | undefined;
  /** Whether the edge to the parent carries exit signals. Default true when there is a parent. */
  readonly linked?: boolean | undefined;
  readonly label?: string | undefined;
  /** The id of its child specification. */
  readonly id?: string | undefined;
}

/**
 * One world of processes: their names, timers, run queue and reports. Made by `createRuntime`. It has no end of its
 * own: it goes with its processes.
 */
export class Runtime {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly timers: Timers;
  readonly scheduler: Scheduler;
  /** The runtime's own scope of names. */
  readonly names: NameScope = new NameScope();
  /** Whether the log tells name and message of what was thrown. */
  readonly crashDetails: boolean;
  readonly node: string;
  readonly creation: number;
  /** The port to other nodes; installed by the distribution. */
  remote: RemoteSignals | undefined = undefined;
  firstChild: Process | null = null;
  lastChild: Process | null = null;
  /** Living processes, and processes ever started. */
  alive = 0;
  spawned = 0;
  /** What is counted of all of them. */
  readonly tally: Tally = new Tally();
  /** Monotonic ms of its clock. */
  readonly startedAt: number;
  /** See `layouts.ts`. */
  readonly kept: readonly unknown[];
  readonly #turn: Turn;
  /** Of its own: what is reported must not change a run. */
  readonly #ids: Random;
  readonly #deaths: Deaths;
  readonly #relations: Relations;
  readonly #reporter: Reporter;

  constructor(options: RuntimeOptions = {}) {
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? systemRandom;
    this.logger = options.logger ?? ndjsonLogger(this.clock);
    this.node = options.node ?? '';
    this.creation = this.random.u32();
    this.#ids = this.random.fork('reports');
    this.crashDetails = options.crashDetails === true;
    this.#reporter = new Reporter(this.logger, this.crashDetails);
    this.#turn = new Turn(this.clock);
    this.timers = new Timers(this.clock, this.#turn);
    this.startedAt = this.clock.now();
    this.scheduler = new Scheduler(
      this.clock,
      this.#turn,
      options.runQueue ?? { tag: 'fifo' },
      budgetOf(options.budget),
      { crashed: (process, error, kind, message) => this.crash(process, error, kind, message) },
      this.tally,
    );
    this.#deaths = new Deaths(this);
    this.kept = oneOfEach(this);
    this.#relations = new Relations(this, this.#deaths);
  }

  /** When the present turn of the event loop began, monotonic ms; Infinity while nobody has asked in it. */
  get turnBegan(): number {
    return this.#turn.knownStart;
  }

  // --- life -------------------------------------------------------------------------------------------------

  /** Makes a process. It takes messages at once and handles them from `activate` on. */
  spawn(behavior: Behavior, options: SpawnOptions = {}): Process {
    const { parent = null } = options;
    const info: ProcessInfo | null =
      options.label === undefined && options.id === undefined
        ? null
        : { label: options.label ?? options.id ?? behavior.type, id: options.id };
    const age = Math.round(this.#turn.began - this.startedAt);
    const process = new Process(
      this,
      ++this.spawned,
      behavior,
      parent,
      parent !== null && (options.linked ?? true),
      info,
      age,
    );
    this.alive++;
    adopt(parent ?? this, process);
    if (parent !== null && !parent.alive) this.#lateChild(process);
    return process;
  }

  /** Its parent is dead already: it dies too when linked, else it hangs below the root. */
  #lateChild(process: Process): void {
    abandon(process.parentProcess ?? this, process);
    adopt(this, process);
    process.parentProcess = null;
    if (process.linkedToParent) this.#deaths.die(process, 'noproc');
  }

  /** Ends the starting phase of a process. */
  activate(process: Process): void {
    if (process.status === Status.starting) this.scheduler.release(process);
  }

  /** A callback threw, while it handled `message` if one is given: `terminate`, reports, death. */
  crash(process: Process, error: unknown, kind?: Kind, message?: unknown): void {
    if (process.behavior.reportEnd !== undefined && process.failure === null)
      process.failure = failureOf(error, kind, message);
    this.stop(process, thrownReason(error));
  }

  /** Ends a process from within, orderly: runs `terminate` first (OTP G14). */
  stop(process: Process, reason: ExitReason): void {
    if (process.status === Status.dead || process.status === Status.stopping) return;
    process.status = Status.stopping;
    const { current } = this.scheduler;
    this.scheduler.current = process;
    try {
      const result = process.behavior.terminate?.(reason, process);
      if (result === undefined) this.#finish(process, reason);
      else
        Promise.resolve(result).then(
          () => this.#finish(process, reason),
          (error: unknown) => this.#finish(process, thrownReason(error)),
        );
    } catch (error) {
      this.#finish(process, thrownReason(error));
    } finally {
      this.scheduler.current = current;
    }
  }

  /** Has `order` end a process in its turn, before what is queued. For libraries; others use `exit`. */
  tellToEnd(process: Process, order: Work, reason: ExitReason): void {
    this.#deaths.tellToEnd(process, order, reason);
  }

  /** Ends a process now, without `terminate` and without a report. */
  die(process: Process, reason: ExitReason): void {
    this.#deaths.die(process, reason);
  }

  #finish(process: Process, reason: ExitReason): void {
    if (process.status === Status.dead) return;
    if (!isOrderly(reason)) {
      if (this.#reporter.hasListeners) this.#reportEnd(process, reason);
      if (this.#reporter.hearsCrashes) this.reportCrash(process, reason);
      else this.tally.crashed(reason);
    }
    this.#deaths.die(process, reason);
  }

  /** For listeners: the log says no more of it than the crash report does. */
  #reportEnd(process: Process, reason: ExitReason): void {
    try {
      process.behavior.reportEnd?.(reason, process);
    } catch (error) {
      this.defect(error);
    }
  }

  // --- messages ---------------------------------------------------------------------------------------------

  /**
   * False when the mailbox is full. A message to a dead process is lost in silence. Never throws.
   *
   * It counts as sent by `from`, or else by whose callback runs right now, whatever becomes of it; so do `cast`, `call` and the
   * answers to calls. What a callback sends after an `await` is known to be its own only where `from` says so (`self.send`).
   */
  send(to: Target, message: unknown, from: Process | null = null): boolean {
    const sender = from === null ? this.scheduler.running : from;
    if (sender !== null) sender.sent++;
    if (to instanceof Process) return this.#deliver(to, Kind.info, message);
    return this.remote !== undefined && isRemote(to) ? this.remote.send(from, to, message) : true;
  }

  /** Like `send`, for requests without an answer. */
  cast(to: Target, message: unknown, from: Process | null = null): boolean {
    const sender = from === null ? this.scheduler.running : from;
    if (sender !== null) sender.sent++;
    if (to instanceof Process) return this.#deliver(to, Kind.cast, message);
    return this.remote !== undefined && isRemote(to) ? this.remote.cast(from, to, message) : true;
  }

  /** Has `process` do something in its own turn, after what is queued; not bounded. For libraries. */
  work(process: Process, run: (self: Process) => void | PromiseLike<void>): void {
    if (process.alive) signal(process, Kind.work, { run } satisfies Work);
  }

  /** Sends a call; `timeout` in ms, Infinity for none. It is settled exactly once. */
  call(to: Target, call: Call, timeout: number): void {
    if (call.settled) return;
    const sender = this.scheduler.running;
    if (sender !== null) sender.sent++;
    if (!(to instanceof Process)) this.#callElsewhere(to, call, timeout);
    else if (!to.alive) call.fail(NOPROC);
    else if (to.mailbox !== null && to.mailbox.length >= to.bound && onFull(to, to.mailbox) !== 'room')
      call.fail(MAILBOX_FULL);
    else {
      call.moveTo(to);
      if (timeout !== Infinity) this.timers.set(call, timeout);
      this.#queue(to, Kind.call, call);
    }
  }

  /** Apart: the way of most calls is short enough to be compiled into their callers. */
  #callElsewhere(to: Exclude<Target, Process>, call: Call, timeout: number): void {
    if (timeout !== Infinity) this.timers.set(call, timeout);
    if (this.remote !== undefined && isRemote(to)) this.remote.call(to, call);
    else call.fail({ tag: 'exit', reason: 'noconnection', holder: null });
  }

  /** Sends `message` to `target` after `delay` ms; forgotten when the target dies. */
  sendAfter(delay: number, target: Process, message: unknown): TimerEntry {
    const timer = new MessageTimer(target, message);
    timer.start(delay);
    return timer;
  }

  /** Like `work`, after `delay` ms; forgotten when the process dies. Cancelling holds even if it had fired. */
  workAfter(delay: number, process: Process, run: (self: Process) => void | PromiseLike<void>): TimerEntry {
    const timer = new WorkTimer(process, run);
    timer.start(delay);
    return timer;
  }

  #deliver(to: Process, kind: Kind, message: unknown): boolean {
    if (to.status === Status.dead) {
      this.tally.deadLetters++;
      return true;
    }
    const mailbox = (to.mailbox ??= new Mailbox());
    if (mailbox.length >= to.bound) {
      const outcome = onFull(to, mailbox);
      if (outcome !== 'room') return outcome === 'dropped';
    }
    this.#queue(to, kind, message);
    return true;
  }

  /** There is room. */
  #queue(to: Process, kind: Kind, message: unknown): void {
    (to.mailbox ??= new Mailbox()).push(kind, message);
    if (to.status === Status.idle && !to.suspended) to.runtime.scheduler.ready(to);
  }

  // --- signals ----------------------------------------------------------------------------------------------

  /** Sends an exit signal (OTP P5–P8). `kill` cannot be trapped. */
  exit(target: Pid, reason: ExitReason, from: Process | RemotePid | null = null): void {
    if (target instanceof Process) this.#deaths.signal(target, from, reason, true);
    else if (target instanceof RemotePid && !(from instanceof RemotePid))
      this.remote?.exit(from, target, reason);
  }

  /** Twice is once (P4). Linking to the dead delivers `noproc` (P9). */
  link(self: Process, other: Pid): void {
    this.#relations.link(self, other);
  }

  /** No exit message of `other` is delivered after this (P12). */
  unlink(self: Process, other: Pid): void {
    this.#relations.unlink(self, other);
  }

  /** The watcher gets exactly one `Down`; at once, `noproc`, when the target is dead (P10). */
  monitor(watcher: Process, target: Target): Ref {
    return this.#relations.monitor(target, watcher, null);
  }

  /** Calls `notify` when the target dies, in the middle of its death: it must be short and must not throw. */
  onExit(target: Target, notify: (reason: ExitReason) => void): Ref {
    return this.#relations.monitor(target, null, notify);
  }

  /** False when the monitor had fired or was unknown. With `flush` (default) a queued `Down` goes too. */
  demonitor(ref: Ref, options: { readonly flush?: boolean | undefined } = {}): boolean {
    return this.#relations.demonitor(ref, options.flush !== false);
  }

  /**
   * For the port to other nodes: a process there linked to `self`. Records it; the port is not told. False when
   * `self` is dead: the port then answers with the exit signal `noproc`.
   */
  linkedFrom(self: Process, other: RemotePid): boolean {
    return this.#relations.linkedFrom(self, other);
  }

  /** For the port to other nodes: the other end took its link away. False when there was none. */
  unlinkedFrom(self: Process, other: RemotePid): boolean {
    return this.#relations.unlinkedFrom(self, other);
  }

  /** For the port to other nodes: the other end of a link died, or is out of reach. */
  linkBroken(self: Process, other: RemotePid, reason: ExitReason): void {
    this.#relations.linkBroken(self, other, reason);
  }

  /** For the port to other nodes: the serial of a reference that `monitoredFrom` may take later. */
  reserveRef(): number {
    return this.#relations.reserve();
  }

  /**
   * For the port to other nodes: a monitor that came to be there, with a process that was started for the watcher. The
   * port is not told. Not active when the watcher is dead: the port then takes it back.
   */
  monitoredFrom(
    serial: number,
    target: RemotePid,
    watcher: Process | null,
    notify: ((reason: ExitReason) => void) | null = null,
  ): Monitor {
    return this.#relations.monitoredFrom(serial, target, watcher, notify);
  }

  /** For the port to other nodes: the target of a monitor died, or is out of reach. */
  monitorFired(monitor: Monitor, reason: ExitReason): void {
    this.#relations.fired(monitor, reason);
  }

  // --- reports ----------------------------------------------------------------------------------------------

  /** Receives every report until the returned function is called. */
  onReport(listener: ReportListener): () => void {
    return this.#reporter.listen(listener);
  }

  /** Hands a report to the log and to all listeners. For behaviors. Never throws. */
  report(report: Report): void {
    this.#reporter.report(report);
  }

  /** Whether anybody hears of progress: else its reports need not be made. */
  get wantsProgress(): boolean {
    return this.#reporter.wantsProgress;
  }

  /** Reports the crash of a process and returns the id that joins it with what a remote caller is told. */
  reportCrash(process: Process, reason: ExitReason): string {
    this.tally.crashed(reason);
    const id = Buffer.from(this.#ids.bytes(8)).toString('hex');
    this.#reporter.report(crashReport(process, reason, id, this.clock.wall()));
    return id;
  }

  /** Only for the kernel: a callback that must not throw did. It is logged, and everything goes on. */
  defect(error: unknown): void {
    this.#reporter.defect(error);
  }
}

function budgetOf({
  slice = DEFAULT_BUDGET.slice,
  messages = DEFAULT_BUDGET.messages,
  milliseconds = DEFAULT_BUDGET.milliseconds,
}: NonNullable<RuntimeOptions['budget']> = {}): Budget {
  return { slice, messages, milliseconds };
}

nameAs(Runtime, () => '[runtime]');

function failureOf(error: unknown, kind: Kind | undefined, message: unknown): Failure {
  return {
    class: isExit(error) ? 'exit' : 'error',
    message: kind === undefined ? undefined : { kind, body: message },
  };
}
