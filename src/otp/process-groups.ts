/**
 * Process groups: processes that are found, or told of, together; one object is one scope (OTP N4–N7).
 *
 * ```ts
 * const workers = new ProcessGroups<string>();
 * workers.join('resize', self.pid); // in a process that offers it
 * for (const pid of workers.getMembers('resize')) runtime.send(pid, job);
 *
 * const { ref, members } = workers.monitor(self.pid, 'resize'); // then GroupChange messages with this ref
 * ```
 * Groups are compared as the keys of a `Map`. A scope is a table, not a process. Whoever dies has left before anybody hears
 * of the death. Scopes know nothing of each other. A distribution shares a scope with other nodes (its option `groups`):
 * then members run there too, and groups that are the same term are one. Source: Erlang/OTP `pg`.
 */
import { hold, letGo, sameName, type HeldName } from '../actor/names.ts';
import type { Pid, Ref, RemotePid } from '../actor/pid.ts';
import { Process } from '../actor/process.ts';
import { refuse, wrongArgument, wrongBound, wrongObject } from './arguments.ts';
import { ExitError } from './errors.ts';
import { Memberships } from './process-groups/memberships.ts';
import type { GroupsPort, SharedGroups } from './process-groups/sharing.ts';
import { Subscriptions, type GroupChange } from './process-groups/subscriptions.ts';

export { GroupChange, GroupsLapsed } from './process-groups/subscriptions.ts';

/** Bounds when nothing else is said: memberships are small, each monitor is told of every change. */
const MAX_MEMBERSHIPS = 1_000_000;
const MAX_MONITORS = 10_000;
const MAX_NODE_MEMBERSHIPS = 100_000;

/** Bounds of a scope. */
export interface ProcessGroupsOptions {
  /** Memberships of this node's processes. Default 1,000,000. */
  readonly maxMemberships?: number | undefined;
  /** Monitors at a time. Default 10,000. */
  readonly maxMonitors?: number | undefined;
  /** Memberships of each other node, where the scope is shared: with more of them none of that node's. Default 100,000. */
  readonly maxNodeMemberships?: number | undefined;
}

/** A scope of groups; the top of this file shows its use. It lives as long as somebody refers to it. */
export class ProcessGroups<Group = string> {
  readonly #memberships = new Memberships<Group, Process>();
  /** Those of other nodes. */
  readonly #far = new Memberships<Group, RemotePid>();
  readonly #subscriptions = new Subscriptions<Group>();
  /** Memberships of each other node. */
  readonly maxNodeMemberships: number;
  readonly #maxMemberships: number;
  readonly #maxMonitors: number;
  readonly #held: HeldName = { scope: this, name: undefined };
  #port: GroupsPort<Group> | undefined = undefined;

  /** Throws a `TypeError` for invalid options, a `RangeError` for a bound out of range. */
  constructor(options: ProcessGroupsOptions = {}) {
    refuse(wrongObject('options', 'an object', options));
    const {
      maxMemberships = MAX_MEMBERSHIPS,
      maxMonitors = MAX_MONITORS,
      maxNodeMemberships = MAX_NODE_MEMBERSHIPS,
    } = options;
    refuse(wrongBound('maxMemberships', 1, maxMemberships, 'number'));
    refuse(wrongBound('maxMonitors', 0, maxMonitors, 'number'));
    refuse(wrongBound('maxNodeMemberships', 0, maxNodeMemberships, 'number'));
    this.maxNodeMemberships = maxNodeMemberships;
    this.#maxMemberships = maxMemberships;
    this.#maxMonitors = maxMonitors;
  }

