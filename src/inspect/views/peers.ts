/**
 * The view `peers`: connections and the state each is in, the ways that packets go, the pool and what it dials.
 */
import { childrenOf } from '../../actor/tree.ts';
import type { Process } from '../../actor/process.ts';
import { ConnectionState } from '../../mesh/connection/connection-state.ts';
import type { ConnectionCore } from '../../mesh/connection/core.ts';
import { actor, shared, type MeshContext } from '../../mesh/context.ts';
import { addressText } from '../../mesh/peer/endpoint-text.ts';
import { shownAddress } from '../../mesh/events/path-events.ts';
import type { DialingStatus, WishStatus } from '../../mesh/peer/dialing.ts';
import { infoOf, type PoolCalls } from '../../mesh/peer/peer-pool.ts';
import type { PeerInfo, PoolStats } from '../../mesh/peer/pool-view.ts';
import type { Link, Path, PathKind } from '../../transport/transport.ts';
import { natView, type NatView } from './nat.ts';
import {
  ask,
  counted,
  fine,
  isUnavailable,
  listed,
  ms,
  nodeId,
  RESTARTING,
  text,
  type NodeId,
  type Rows,
  type Section,
} from './plain.ts';
import { rowsOf, type ViewSource } from './source.ts';

export interface PeersView {
  readonly connections: Section<Rows<ConnectionRow>>;
  readonly pool: Section<PoolFigures>;
  /** Peers that are not connected and wanted. */
  readonly dialing: Section<DialingFigures>;
  /** A client's way to its node; absent of a node. */
  readonly uplink?: Section<UplinkFigures>;
  /** Absent of a client: it has no part in that. */
  readonly nat?: NatView;
  readonly opened: number;
  readonly closed: number;
}

/** As the machine of `connection/machine.ts`; `starting`: not in it yet. */
export type ConnectionStateName = 'starting' | 'opening' | 'hello' | 'ready' | 'draining' | 'closed';

export interface ConnectionRow {
  /** Its process. */
  readonly actor: string;
  readonly state: ConnectionStateName;
  /** It owes answers and is silent. */
  readonly suspect: boolean;
  /** One of both sides has said goodbye: nothing new begins on it. */
  readonly leaving: boolean;
  /** So much waits for it that calls do. */
  readonly slow: boolean;
  /** Its id is empty before it has proven one. */
  readonly peer: NodeId;
  /** `host:port` to which packets go; a station's when they go through one. */
  readonly address: string;
  readonly direction: PeerInfo['direction'];
  readonly kind: PeerInfo['kind'] | 'unknown';
  readonly dht: boolean;
  readonly station: boolean;
  readonly path: PathKind;
  /** The station between; null: none. */
  readonly via: NodeId | null;
  readonly tls: boolean;
  /** ms; null: not known. */
  readonly rtt: number | null;
  /** ms since it was ready, and since it was used; null: it is not ready. */
  readonly age: number | null;
  readonly unused: number | null;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Packets that were lost; bytes that wait. */
  readonly lost: number;
  readonly queued: number;
  /** Calls without an answer, ours and the peer's, and the same of questions of the DHT. */
  readonly callsOut: number;
  readonly callsIn: number;
  readonly questionsOut: number;
  readonly questionsIn: number;
  readonly paths: readonly PathRow[];
}

export interface PathRow {
  readonly kind: PathKind;
  readonly address: string;
  /** Packets go there; the peer has answered from there. */
  readonly active: boolean;
  readonly proven: boolean;
  readonly rtt: number | null;
}

export interface PoolFigures extends PoolStats {
  /** Connections that we dialed, and those that dialed us, that are kept at most. */
  readonly most: number;
}

export interface DialingFigures {
  /** Dials under way. */
  readonly dials: number;
  readonly wished: Rows<WishRow>;
}

export interface WishRow {
  /** Its id is empty while only an address is known. */
  readonly peer: NodeId;
  readonly phase: WishStatus['phase'];
  readonly dials: number;
  /** A way through a station is sought. */
  readonly seeking: boolean;
  /** Calls and questions that wait. */
  readonly calls: number;
}

export interface UplinkFigures {
  readonly connected: boolean;
  /** The node it is, or was last, connected to. */
  readonly node: NodeId;
  /** The tag of why no connection will come any more; null: one may. */
  readonly refusal: string | null;
}

