/**
 * The distribution of a mesh node: over the node's own endpoint, and over TCP where it is asked for.
 */
import { invalid } from './config.ts';
import type { NodeDistOptions, NodeOptions } from './mesh/client/options.ts';
import { actor, shared, type MeshContext } from './mesh/context.ts';
import type { ValueMap } from './codec/value.ts';
import { QuicCarrier, type QuicAcceptor } from './dist/carriers/quic/quic.ts';
import { TcpCarrier } from './dist/carriers/tcp/tcp.ts';
import { TunnelCarrier } from './tunnel-carrier.ts';
import { isNodeName } from './dist/node-name.ts';
import { metadataOf } from './dist/cluster/member-record.ts';
import type { ClusterRecords, ClusterSource } from './dist/cluster/source.ts';
import { makeDistribution, type Made } from './dist/make.ts';
import { noticesOf, putUp, takeDown } from './mesh/registry/notices.ts';
import { DEFAULT_REALM } from './mesh/url.ts';
import { SupervisorRef } from './otp/supervisor-ref.ts';
import type { PhysicalAddress } from './transport/transport.ts';

/** Seconds that the record of a member lives without being repeated, which happens every third of that. */
const RECORD_TTL = 60;
/** Milliseconds for a lookup of members. */
const FIND_TIMEOUT = 5_000;

export interface NodeDistribution extends Made {
  /** For the endpoint: who takes connections of the distribution. */
  readonly acceptor: QuicAcceptor;
}

export function distributionOf(
  context: MeshContext,
  options: NodeOptions,
  bind: PhysicalAddress,
): NodeDistribution | undefined {
  const { dist, announce = [] } = options;
  if (dist === undefined) return undefined;
  const { runtime, scope, events } = context;
  const [announced] = announce;
  if (dist.name === undefined && announced === undefined && isWildcard(bind.host))
    throw invalid('dist.name', `must say where this node is, as 9443@10.0.0.1: it listens at ${bind.host}`);
  const quic = new QuicCarrier({ endpoint: () => shared(context, 'endpoint'), random: runtime.random });
  const made = makeDistribution({
    ...dist,
    runtime,
    name: () => dist.name ?? nodeNameOf(announced ?? hostPort(context.phase.bound ?? bind)),
    // whom they reach directly is not reached through a relay
    carriers: [quic, ...tcpOf(dist), ...tunnelsOf(context, dist, options)],
    app: () => actor(context, 'app'),
    log: events,
    source: sourceOf(context, dist),
    end: async () => {
      const { cluster } = dist;
      if (cluster?.strategy === 'dht') takeDown(context, noticeOf(cluster.name));
      const roles = scope.whereis('roles');
      if (roles !== undefined) await new SupervisorRef(runtime, roles).terminateChild('dist');
    },
  });
  return { ...made, acceptor: quic.acceptor };
}

/** Where a node listens that was told nothing but its name. */
export function listenOf({ listen, dist }: NodeOptions): string | undefined {
  if (listen !== undefined || dist?.name === undefined || !isNodeName(dist.name)) return listen;
  const [port = '', host = ''] = dist.name.split('@');
  return /^\d+$/.test(port) ? `${host}:${port}` : listen;
}

const noticeOf = (cluster: string): string => `_dist.${cluster}`;

function sourceOf(context: MeshContext, { cluster }: NodeDistOptions): ClusterSource | undefined {
  if (cluster === undefined) return undefined;
  if (cluster.strategy === 'static') return { nodes: [...cluster.nodes], records: undefined };
  return { nodes: [], records: recordsOf(context, noticeOf(cluster.name)) };
}

/** Members say in the DHT who they are, each under its own key. */
const recordsOf = (context: MeshContext, notice: string): ClusterRecords => ({
  publish: (node) => {
    const metadata = metadataOf(node) as ValueMap;
    putUp(context, notice, { exclusive: false, ttl: RECORD_TTL, metadata, description: undefined });
  },
  // to ask takes one contact, not our place among them
  find: () =>
    (shared(context, 'routingTable')?.size ?? 0) > 0 ? noticesOf(context, notice, FIND_TIMEOUT) : undefined,
});

function tcpOf({ tcp = false }: NodeDistOptions): readonly TcpCarrier[] {
  if (tcp === false) return [];
  return [new TcpCarrier(tcp === true ? {} : tcp)];
}

function tunnelsOf(
  context: MeshContext,
  { relays = [] }: NodeDistOptions,
  { transport }: Pick<NodeOptions, 'transport'>,
): readonly TunnelCarrier[] {
  if (relays.length === 0) return [];
  const { runtime, events, settings } = context;
  const { realm, closed } = settings;
  return [
    new TunnelCarrier(runtime, {
      relays,
      log: events,
      identity: () => shared(context, 'identity'),
      closed,
      ...(realm === DEFAULT_REALM ? {} : { realm }),
      ...(transport === undefined ? {} : { transport }),
    }),
  ];
}

const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::';

const hostPort = ({ host, port }: PhysicalAddress): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** `host:port` as `port@host`. */
function nodeNameOf(address: string): string {
  const colon = address.lastIndexOf(':');
  return `${address.slice(colon + 1)}@${address.slice(0, colon)}`;
}
