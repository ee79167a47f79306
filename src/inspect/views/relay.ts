/**
 * The view `relay`: the sessions that a station passes on, those in which this node is an end, and its dist relays.
 */
import { RelayedCarrier } from '../../dist/carriers/tunnel/tunnel.ts';
import type { DistRelayClient } from '../../dist/relay/client/relay-client.ts';
import {
  RELAY_LIMITS,
  type RelaySession,
  type RelaySessions,
  type RelayStats,
} from '../../mesh/relay/relay-sessions.ts';
import type { OwnSession } from '../../mesh/relay/relays.ts';
import type { PeeredStation } from '../../mesh/station/peered-stations.ts';
import { hex, shared, type MeshContext } from '../../mesh/context.ts';
import {
  counted,
  listed,
  nodeId,
  RESTARTING,
  since,
  text,
  type NodeId,
  type Rows,
  type Section,
} from './plain.ts';
import { rowsOf, type ViewSource } from './source.ts';

export interface RelayView {
  /** Null: this node is no station. */
  readonly station: Section<StationFigures> | null;
  /** Stations that this node has attached to. */
  readonly attached: Rows<StationRow>;
  /** Sessions in which this node is an end. */
  readonly sessions: Rows<OwnSessionRow>;
  /** Clients of dist relays of the distribution. */
  readonly clients: readonly RelayClientFigures[];
}

export interface StationFigures extends RelayStats {
  /** Sessions at most. */
  readonly most: number;
  /** Hole punches that it coordinates now. */
  readonly punches: number;
  /** Stations that it is peered with. */
  readonly peered: Rows<StationRow>;
  readonly passed: Rows<PassedRow>;
}

export interface StationRow {
  /** As it was configured. */
  readonly name: string;
  /** Its id is empty before anybody answered there. */
  readonly node: NodeId;
  /** It is this node itself. */
  readonly self: boolean;
  readonly connected: boolean;
}

export interface PassedRow {
  /** 16 bytes, hex. */
  readonly session: string;
  readonly source: NodeId;
  readonly target: NodeId;
  /** The target has agreed. */
  readonly agreed: boolean;
  /** Both ends are connected. */
  readonly connected: boolean;
  /** Passed on, both ways. */
  readonly datagrams: number;
  readonly bytes: number;
  /** ms since its beginning, and since a datagram passed. */
  readonly age: number | null;
  readonly idle: number | null;
}

export interface OwnSessionRow {
  readonly session: string;
  readonly station: NodeId;
  readonly peer: NodeId;
  /** Who has asked for it: this node is the source then. */
  readonly role: OwnSession['role'];
  readonly age: number | null;
  /** ms since the station was lost; null: it is there. */
  readonly lost: number | null;
}

/** What this node has of dist relays. */
export interface RelayClientFigures {
  /** Its name at all of them. */
  readonly name: string;
  /** At one relay at least. */
  readonly identified: boolean;
  /** The one that is asked first; null: none knows us. */
  readonly active: string | null;
  readonly relays: readonly RelayRow[];
  /** Requests that wait for a relay; tunnels whose streams have not come; streams that nobody has said what they are. */
  readonly pending: number;
  readonly announced: number;
  readonly orphans: number;
  readonly tunnels: Rows<TunnelRow>;
}

export interface RelayRow {
  readonly url: string;
  readonly state: 'connecting' | 'identifying' | 'identified' | 'resting';
  /** Why it was lost last; empty: it is not. */
  readonly why: string;
  readonly pending: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

export interface TunnelRow {
  readonly id: string;
  /** Name of the node at the other end. */
  readonly peer: string;
  readonly relay: string;
}

export function relayView(source: ViewSource): RelayView {
  const { context } = source;
  const { relays } = context;
  const most = rowsOf(source);
  return {
    station: relays.passed === undefined ? null : stationOf(context, relays.passed, most),
    attached: stationsOf(context, relays.stations.all, most),
    sessions: listed(relays.own.values(), relays.own.size, most, (session) => ownRow(context, session)),
    clients: relayClients(source).map((client) => clientOf(client, most)),
  };
}

/** Whether there may ever be something to see: it is a station, has attached to one, or has tunnels. */
export const mayRelay = ({ context, dist }: ViewSource): boolean =>
  context.relays.passed !== undefined ||
  context.settings.stations.length > 0 ||
  (dist?.carriers ?? []).some((carrier) => carrier instanceof RelayedCarrier);

/** Clients of dist relays that have started. */
const relayClients = ({ dist }: ViewSource): readonly DistRelayClient[] =>
  (dist?.carriers ?? []).flatMap((carrier) =>
    carrier instanceof RelayedCarrier && carrier.client !== undefined ? [carrier.client] : [],
  );

function stationOf(context: MeshContext, passed: RelaySessions, most: number): Section<StationFigures> {
  const { relays, routing } = context;
  // the sessions outlive it, and nothing passes without it
  if (shared(context, 'endpoint') === undefined) return RESTARTING;
  return {
    ...passed.stats,
    most: RELAY_LIMITS.sessions,
    punches: relays.coordinator.size,
    peered: stationsOf(context, routing.stations.all, most),
    passed: listed(passed.all(), passed.stats.sessions, most, (session) => passedRow(context, session)),
  };
}

const stationsOf = (
  { standings }: MeshContext,
  stations: readonly PeeredStation[],
  most: number,
): Rows<StationRow> =>
  counted(stations, most, ({ name, nodeId: id, isSelf }) => ({
    name: text(name),
    node: nodeId(id),
    self: isSelf,
    connected: id !== '' && standings.ready(id, false) !== undefined,
  }));

const passedRow = ({ runtime }: MeshContext, session: RelaySession): PassedRow => {
  const { id, source, target, agreed, datagrams, bytes, usedAt } = session;
  return {
    session: Buffer.from(id, 'latin1').toString('hex'),
    source: nodeId(source.nodeId),
    target: nodeId(target.nodeId),
    agreed,
    connected: source.at() !== undefined && target.at() !== undefined,
    datagrams,
    bytes,
    age: since(runtime, session.since),
    idle: since(runtime, usedAt),
  };
};

const ownRow = ({ runtime }: MeshContext, session: OwnSession): OwnSessionRow => ({
  session: hex(session.id),
  station: nodeId(session.stationId),
  peer: nodeId(session.peerId),
  role: session.role,
  age: since(runtime, session.since),
  lost: since(runtime, session.lostAt),
});

function clientOf(client: DistRelayClient, most: number): RelayClientFigures {
  const { identified, nodeName, activeRelay, relays, ...status } = client.status();
  const figures = client.figures(most);
  return {
    name: text(nodeName),
    identified,
    active: activeRelay === undefined ? null : text(activeRelay),
    relays: relays.map(({ url, state, reason }, at) => ({
      url: text(url),
      state,
      why: text(reason),
      ...(figures.relays[at] ?? { pending: 0, bytesSent: 0, bytesReceived: 0 }),
    })),
    pending: status.pendingOutbound,
    announced: status.pendingInbound,
    orphans: status.unidentifiedStreams,
    tunnels: listed(figures.tunnels, status.activeTunnels, most, ({ tunnelId, peer, relay }) => ({
      id: text(tunnelId),
      peer: text(peer),
      relay: text(relay),
    })),
  };
}