export async function peersView(source: ViewSource): Promise<PeersView> {
  const { context } = source;
  const most = rowsOf(source);
  const asked = ask<PoolCalls, DialingStatus>(context, 'peerPool', (server, options) =>
    server.call('status', { most }, options),
  );
  const traversal = context.role === 'node' ? natView(source) : undefined;
  const { connectionsOpened: opened, connectionsClosed: closed } = context.counters;
  const connections = actor(context, 'connections');
  // of one moment, whatever is asked besides
  const here = {
    connections:
      connections === undefined
        ? RESTARTING
        : counted(childrenOf(connections), most, (process) => connectionRow(context, process)),
    pool: poolOf(context),
    ...(context.role === 'client' ? { uplink: uplinkOf(context) } : {}),
    opened,
    closed,
  };
  const [dialing, nat] = await Promise.all([asked, traversal]);
  return {
    ...here,
    dialing: isUnavailable(dialing) ? dialing : dialingOf(dialing, most),
    ...(nat === undefined ? {} : { nat }),
  };
}

function connectionRow(context: MeshContext, process: Process): ConnectionRow {
  const state = process.state instanceof ConnectionState ? process.state : undefined;
  const core = state?.core;
  const standing = core?.standing;
  const info = standing && infoOf(context, standing, context.runtime.clock.now());
  const link = core?.link;
  const stats = link?.stats();
  const isReady = standing?.readySince !== undefined;
  return {
    actor: String(process),
    state: state === undefined ? 'starting' : stateName(state.lifecycle.value),
    suspect: info?.suspect === true,
    leaving: standing?.leaving === true,
    slow: link?.congested === true,
    peer: nodeId(core?.peerId ?? ''),
    address: text(info?.address ?? (link === undefined ? '' : addressText(link.observed))),
    direction: link?.role === 'acceptor' ? 'in' : 'out',
    kind: isReady ? (info?.kind ?? 'unknown') : 'unknown',
    dht: info?.dht === true,
    station: standing?.isStation === true,
    path: info?.path ?? 'direct',
    via: info === undefined || info.via === '' ? null : nodeId(info.via),
    tls: info?.tls === true,
    rtt: fine(info?.rtt === 0 ? undefined : info?.rtt),
    age: isReady ? ms(info?.age) : null,
    unused: isReady ? ms(info?.unused) : null,
    bytesSent: stats?.bytesSent ?? 0,
    bytesReceived: stats?.bytesReceived ?? 0,
    lost: stats?.lost ?? 0,
    queued: link?.queued ?? 0,
    ...inFlight(core),
    paths: pathsOf(context, link),
  };
}

const inFlight = (
  core: ConnectionCore | undefined,
): Pick<ConnectionRow, 'callsOut' | 'callsIn' | 'questionsOut' | 'questionsIn'> => ({
  callsOut: core?.outgoing.inFlight ?? 0,
  callsIn: core?.incoming.inFlight ?? 0,
  questionsOut: core?.asking.size ?? 0,
  questionsIn: core?.answering.size ?? 0,
});

/** A link has six at most. */
const pathsOf = (context: MeshContext, link: Link | undefined): readonly PathRow[] =>
  (link?.paths ?? []).map(({ kind, address, active, proven, rtt }: Path) => ({
    kind,
    address: text(shownAddress(context, address)),
    active,
    proven,
    rtt: fine(rtt),
  }));

/** The machine's states have one level below `greeting`. */
function stateName(value: unknown): ConnectionStateName {
  if (typeof value !== 'object' || value === null) return value as ConnectionStateName;
  return (value as { readonly greeting: 'opening' | 'hello' }).greeting;
}

function poolOf(context: MeshContext): Section<PoolFigures> {
  const pool = shared(context, 'peerPool');
  return pool === undefined ? RESTARTING : { ...pool.stats(), most: context.settings.pool.size };
}

const dialingOf = ({ wished, dials, wishes }: DialingStatus, most: number): DialingFigures => ({
  dials,
  wished: listed(wishes, wished, most, ({ nodeId: id, phase, dials: under, seeking, calls }) => ({
    peer: nodeId(id),
    phase,
    dials: under,
    seeking,
    calls,
  })),
});

function uplinkOf(context: MeshContext): Section<UplinkFigures> {
  const uplink = shared(context, 'uplink');
  if (uplink === undefined) return RESTARTING;
  const { connection, peerId, refusal } = uplink;
  return { connected: connection !== null, node: nodeId(peerId), refusal: refusal?.tag ?? null };
}
