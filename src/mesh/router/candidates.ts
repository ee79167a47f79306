/**
 * Who may serve a call, tier by tier, and in which order the policies look at them: drain, breaker, strategy.
 */
import type { Process } from '../../actor/process.ts';
import type { Identity } from '../../identity/identity.ts';
import { actor, hex, shared, type MeshContext } from '../context.ts';
import type { Route } from '../errors/rpc-error.ts';
import { shownMetadata } from '../registry/offer.ts';
import type { RemoteProvider } from '../registry/remote-provider.ts';
import type { Provider } from '../registry/service-table.ts';
import type { ProviderStat } from './provider-stats.ts';
import { choose, type ProviderView, type Strategy } from './strategy.ts';

/** `nodeId` is empty for whoever answers at its address. */
export interface Candidate extends ProviderView {
  /** What tells it from the others. */
  readonly key: string;
  readonly route: Route;
  /** `host:port`, where it may be dialed. */
  readonly addresses: readonly string[];
  /** An entry of our own table; undefined for who is elsewhere. */
  readonly provider: Provider | undefined;
  /** Who gets the call; undefined: whoever connects to the node. */
  readonly process: Process | undefined;
  readonly stat: ProviderStat;
}

const NOTHING: Readonly<Record<string, unknown>> = Object.freeze({});
const NOWHERE: readonly string[] = Object.freeze([]);

/** Providers of this node's table whose process lives. */
export function localCandidates(context: MeshContext, procedure: string): readonly Candidate[] {
  const found: Candidate[] = [];
  for (const provider of shared(context, 'serviceRegistry')?.providers(procedure) ?? []) {
    const process = processOf(context, provider);
    if (process === undefined) continue;
    const { target, id } = provider;
    const peer = target.kind === 'peer';
    const nodeId = peer ? target.nodeId : ownId(context);
    const rest = { provider, process, metadata: shownMetadata(provider) };
    found.push(candidate(context, procedure, peer ? nodeId : id, nodeId, 'local', rest));
  }
  return found;
}

/** Providers that discovery found; it leaves ourselves out. */
export const remoteCandidates = (
  context: MeshContext,
  procedure: string,
  providers: readonly RemoteProvider[],
  route: Route,
): readonly Candidate[] =>
  providers.map(({ nodeId, endpoints, metadata }) =>
    candidate(context, procedure, nodeId, nodeId, route, { addresses: endpoints, metadata }),
  );

/** A node that the caller wants, wherever it is. */
export const targetCandidate = (
  context: MeshContext,
  procedure: string,
  nodeId: string,
  addresses: readonly string[] = NOWHERE,
): Candidate => candidate(context, procedure, nodeId, nodeId, 'direct', { addresses });

/** Who can be asked when discovery knows nothing: a client's node; a node's neighbors, and those it was told of. */
export function directCandidates(
  context: MeshContext,
  procedure: string,
  asker: string,
): readonly Candidate[] {
  const at = (nodeId: string, process: Process): Candidate =>
    candidate(context, procedure, nodeId, nodeId, 'direct', { process });
  if (context.role === 'client') {
    const { connection = null, peerId = '' } = shared(context, 'uplink') ?? {};
    return connection?.alive === true ? [at(peerId, connection)] : [];
  }
  const found: Candidate[] = [];
  const { standings } = context;
  const connected = new Set<string>();
  for (const { peerId, process, isNode, address } of standings.all()) {
    if (isNode && peerId !== asker && standings.ready(peerId, false)?.process === process) {
      found.push(at(peerId, process));
      connected.add(address);
    }
  }
  for (const address of context.routing.gateways) {
    if (connected.has(address)) continue;
    found.push(candidate(context, procedure, address, '', 'direct', { addresses: [address] }));
  }
  return found;
}

/** The stations that this one is peered with and that are connected, in the order in which they are asked. */
export function stationCandidates(
  context: MeshContext,
  procedure: string,
  asker: string,
): readonly Candidate[] {
  const { routing, runtime, standings } = context;
  const found: Candidate[] = [];
  for (const { nodeId } of routing.stations.order(procedure, runtime.clock.now())) {
    const process = nodeId === asker ? undefined : standings.ready(nodeId, false)?.process;
    // it may have been tried before, as a provider of its own
    const key = `station ${nodeId}`;
    if (process !== undefined) found.push(candidate(context, procedure, key, nodeId, 'direct', { process }));
  }
  return found;
}

/** The order stays, but whoever leaves or is in doubt comes after the others. */
export function inOrder(context: MeshContext, candidates: readonly Candidate[]): readonly Candidate[] {
  const stays = preferred(candidates, ({ nodeId }) => !isEvery(context, nodeId, 'leaving'));
  return preferred(stays, ({ nodeId }) => !isEvery(context, nodeId, 'doubtful'));
}

function candidate(
  context: MeshContext,
  procedure: string,
  key: string,
  nodeId: string,
  route: Route,
  rest: Partial<Pick<Candidate, 'addresses' | 'metadata' | 'provider' | 'process'>>,
): Candidate {
  const stat = context.routing.stats.of(procedure, key);
  const now = context.runtime.clock.now();
  const { provider, process, addresses = NOWHERE, metadata = NOTHING } = rest;
  return {
    key,
    nodeId,
    route,
    addresses,
    metadata,
    provider,
    process,
    stat,
    latency: stat.latency(now),
    inFlight: provider?.inFlight ?? stat.inFlight,
    load: stat.load(now),
  };
}

/** The one to try next. Whoever leaves, is ejected or in doubt is taken only when there is nobody else. */
export function pick(
  context: MeshContext,
  procedure: string,
  candidates: readonly Candidate[],
  strategy: Strategy,
): Candidate | undefined {
  const { routing, runtime } = context;
  const now = runtime.clock.now();
  const healthy = preferred(inOrder(context, candidates), ({ stat }) => stat.allows(now));
  return choose(strategy, healthy, {
    procedure,
    random: runtime.random,
    turns: routing.turns,
    location: routing.location,
  });
}

/** Whether all connections to a node, of which there is one, are so. */
export function isEvery({ standings }: MeshContext, nodeId: string, so: 'leaving' | 'doubtful'): boolean {
  const all = standings.of(nodeId);
  if (all.size === 0) return false;
  for (const standing of all) if (!standing[so]) return false;
  return true;
}

function preferred<T>(all: readonly T[], is: (one: T) => boolean): readonly T[] {
  const some = all.filter(is);
  return some.length === 0 ? all : some;
}

export function processOf(context: MeshContext, { target }: Provider): Process | undefined {
  if (target.kind === 'handler') return context.scope.whereis(target.name) as Process | undefined;
  return target.connection.alive ? target.connection : undefined;
}

/** Whether a peer pool is there to connect to somebody. */
export const canDial = (context: MeshContext): boolean => actor(context, 'peerPool') !== undefined;

/** Hex ids by identity: asked for each call, made once. */
const ids = new WeakMap<Identity, string>();

export function ownId(context: MeshContext): string {
  const identity = shared(context, 'identity');
  if (identity === undefined) return '';
  let id = ids.get(identity);
  if (id === undefined) {
    id = hex(identity.nodeId);
    ids.set(identity, id);
  }
  return id;
}
