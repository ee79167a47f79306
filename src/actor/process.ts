/**
 * The process record: everything the kernel knows about one process, in one flat object.
 *
 * Fields that most processes never need are null until then (OTP §6). Seen from outside it is a `Pid`, from
 * its own callbacks a `Self`; the kernel alone writes its fields.
 */
import type { Behavior, Failure } from './behavior.ts';
import type { Call, CallFailure } from './call.ts';
import type { Clock } from './clock.ts';
import { isOrderly, thrownReason, type ExitReason } from './exit-reason.ts';
import { guardedController } from './guarded-signal.ts';
import type { FullPolicy, Kind, Mailbox } from './mailbox.ts';
import type { Monitor } from './monitor.ts';
import { takeName, type HeldName, type NameTable } from './names.ts';
import type { Pid, RemotePid, Ref, Target } from './pid.ts';
import type { Random } from './random.ts';
import type { Runtime } from './runtime.ts';
import type { ProcessTimer } from './process-timer.ts';
import type { TimerEntry } from './timers.ts';
import { nameAs } from './named.ts';

/** `waiting`: a callback returned a promise that has not settled. `stopping`: `terminate` is running. */
export const Status = {
  starting: 0,
  idle: 1,
  queued: 2,
  running: 3,
  waiting: 4,
  stopping: 5,
  dead: 6,
} as const;
export type Status = (typeof Status)[keyof typeof Status];

/** Messages a process keeps before it refuses more (DESIGN §8). */
export const MAILBOX_BOUND = 1_000;

/** Who a process is, for people. */
export interface ProcessInfo {
  /** A short name for trees and logs. Default: the type of its behavior. */
  label: string;
  /** The child specification's id when a supervisor started it. */
  readonly id: string | undefined;
}

/** What a process sees of itself, given to every callback. */
export interface Self {
  readonly pid: Pid;
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly random: Random;
  /**
   * Aborted with the exit reason when this process dies. A listener that throws makes a crash report of this
   * process and harms nobody; one of a signal that `AbortSignal.any` made of this one ends the program, as in
   * all of Node.
   */
  readonly signal: AbortSignal;
  readonly parent: Pid | null;
  /** Exit signals become messages `Exit` while true. Default false. */
  trapExit: boolean;
  label: string;
  /** False when it was refused (full mailbox). A message to a dead process is lost in silence. */
  send(to: Target, message: unknown): boolean;
  /** Sends itself `message` in `delay` ms; forgotten when it ends. `unset()` of what it gives cancels it. */
  sendAfter(delay: number, message: unknown): TimerEntry;
  /** Twice is once. Linking to the dead delivers the exit signal `noproc`, to a node out of reach `noconnection`. */
  link(other: Pid): void;
  /** No exit of `other` is delivered after this. */
  unlink(other: Pid): void;
  /** One `Down` with this ref comes when `target` ends; at once, `noproc`, when it has, or nobody has that name. */
  monitor(target: Target): Ref;
  /** @param options.flush also removes a `Down` that is already queued. Default true. */
  demonitor(ref: Ref, options?: { readonly flush?: boolean | undefined }): boolean;
  /** Sends an exit signal to another process. */
  exit(target: Pid, reason: ExitReason): void;
  /** False when the name is taken. */
  register<Name = string>(name: Name, scope?: NameTable<Name>): boolean;
}

const TRAPS = 1;
const LINKED = 2;
const SUSPENDED = 4;
const TOLD = 8;
/** The kind of the message that is awaited, plus one; 0: none is. */
const AWAITED = 112;
const AWAITED_AT = 4;

const NO_NAMES: readonly HeldName[] = [];

/** What few processes have. */
class Extra {
  links: Set<Process | RemotePid> | null = null;
  names: readonly HeldName[] = NO_NAMES;
  controller: AbortController | null = null;
  dropped = 0;
  full: FullPolicy = 'reject';
  failure: Failure | null = null;
  awaited: unknown = undefined;
  awaitedSince = 0;
}

