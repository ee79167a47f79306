/**
 * Who is told of joins and leaves: of one group, or of a whole scope.
 *
 * A change is an ordinary message. A subscriber with no room for one would believe in members that have left, so
 * its subscription ends with a last message, `lapsed`, that is never refused: it monitors again and gets the members
 * anew. That bounds what one slow subscriber costs. A dead one is dropped. Source: Erlang/OTP `pg`; OTP N7.
 */
import { signal, withdraw } from '../../actor/delivery.ts';
import { Kind } from '../../actor/mailbox.ts';
import type { Pid, Ref } from '../../actor/pid.ts';
import type { Process } from '../../actor/process.ts';

/** A subscriber's message: `pids` joined or left the group, each as often as it stands there. */
export class GroupChange<Group = unknown> {
  readonly ref: Ref;
  readonly tag: 'join' | 'leave';
  readonly group: Group;
  readonly pids: readonly Pid[];
  constructor(ref: Ref, tag: 'join' | 'leave', group: Group, pids: readonly Pid[]) {
    this.ref = ref;
    this.tag = tag;
    this.group = group;
    this.pids = pids;
  }
}

/** A subscriber's last message: its mailbox was full and a change is missing. */
export class GroupsLapsed {
  readonly tag = 'lapsed';
  readonly ref: Ref;
  constructor(ref: Ref) {
    this.ref = ref;
  }
}

/** `only` is the group it is about; undefined for the whole scope. */
export class Subscription<Group> implements Ref {
  readonly node: string;
  readonly creation: number;
  readonly serial: number;
  readonly subscriber: Process;
  readonly only: { readonly group: Group } | undefined;
  constructor(serial: number, subscriber: Process, only: { readonly group: Group } | undefined) {
    this.node = subscriber.node;
    this.creation = subscriber.creation;
    this.serial = serial;
    this.subscriber = subscriber;
    this.only = only;
  }
}

export class Subscriptions<Group> {
  readonly #ofGroup = new Map<Group, Set<Subscription<Group>>>();
  readonly #ofScope = new Set<Subscription<Group>>();
  readonly #ofProcess = new Map<Process, Set<Subscription<Group>>>();
  /** Ended by a full mailbox: the last message may still be queued. */
  readonly #lapsed = new WeakSet<Ref>();
  #serials = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(subscriber: Process, only: { readonly group: Group } | undefined): Subscription<Group> {
    const subscription = new Subscription(++this.#serials, subscriber, only);
    if (only === undefined) this.#ofScope.add(subscription);
    else enter(this.#ofGroup, only.group, subscription);
    enter(this.#ofProcess, subscriber, subscription);
    this.#size++;
    return subscription;
  }

  /** Gives whose it was; undefined when it is not, or no longer, one of these. What is queued of it goes too. */
  remove(ref: Ref): Process | undefined {
    if (!(ref instanceof Subscription)) return undefined;
    const { subscriber } = ref;
    const active = this.#forget(ref as Subscription<Group>);
    if (active || this.#lapsed.has(ref)) withdraw(subscriber, (_kind, message) => isOf(ref, message));
    return active ? subscriber : undefined;
  }

  /** Drops all of a dead subscriber. */
  drop(subscriber: Process): void {
    for (const subscription of this.#ofProcess.get(subscriber) ?? []) this.#forget(subscription);
  }

  /** Whether anybody is told of just this group. */
  about(group: Group): boolean {
    return this.#ofGroup.has(group);
  }

  has(subscriber: Process): boolean {
    return this.#ofProcess.has(subscriber);
  }

  /** Tells those of the group, then those of the scope, in the order they came. Gives the subscribers it lost. */
  tell(tag: GroupChange['tag'], group: Group, pids: readonly Pid[]): readonly Process[] {
    const ofGroup = this.#ofGroup.get(group);
    if (ofGroup === undefined && this.#ofScope.size === 0) return [];
    const lost: Process[] = [];
    for (const subscription of [...(ofGroup ?? []), ...this.#ofScope]) {
      const { subscriber } = subscription;
      // whoever heard of a change that was told may have ended it
      if (!subscriber.alive || !this.#isActive(subscription)) continue;
      const { dropped } = subscriber;
      subscriber.runtime.send(subscriber, new GroupChange(subscription, tag, group, pids));
      // also when the mailbox made room by dropping what may be an earlier change
      if (subscriber.dropped === dropped) continue;
      this.#forget(subscription);
      this.#lapsed.add(subscription);
      // of a kind that is never shed to make room
      signal(subscriber, Kind.down, new GroupsLapsed(subscription));
      lost.push(subscriber);
    }
    return lost;
  }

  #isActive(subscription: Subscription<Group>): boolean {
    return this.#ofProcess.get(subscription.subscriber)?.has(subscription) === true;
  }

  #forget(subscription: Subscription<Group>): boolean {
    const { subscriber, only } = subscription;
    if (!this.#isActive(subscription)) return false;
    if (only === undefined) this.#ofScope.delete(subscription);
    else leave(this.#ofGroup, only.group, subscription);
    leave(this.#ofProcess, subscriber, subscription);
    this.#size--;
    return true;
  }
}

const isOf = (ref: Ref, message: unknown): boolean =>
  (message instanceof GroupChange || message instanceof GroupsLapsed) && message.ref === ref;

function enter<K, V>(index: Map<K, Set<V>>, key: K, value: V): void {
  const values = index.get(key);
  if (values === undefined) index.set(key, new Set([value]));
  else values.add(value);
}

function leave<K, V>(index: Map<K, Set<V>>, key: K, value: V): void {
  const values = index.get(key);
  values?.delete(value);
  if (values?.size === 0) index.delete(key);
}
