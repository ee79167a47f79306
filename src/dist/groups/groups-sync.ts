/**
 * One scope of process groups, kept the same on all nodes that have it: says what joins and leaves here, hears what does there.
 *
 * Driven by direct calls: of the scope, of connections, of the actor that owns its life. A node's scope is heard of by `discover`, and
 * monitored: its end takes the members of that node with it, and whoever monitors the groups here is told once. What could not be
 * sent, because a node is busy, is made good by telling it everything anew. Source: Erlang/OTP `pg`.
 */
import { RemoteName, type Ref } from '../../actor/pid.ts';
import type { Process } from '../../actor/process.ts';
import { ETF_LIMITS } from '../../codec/etf/limits.ts';
import type { ProcessGroups } from '../../otp/process-groups.ts';
import type { GroupCounts, GroupsPort, SharedGroups } from '../../otp/process-groups/sharing.ts';
import type { DistContext } from '../context.ts';
import type { NodePid } from '../node-pid.ts';
import type { Channel } from '../peer/channel.ts';
import { FarMembers, type Changes } from './far-members.ts';
import { GroupTerms } from './group-terms.ts';
import { cut, parts, type Offer } from './offers.ts';
import { readPg, writePg, type GroupOffer } from './pg-messages.ts';

/** Depth of a group's term: that of a message leaves room for the rest. */
const DEPTH = ETF_LIMITS.depth / 2;

/** Groups times members of one message that says who leaves. Erlang's have one of the one or one of the other. */
const LEAVES = 1_000_000;

export interface GroupsArgs {
  readonly context: DistContext;
  /** The scope's name on all nodes. */
  readonly scope: string;
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly groups: ProcessGroups<any>;
  /** Its actor writes it. */
  sync: GroupsSync | undefined;
}

/** The scope of another node. */
interface Peer {
  readonly pid: NodePid;
  readonly monitor: Ref;
  /** Undefined: it has offered too much, and is not listened to any more. */
  members: FarMembers | undefined;
  /** It has missed something. */
  stale: boolean;
}

/** The scope of another node, as it is known here. */
export interface GroupsNode {
  readonly node: string;
  /** Memberships of its processes. */
  readonly members: number;
  /** It has offered too much, and is not listened to. */
  readonly refused: boolean;
  /** It has missed something, and will be told everything anew. */
  readonly stale: boolean;
}

export interface GroupsStatus extends GroupCounts {
  /** Nodes that have the scope too, and those of them that are told of. */
  readonly shared: number;
  readonly nodes: readonly GroupsNode[];
}

export class GroupsSync implements GroupsPort<unknown> {
  readonly #args: GroupsArgs;
  readonly #self: Process;
  readonly #terms: GroupTerms;
  readonly #shared: SharedGroups<unknown>;
  readonly #peers = new Map<string, Peer>();
  /** Members here that others have been told of. */
  readonly #offered = new WeakSet<Process>();

  /** @param self the scope's process on this node, as others know it. */
  constructor(args: GroupsArgs, self: Process) {
    const { context, groups } = args;
    this.#args = args;
    this.#self = self;
    const terms = { limits: { ...ETF_LIMITS, depth: DEPTH }, identities: context.identities };
    this.#terms = new GroupTerms(terms, (group) => this.#shared.has(group));
    this.#shared = groups.share(this);
    this.#shared.unite();
    for (const node of context.channels.keys()) this.discover(node);
  }

  /** Its actor lives. */
  get alive(): boolean {
    return this.#self.alive;
  }