  /**
   * Joins a process or several; a process that stands there twice, or joins again, is a member twice. The dead are
   * passed over. All or none: throws a `TypeError` when one is no process of this node, `ExitError`
   * `{ overloaded: 'memberships' }` when there would be too many.
   */
  join(group: Group, pids: Pid | readonly Pid[]): void {
    const joining = locals(pids).filter(({ alive }) => alive);
    if (this.#memberships.size + joining.length > this.#maxMemberships)
      throw new ExitError('process groups', { overloaded: 'memberships' });
    const key = this.#keyOf(group, true);
    for (const process of joining) {
      if (!this.#holds(process)) hold(process, this.#held);
      this.#memberships.join(key, process);
    }
    this.#changed('join', key, joining);
  }

  /**
   * Takes one membership for each pid given. `not_joined` when none of them was a member; those that were not are
   * passed over. Throws a `TypeError`, and changes nothing, when one is no process of this node.
   */
  leave(group: Group, pids: Pid | readonly Pid[]): 'ok' | 'not_joined' {
    const key = this.#keyOf(group);
    const left = locals(pids).filter((process) => this.#memberships.leave(key, process));
    for (const process of left) this.#free(process);
    this.#changed('leave', key, left);
    return left.length === 0 ? 'not_joined' : 'ok';
  }

  /**
   * The members, each as often as it has joined, in the order of their first joins; those of this node come first. A new
   * list each time.
   */
  getMembers(group: Group): readonly Pid[] {
    return [...this.getLocalMembers(group), ...this.#far.members(this.#keyOf(group))];
  }

  /** Those of the members that run on this node. */
  getLocalMembers(group: Group): readonly Pid[] {
    return [...this.#memberships.members(this.#keyOf(group))].filter(({ alive }) => alive);
  }

  /** The groups that have members. */
  whichGroups(): readonly Group[] {
    const all = new Set([...this.#memberships.groups(), ...this.#far.groups()]);
    return [...all].filter((group) => this.#hasMembers(group));
  }

  /**
   * Tells `subscriber` of every join and leave of a group from now on, by `GroupChange` messages with this `ref`, in
   * order; `members` are those of now. A subscriber whose mailbox is full gets `GroupsLapsed`, and nothing more for
   * this `ref`. Throws a `TypeError` for a process elsewhere, `ExitError` `{ overloaded: 'monitors' }`.
   */
  monitor(subscriber: Pid, group: Group): { readonly ref: Ref; readonly members: readonly Pid[] } {
    const ref = this.#subscribe(subscriber, { group: this.#keyOf(group, true) });
    return { ref, members: this.getMembers(group) };
  }

  /** Like `monitor`, for all groups of this scope. */
  monitorScope(subscriber: Pid): {
    readonly ref: Ref;
    readonly groups: ReadonlyMap<Group, readonly Pid[]>;
  } {
    const ref = this.#subscribe(subscriber, undefined);
    return { ref, groups: new Map(this.whichGroups().map((group) => [group, this.getMembers(group)])) };
  }

  /** Ends a monitor; none of its messages is seen after this. False when there is no such monitor (any more). */
  demonitor(ref: Ref): boolean {
    const subscriber = this.#subscriptions.remove(ref);
    if (subscriber !== undefined) this.#free(subscriber);
    return subscriber !== undefined;
  }

  /**
   * Only for a distribution: from now on `port` is told of joins and leaves here, and what this gives brings in those of
   * other nodes, until its end. Throws a `TypeError` when the scope is shared already.
   */
  share(port: GroupsPort<Group>): SharedGroups<Group> {
    if (this.#port !== undefined)
      throw new TypeError('these process groups are shared by a distribution already');
    this.#port = port;
    const of = <T>(pids: Iterable<T>): readonly T[] => [...pids];
    return {
      unite: () => this.#unite(),
      offered: () =>
        [...this.#memberships.groups()].map((group) => [group, of(this.#memberships.members(group))]),
      has: (group) =>
        this.#memberships.has(group) || this.#far.has(group) || this.#subscriptions.about(group),
      counts: () => ({
        groupsHere: this.#memberships.groupCount,
        here: this.#memberships.size,
        groupsElsewhere: this.#far.groupCount,
        elsewhere: this.#far.size,
      }),
      join: (group, pids) => {
        for (const pid of pids) this.#far.join(group, pid);
        this.#tell('join', group, pids);
      },
      leave: (group, pids) => {
        this.#tell(
          'leave',
          group,
          pids.filter((pid) => this.#far.leave(group, pid)),
        );
      },
      end: () => {
        if (this.#port === port) this.#port = undefined;
      },
    };
  }

  /** Only for the kernel: a member or subscriber died. */
  release(_name: unknown, pid: Pid): void {
    const process = pid as Process;
    this.#subscriptions.drop(process);
    for (const [group, count] of this.#memberships.drop(process))
      this.#changed('leave', group, new Array<Process>(count).fill(process));
  }

  #subscribe(pid: Pid, only: { readonly group: Group } | undefined): Ref {
    if (!(pid instanceof Process)) throw wrongArgument('subscriber', 'a process of this node', pid);
    const subscriber = pid;
    if (this.#subscriptions.size >= this.#maxMonitors)
      throw new ExitError('process groups', { overloaded: 'monitors' });
    // whoever is not among the members of now must not be told to leave later
    const groups = only === undefined ? [...this.#memberships.groups()] : [only.group];
    for (const group of groups)
      for (const member of this.#memberships.distinct(group))
        if (!member.alive) this.release(undefined, member);
    const known = this.#holds(subscriber);
    const ref = this.#subscriptions.add(subscriber, only);
    if (!subscriber.alive) this.#subscriptions.drop(subscriber);
    else if (!known) hold(subscriber, this.#held);
    return ref;
  }

  /** Groups that are one from now on. */
  #unite(): void {
    for (const group of Array.from(this.#memberships.groups())) {
      const key = this.#keyOf(group, true);
      if (sameName(key, group)) continue;
      for (const member of Array.from(this.#memberships.members(group))) {
        this.#memberships.leave(group, member);
        this.#memberships.join(key, member);
      }
    }
  }

  /** @param keep it is to be a key from now on. */
  #keyOf(group: Group, keep: boolean = false): Group {
    return this.#port === undefined ? group : this.#port.keyOf(group, keep);
  }

  #hasMembers(group: Group): boolean {
    if (this.#far.has(group)) return true;
    for (const { alive } of this.#memberships.distinct(group)) if (alive) return true;
    return false;
  }

  /** Here. */
  #changed(tag: GroupChange['tag'], group: Group, pids: readonly Process[]): void {
    if (pids.length > 0) this.#port?.changed(tag, group, pids);
    this.#tell(tag, group, pids);
  }

  #tell(tag: GroupChange['tag'], group: Group, pids: readonly Pid[]): void {
    if (pids.length === 0) return;
    for (const lost of this.#subscriptions.tell(tag, group, pids)) this.#free(lost);
  }

  #holds(process: Process): boolean {
    return this.#memberships.isMember(process) || this.#subscriptions.has(process);
  }

  /** Nothing of it is left here: its death is no business of this scope any more. */
  #free(process: Process): void {
    if (process.alive && !this.#holds(process)) letGo(process, this.#held);
  }
}

function locals(pids: Pid | readonly Pid[]): readonly Process[] {
  const given: readonly unknown[] = Array.isArray(pids) ? pids : [pids];
  for (const pid of given)
    if (!(pid instanceof Process)) throw wrongArgument('pids', 'processes of this node', pid);
  return given as readonly Process[];
}