export class Process implements Pid, Self {
  readonly serial: number;
  readonly runtime: Runtime;
  /** Replaced only before it runs (`enterLoop`) or while it is suspended (`sys.changeCode`). */
  behavior: Behavior;
  status: Status = Status.starting;
  flags: number;
  bound: number = MAILBOX_BOUND;
  /** Messages and signals handled. */
  handled = 0;
  /** Messages, requests and answers sent: see `Runtime.send`. */
  sent = 0;
  /** The turn it was started in: whole milliseconds after the runtime's start. */
  readonly startedAt: number;
  state: unknown = undefined;
  reason: ExitReason = undefined;
  mailbox: Mailbox | null = null;
  /** The parent's exit signal and system messages: taken before any other, without bound. */
  urgent: Mailbox | null = null;
  parentProcess: Process | null;
  firstChild: Process | null = null;
  lastChild: Process | null = null;
  previousSibling: Process | null = null;
  nextSibling: Process | null = null;
  /** Monitors of others on this process, and of this process on others. */
  monitors: Monitor | null = null;
  watching: Monitor | null = null;
  /** Calls this process owes an answer. */
  calls: Call | null = null;
  timers: ProcessTimer | null = null;
  extra: Extra | null = null;
  info: ProcessInfo | null;
  /** The parent supervisor's record of this child. */
  child: unknown = null;

  constructor(
    runtime: Runtime,
    serial: number,
    behavior: Behavior,
    parent: Process | null,
    linked: boolean,
    info: ProcessInfo | null,
    startedAt: number,
  ) {
    this.runtime = runtime;
    this.serial = serial;
    this.behavior = behavior;
    this.parentProcess = parent;
    this.flags = linked ? LINKED : 0;
    this.info = info;
    this.startedAt = startedAt;
  }