  /** @param most nodes that are told of. */
  status(most: number): GroupsStatus {
    const nodes: GroupsNode[] = [];
    for (const [node, { members, stale }] of this.#peers) {
      if (nodes.length >= most) break;
      nodes.push({ node, members: members?.size ?? 0, refused: members === undefined, stale });
    }
    return { ...this.#shared.counts(), shared: this.#peers.size, nodes };
  }

  /** Asks a node for its members, which makes it ask for ours. Nobody is asked who has answered. */
  discover(node: string): void {
    const { scope } = this.#args;
    if (!this.#peers.has(node)) this.#send(new RemoteName(node, scope), writePg.discover(this.#self));
  }

  /** Again to all nodes that have not answered, and everything to those that have missed something. */
  repair(): void {
    for (const node of this.#args.context.channels.keys()) this.discover(node);
    for (const peer of this.#peers.values()) if (peer.stale) this.#tellAll(peer);
  }

  /** A message from a node that is connected. */
  hear({ partner }: Channel, message: unknown): void {
    const said = readPg(message, partner);
    if (said === undefined) return;
    const { from } = said;
    const known = this.#peers.get(partner.name);
    if (said.tag === 'discover') {
      if (known?.pid === from) this.#tellAll(known);
      else {
        const peer = this.#meet(from);
        this.#tellAll(peer);
        this.#send(from, writePg.discover(this.#self));
      }
      return;
    }
    const peer = known?.pid === from ? known : said.tag === 'sync' ? this.#meet(from) : undefined;
    if (peer?.members === undefined) return;
    const changes = this.#changesOf(peer.members, said);
    if (changes === undefined) this.#refuse(peer, partner.name);
    else this.#apply(changes);
    this.#terms.tidy();
  }

  /** That node is down, or its scope has ended. */
  lose(node: string): void {
    const peer = this.#peers.get(node);
    if (peer === undefined) return;
    this.#peers.delete(node);
    this.#args.context.runtime.demonitor(peer.monitor);
    if (peer.members !== undefined) this.#apply({ joined: [], left: peer.members.clear() });
  }

  /** The scope's actor has ended, or the distribution: members elsewhere are members no more. */
  end(): void {
    for (const node of Array.from(this.#peers.keys())) this.lose(node);
    this.#shared.end();
  }

  // --- what the scope tells -------------------------------------------------------------------------------------

  keyOf(group: unknown, keep: boolean): unknown {
    return this.#terms.keyOf(group, keep);
  }

  changed(tag: 'join' | 'leave', group: unknown, pids: readonly Process[]): void {
    this.#terms.tidy();
    const known = this.#peers.size === 0 ? undefined : this.#terms.termOf(group);
    if (known === undefined) return;
    const told = tag === 'join' ? this.#offer(pids) : pids.filter((pid) => this.#offered.has(pid));
    for (const peer of this.#peers.values())
      for (const part of parts(told))
        if (!peer.stale) peer.stale = !this.#send(peer.pid, writePg[tag](this.#self, known.term, part));
  }

  // --- peers ------------------------------------------------------------------------------------------------------

  #meet(pid: NodePid): Peer {
    const { context, groups } = this.#args;
    this.lose(pid.node);
    const monitor = context.runtime.onExit(pid, () => {
      if (this.#peers.get(pid.node)?.pid === pid) this.lose(pid.node);
    });
    const peer: Peer = { pid, monitor, members: new FarMembers(groups.maxNodeMemberships), stale: false };
    this.#peers.set(pid.node, peer);
    return peer;
  }

  #refuse(peer: Peer, node: string): void {
    const { context, scope, groups } = this.#args;
    const left = peer.members?.clear() ?? [];
    peer.members = undefined;
    this.#apply({ joined: [], left });
    context.log.emit('dist.groups_refused', { node, scope, bound: groups.maxNodeMemberships });
  }

  /** Undefined: too much. */
  #changesOf(
    members: FarMembers,
    said: Exclude<NonNullable<ReturnType<typeof readPg>>, { readonly tag: 'discover' }>,
  ): Changes | undefined {
    const keyed = (group: unknown): unknown => this.#terms.keyOf(group, true);
    switch (said.tag) {
      case 'sync':
        return members.sync(said.groups.map(([group, pids]) => [keyed(group), pids]));
      case 'join': {
        const group = keyed(said.group);
        return members.join(group, said.pids) ? { joined: [[group, said.pids]], left: [] } : undefined;
      }
      case 'leave': {
        if (said.groups.length * said.pids.length > LEAVES) return undefined;
        const left: GroupOffer[] = [];
        for (const one of said.groups) {
          const group = this.#terms.keyOf(one, false);
          left.push([group, members.leave(group, said.pids)]);
        }
        return { joined: [], left };
      }
    }
  }

  #apply({ joined, left }: Changes): void {
    for (const [group, pids] of left) this.#shared.leave(group, pids);
    for (const [group, pids] of joined) this.#shared.join(group, pids);
  }

  // --- what is said -----------------------------------------------------------------------------------------------

  #tellAll(peer: Peer): void {
    const { runtime } = this.#args.context;
    const { first, rest } = cut(this.#offers());
    peer.stale =
      !runtime.cast(peer.pid, writePg.sync(this.#self, first), this.#self) ||
      !rest.every(([group, pids]) => this.#send(peer.pid, writePg.join(this.#self, group, pids)));
  }

  *#offers(): Generator<Offer<Process>> {
    for (const [group, pids] of this.#shared.offered()) {
      const known = this.#terms.termOf(group);
      const told = this.#offer(pids);
      if (known !== undefined && told.length > 0) yield { group: known.term, bytes: known.bytes, pids: told };
    }
  }

  /** Those that others may know. */
  #offer(pids: readonly Process[]): readonly Process[] {
    const { identities } = this.#args.context;
    const told = pids.filter((pid) => identities.export(pid));
    for (const pid of told) this.#offered.add(pid);
    return told;
  }

  /** False when it was refused. To a node that is not connected nothing is sent, as with Erlang's `noconnect`. */
  #send(to: NodePid | RemoteName, message: unknown): boolean {
    const { runtime, channels } = this.#args.context;
    return !channels.has(to.node) || runtime.send(to, message, this.#self);
  }
}
