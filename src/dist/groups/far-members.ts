/**
 * Who is in which group on one other node, as that node has said. Pure.
 *
 * Bounded: a node that offers more than that is refused as a whole, since a part of its members would be a lie about the rest.
 */
import { Memberships } from '../../otp/process-groups/memberships.ts';
import type { NodePid } from '../node-pid.ts';
import type { GroupOffer } from './pg-messages.ts';

/** What has changed; groups are keys. */
export interface Changes {
  readonly joined: readonly GroupOffer[];
  readonly left: readonly GroupOffer[];
}

export class FarMembers {
  readonly #limit: number;
  readonly #members = new Memberships<unknown, NodePid>();

  /** @param limit memberships, inclusive. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#members.size;
  }

  /** False, and nothing is joined, when there would be too many. */
  join(group: unknown, pids: readonly NodePid[]): boolean {
    if (this.#members.size + pids.length > this.#limit) return false;
    for (const pid of pids) this.#members.join(group, pid);
    return true;
  }

  /** Those that were members. */
  leave(group: unknown, pids: readonly NodePid[]): readonly NodePid[] {
    return pids.filter((pid) => this.#members.leave(group, pid));
  }

  /** Makes it what is offered now; undefined, and nothing is changed, when that is too much. */
  sync(offers: readonly GroupOffer[]): Changes | undefined {
    const offered = new Memberships<unknown, NodePid>();
    for (const [group, pids] of offers) {
      if (offered.size + pids.length > this.#limit) return undefined;
      for (const pid of pids) offered.join(group, pid);
    }
    const left = this.#without(offered);
    const joined: GroupOffer[] = [];
    for (const group of offered.groups()) {
      const had = new Memberships<unknown, NodePid>();
      for (const pid of this.#members.members(group)) had.join(group, pid);
      const fresh = [...offered.members(group)].filter((pid) => !had.leave(group, pid));
      if (fresh.length > 0) joined.push([group, fresh]);
    }
    for (const [group, pids] of left) this.leave(group, pids);
    for (const [group, pids] of joined) this.join(group, pids);
    return { joined, left };
  }

  /** Takes all of them out. */
  clear(): readonly GroupOffer[] {
    const left = this.#without(new Memberships());
    for (const [group, pids] of left) this.leave(group, pids);
    return left;
  }

  /** What is here and not there. */
  #without(there: Memberships<unknown, NodePid>): readonly GroupOffer[] {
    const left: GroupOffer[] = [];
    for (const group of this.#members.groups()) {
      const others = new Memberships<unknown, NodePid>();
      for (const pid of there.members(group)) others.join(group, pid);
      const gone = [...this.#members.members(group)].filter((pid) => !others.leave(group, pid));
      if (gone.length > 0) left.push([group, gone]);
    }
    return left;
  }
}