  get node(): string {
    return this.runtime.node;
  }
  get creation(): number {
    return this.runtime.creation;
  }
  get pid(): Pid {
    return this;
  }
  get parent(): Pid | null {
    return this.parentProcess;
  }
  get alive(): boolean {
    return this.status !== Status.dead;
  }
  get clock(): Clock {
    return this.runtime.clock;
  }
  get random(): Random {
    return this.runtime.random;
  }
  /** Messages and signals that wait. */
  get queued(): number {
    return (
      (this.mailbox === null ? 0 : this.mailbox.length) + (this.urgent === null ? 0 : this.urgent.length)
    );
  }
  /** Messages and signals accepted so far. */
  get received(): number {
    return this.handled + this.queued;
  }
  /** Messages refused or dropped because the mailbox was full. */
  get dropped(): number {
    return this.extra === null ? 0 : this.extra.dropped;
  }
  set dropped(count: number) {
    (this.extra ??= new Extra()).dropped = count;
  }
  /** What a full mailbox does with user messages. */
  get full(): FullPolicy {
    return this.extra === null ? 'reject' : this.extra.full;
  }
  set full(policy: FullPolicy) {
    (this.extra ??= new Extra()).full = policy;
  }
  get trapExit(): boolean {
    return (this.flags & TRAPS) !== 0;
  }
  set trapExit(on: boolean) {
    this.flags = on ? this.flags | TRAPS : this.flags & ~TRAPS;
  }
  /** Whether the edge to `parent` carries exit signals both ways. */
  get linkedToParent(): boolean {
    return (this.flags & LINKED) !== 0;
  }
  set linkedToParent(on: boolean) {
    this.flags = on ? this.flags | LINKED : this.flags & ~LINKED;
  }
  /** Only the urgent lane is read while true (`sys.suspend`). */
  get suspended(): boolean {
    return (this.flags & SUSPENDED) !== 0;
  }
  set suspended(on: boolean) {
    this.flags = on ? this.flags | SUSPENDED : this.flags & ~SUSPENDED;
  }
  /** Its end is ordered and comes before what is queued: a supervisor starts nobody any more. */
  get toldToEnd(): boolean {
    return (this.flags & TOLD) !== 0;
  }
  set toldToEnd(on: boolean) {
    this.flags = on ? this.flags | TOLD : this.flags & ~TOLD;
  }
  /** Its callback for this message has given a promise; `since` as `startedAt`. */
  awaits(kind: Kind, message: unknown, since: number): void {
    const extra = (this.extra ??= new Extra());
    this.flags |= (kind + 1) << AWAITED_AT;
    extra.awaited = message;
    extra.awaitedSince = since;
  }
  /** The promise has settled, or nobody waits for it any more: the message is not held any longer. */
  awaitsNothing(): void {
    this.flags &= ~AWAITED;
    if (this.extra !== null) this.extra.awaited = undefined;
  }
  /** The kind of the message that is awaited. */
  get awaitedKind(): Kind | undefined {
    const kind = (this.flags & AWAITED) >> AWAITED_AT;
    return kind === 0 ? undefined : ((kind - 1) as Kind);
  }
  get awaited(): unknown {
    return this.extra === null ? undefined : this.extra.awaited;
  }
  /** As `startedAt`. */
  get awaitedSince(): number {
    return this.extra === null ? 0 : this.extra.awaitedSince;
  }
  /** Links beside the one to the parent. */
  get links(): Set<Process | RemotePid> | null {
    return this.extra === null ? null : this.extra.links;
  }
  set links(links: Set<Process | RemotePid> | null) {
    (this.extra ??= new Extra()).links = links;
  }
  /** What it was doing when it failed; null while it has not. */
  get failure(): Failure | null {
    return this.extra === null ? null : this.extra.failure;
  }
  set failure(failure: Failure | null) {
    (this.extra ??= new Extra()).failure = failure;
  }
  get names(): readonly HeldName[] {
    return this.extra === null ? NO_NAMES : this.extra.names;
  }
  set names(names: readonly HeldName[]) {
    (this.extra ??= new Extra()).names = names;
  }
  get label(): string {
    return this.info?.label ?? this.behavior.type;
  }
  set label(label: string) {
    if (this.info === null) this.info = { label, id: undefined };
    else this.info.label = label;
  }
  get signal(): AbortSignal {
    const extra = (this.extra ??= new Extra());
    if (extra.controller === null) {
      extra.controller = guardedController((error) => {
        const reason = thrownReason(error);
        if (!isOrderly(reason)) this.runtime.reportCrash(this, reason);
      });
      if (this.status === Status.dead) extra.controller.abort(this.reason);
    }
    return extra.controller.signal;
  }

  send(to: Target, message: unknown): boolean {
    return this.runtime.send(to, message, this);
  }
  sendAfter(delay: number, message: unknown): TimerEntry {
    return this.runtime.sendAfter(delay, this, message);
  }
  link(other: Pid): void {
    this.runtime.link(this, other);
  }
  unlink(other: Pid): void {
    this.runtime.unlink(this, other);
  }
  monitor(target: Target): Ref {
    return this.runtime.monitor(this, target);
  }
  demonitor(ref: Ref, options?: { readonly flush?: boolean | undefined }): boolean {
    return this.runtime.demonitor(ref, options);
  }
  exit(target: Pid, reason: ExitReason): void {
    this.runtime.exit(target, reason, this);
  }
  register<Name = string>(
    name: Name,
    scope: NameTable<Name> = this.runtime.names as NameTable<Name>,
  ): boolean {
    return takeName(scope as NameTable<unknown>, name, this);
  }
  toString(): string {
    return `<${this.runtime.node === '' ? '0' : this.runtime.node}.${this.serial}>`;
  }
}

nameAs(Process, (process) => process.toString());

/** Failure of a call to a process that is not there. */
export const NOPROC: CallFailure = { tag: 'exit', reason: 'noproc', holder: null };
