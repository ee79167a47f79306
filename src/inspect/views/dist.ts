/**
 * The view `dist`: the distribution of this node, the nodes it is connected to, and what it shares with them.
 */
import type { Carrier } from '../../dist/carrier.ts';
import type { ClusterMemory } from '../../dist/cluster/cluster.ts';
import type { DistParts } from '../../dist/make.ts';
import { NET_KERNEL, type NetKernelCalls, type NetKernelStatus } from '../../dist/kernel/net-kernel.ts';
import type { Channel } from '../../dist/peer/channel.ts';
import { FLAG, OURS } from '../../dist/protocol/flags.ts';
import type { GroupsStatus } from '../../dist/groups/groups-sync.ts';
import type { Runtime } from '../../actor/runtime.ts';
import {
  askIn,
  counted,
  isUnavailable,
  listed,
  RESTARTING,
  text,
  until,
  within,
  type Rows,
  type Section,
} from './plain.ts';
import { rowsOf, type ViewSource } from './source.ts';

export interface DistView {
  /** Null: it has not started, so that nobody knows at which port it is. */
  readonly name: string | null;
  /** Tells two lives of one name apart. */
  readonly creation: number;
  /** Others do not list it among their visible nodes. */
  readonly hidden: boolean;
  /** A peer that sends nothing for so many ms is gone. */
  readonly tickTime: number;
  readonly carriers: readonly CarrierRow[];
  readonly peers: Rows<DistPeerRow>;
  readonly kernel: Section<KernelFigures>;
  readonly groups: Rows<GroupsRow>;
  /** Null: it is in no cluster. */
  readonly cluster: Rows<MemberRow> | null;
  /** Names that other nodes reach. */
  readonly names: Rows<string>;
}

export interface CarrierRow {
  readonly name: string;
  /** Where it listens, `host:port`; null: nowhere. */
  readonly address: string | null;
  readonly protocol: string | null;
}

/** A node that is connected. */
export interface DistPeerRow {
  readonly node: string;
  readonly creation: number;
  readonly address: string;
  /** `ending`: what came is still being taken. */
  readonly state: 'up' | 'ending';
  readonly hidden: boolean;
  /** A node of this project. */
  readonly ours: boolean;
  /** Bytes that wait for it; so many that messages to it are refused. */
  readonly queued: number;
  readonly busy: boolean;
  /** Since it is connected, lengths of packets among them. */
  readonly bytesOut: number;
  readonly bytesIn: number;
  /** Chunks that came; packets and ticks that were written; the ticks among them. */
  readonly arrivals: number;
  readonly written: number;
  readonly ticks: number;
  /** Looks in a row at which nothing had come; it is gone at 4. */
  readonly silent: number;
  /** Links and monitors, both ways; calls and spawns without an answer. */
  readonly relations: number;
  readonly calls: number;
  readonly spawns: number;
  /** Messages that were refused here, packets that meant nothing. */
  readonly refused: number;
  readonly unknown: number;
}

export interface KernelFigures {
  readonly up: number;
  readonly strangers: number;
  readonly accepting: number;
  readonly unreached: number;
  readonly dialing: Rows<{ readonly node: string; readonly waiting: number }>;
}

export interface GroupsRow {
  readonly scope: string;
  /** Groups and memberships of this node and of others; `RESTARTING` while the sharing is. */
  readonly shared: Section<SharedFigures>;
}

export interface SharedFigures extends Pick<
  GroupsStatus,
  'groupsHere' | 'here' | 'groupsElsewhere' | 'elsewhere'
> {
  readonly nodes: Rows<GroupsStatus['nodes'][number]>;
}

export interface MemberRow {
  readonly node: string;
  readonly connected: boolean;
  readonly dialing: boolean;
  /** It was connected once. */
  readonly proven: boolean;
  /** Tries since it was last connected for long; ms until the next one, null: it is connected or being dialed. */
  readonly attempt: number;
  readonly next: number | null;
}

export async function distView(source: ViewSource, parts: DistParts): Promise<DistView> {
  const { context, scope, carriers, cluster } = parts;
  const { runtime, settings, channels, creation, exports } = context;
  const most = rowsOf(source);
  const asked = askIn<NetKernelCalls, NetKernelStatus>(runtime, scope, NET_KERNEL, (server, options) =>
    server.call('status', { most }, options),
  );
  // of one moment, whatever is asked besides
  const here = {
    name: context.roots.spawned === undefined ? null : text(context.name),
    creation,
    hidden: isHidden(OURS),
    tickTime: settings.tickTime,
    carriers: carriers.map(carrierRow),
    peers: listed(channels.values(), channels.size, most, peerRow),
    groups: groupsOf(parts, most),
    cluster: cluster === undefined ? null : membersOf(runtime, cluster.memory, most),
    names: counted(exports.names(), most, text),
  };
  const kernel = await asked;
  return { ...here, kernel: isUnavailable(kernel) ? kernel : kernelOf(kernel, most) };
}

function carrierRow(carrier: Carrier): CarrierRow {
  const at = carrier.address();
  const name = text(carrier.name);
  if (at === undefined) return { name, address: null, protocol: null };
  const host = at.family === 'inet6' ? `[${at.host}]` : at.host;
  return { name, address: `${host}:${at.port}`, protocol: text(at.protocol) };
}

const isHidden = (flags: bigint): boolean => (flags & FLAG.published) === 0n;

function peerRow(channel: Channel): DistPeerRow {
  const { partner, outbox, relations, calls, spawns, arrivals, ticks, silent, refused, unknown } = channel;
  return {
    node: text(partner.name),
    creation: partner.creation,
    address: text(channel.peer),
    state: channel.open ? 'up' : 'ending',
    hidden: isHidden(partner.flags),
    ours: (partner.flags & FLAG.javascript) !== 0n,
    queued: outbox.queued,
    busy: channel.busy,
    bytesOut: outbox.bytes,
    bytesIn: channel.bytes,
    arrivals,
    written: outbox.written,
    ticks,
    silent,
    relations: relations.size,
    calls: calls.size,
    spawns: spawns.size,
    refused,
    unknown,
  };
}

const kernelOf = (status: NetKernelStatus, most: number): KernelFigures => {
  const { up, strangers, accepting, unreached, dialing, dialed } = status;
  return {
    up,
    strangers,
    accepting,
    unreached,
    dialing: listed(dialed, dialing, most, ({ node, waiting }) => ({ node: text(node), waiting })),
  };
};

function groupsOf({ groups }: DistParts, most: number): Rows<GroupsRow> {
  const share = within(groups.length);
  return counted(groups, most, ({ scope, sync }) => ({
    scope: text(scope),
    shared: sync?.alive !== true ? RESTARTING : sharedOf(sync.status(share), share),
  }));
}

const sharedOf = (status: GroupsStatus, most: number): SharedFigures => {
  const { groupsHere, here, groupsElsewhere, elsewhere, shared, nodes } = status;
  return {
    groupsHere,
    here,
    groupsElsewhere,
    elsewhere,
    nodes: listed(nodes, shared, most, (one) => ({ ...one, node: text(one.node) })),
  };
};

const membersOf = (runtime: Runtime, { members }: ClusterMemory, most: number): Rows<MemberRow> =>
  listed(members.states(), members.size, most, ({ node, attempt, due, since, proven, dialing }) => ({
    node: text(node),
    connected: since !== undefined,
    dialing,
    proven,
    attempt,
    next: since !== undefined || dialing ? null : until(runtime, due),
  }));
