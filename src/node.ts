/**
 * Puts nodes and clients together: options in, a running supervised tree out.
 *
 * Longer than other files: the handles of both, and how each is made, say together what the package's two entrances give.
 */
import { isIP } from 'node:net';
import { checkConnectOptions, checkNodeOptions, invalid } from './config.ts';
import { client as clientTree, node as nodeTree } from '../supervisors/node.ts';
import type { NodeParts } from '../supervisors/parts.ts';
import type { RolesParts } from '../supervisors/roles.ts';
import type { Distribution } from './dist/distribution.ts';
import type { Value, ValueMap } from './codec/value.ts';
import type { TreeSnapshot } from './inspect/snapshot.ts';
import type { Delta } from './inspect/delta.ts';
import { observe, type ObserveOptions } from './inspect/observe.ts';
import { RemoteInspector } from './inspect/remote-client.ts';
import { snapshot } from './inspect/snapshot.ts';
import type { WatchHost } from './inspect/watch.ts';
import { metricsOf } from './inspect/metrics/node-metrics.ts';
import { CLIENT } from './mesh/connection/enrolling.ts';
import type { Client, LeaveOptions, WaitOptions } from './mesh/client/client.ts';
import { checkWaiting, type Waiting } from './mesh/client/check.ts';
import { Haste } from './mesh/client/haste.ts';
import type { Behind } from './mesh/client/leaving.ts';
import type { ConnectOptions, NodeOptions } from './mesh/client/options.ts';
import { actor, shared, type InspectorPlace, type MeshContext } from './mesh/context.ts';
import { isJoined, whenJoined } from './mesh/dht/dht.ts';
import { fromHex } from './mesh/dht/node-id.ts';
import type { RoutingTableArgs } from './mesh/dht/routing-table-server.ts';
import { MeshClient } from './mesh/client/mesh-client.ts';
import { Patience } from './mesh/client/patience.ts';
import { meshAcceptor } from './mesh/endpoint/acceptor.ts';
import { RpcError, type Result } from './mesh/errors/rpc-error.ts';
import type { CallTracer } from './mesh/events/call-tracer.ts';
import type { NodeEvents } from './mesh/events/node-events.ts';
import { natReport, type NatOptions } from './mesh/nat/detection/nat-profile.ts';
import type { NatReport } from './mesh/nat/detection/report.ts';
import { Connector, type Peers } from './mesh/peer/connector.ts';
import type { UplinkCalls } from './mesh/peer/uplink.ts';
import { INSPECT } from './mesh/system/system-procedures.ts';
import { DEFAULT_REALM, isLoopbackHost } from './mesh/url.ts';
import type { Process } from './actor/process.ts';
import { ExitError } from './otp/errors.ts';
import { Request, ServerRef } from './otp/server-ref.ts';
import { CloseCode, type PhysicalAddress, type Transport } from './transport/transport.ts';
import {
  addressesOf,
  anyPort,
  bare,
  connectTargets,
  listenAddress,
  resolveAll,
  targetsOf,
  urlOf,
} from './node-addresses.ts';
import { distributionOf, listenOf, type NodeDistribution } from './node-dist.ts';
import { inspectorOf } from './node-inspector.ts';
import {
  behind,
  makeContext,
  makeIdentity,
  makeTransport,
  startWorld,
  stopWorld,
  type World,
} from './world.ts';

export interface Node extends Client {
  /** `https://host:port` of the listener. */
  readonly url: string;
  /** Resolves with the exit reason of the tree's root when the node has ended, whoever ended it. */
  readonly ended: Promise<unknown>;
  /** What happens at this node: `node.events.addEventListener('connection.closed', ({ detail }) => …)`. */
  readonly events: NodeEvents;
  /** The live tree of actors. */
  inspect(): TreeSnapshot;
  /**
   * The tree as it changes: all of it first, then deltas. Nothing is looked at while nobody asks for the next. Throws `TypeError`
   * for wrong options.
   */
  observe(options?: ObserveOptions): AsyncIterableIterator<Delta>;
  /** Where its inspector is; undefined: it was started without one. `url` has the token in it: whoever has that sees everything. */
  readonly inspector: InspectorPlace | undefined;
  /** What is counted here, as Prometheus text, version 0.0.4. The metrics are in docs/operations.md. */
  metrics(): string;
  /** Who is connected, and messages to nodes anywhere. */
  readonly peers: Peers;
  /**
   * What is known of the NAT in front of it, measured when need be: a few small packets to the peers it is connected to.
   * Throws `RpcError`: `invalid_args`, `timeout`, `canceled`, `connection_error`. Default timeout 5,000 ms.
   */
  nat(options?: NatOptions): Promise<NatReport>;
  /**
   * Resolves when it has found its place among the nodes of the DHT; at once for the first node, and without DHT.
   * Nothing has to wait for it: what is advertised before is published then. Default timeout 60,000 ms.
   */
  ready(options?: WaitOptions): Promise<void>;
  /** Actors across nodes. Throws `TypeError` when it was started without `dist`. */
  readonly dist: Distribution;
  /**
   * Looks at another node, by its id in hex, if that has named this one in `inspector.allow`; where it is, is looked up in the DHT.
   * `timeout` of each question: 5,000 ms.
   */
  remoteInspector(nodeId: string, options?: WaitOptions): RemoteInspector;
  /** A client of this node without a network between. */
  local(): Client;
  /** `disconnect` by its other name: stops in good order, calls in flight first, then your own children. */
  close(options?: LeaveOptions): Promise<void>;
}

/** A client made by `connect`. */
export interface RemoteClient extends Client {
  /** Hex id of the node it is connected to, or was last. */
  readonly nodeId: string;
  readonly ended: Promise<unknown>;
  /** What happens at this client, as `uplink.lost` and `uplink.reconnected`. */
  readonly events: NodeEvents;
  inspect(): TreeSnapshot;
  observe(options?: ObserveOptions): AsyncIterableIterator<Delta>;
  /** Looks at the node it is connected to, if that has named this client in `inspector.allow`. `timeout` of each question: 5,000 ms. */
  remoteInspector(options?: WaitOptions): RemoteInspector;
  /** What is counted here, as `metrics` of a node. */
  metrics(): string;
}

const LISTEN = '127.0.0.1:9443';
/** Longer than handshake and hello may take, so that their own failure is what the caller hears, milliseconds. */
const CONNECT_GRACE = 1_000;
/** For the first dial of one of several stations, milliseconds (SPEC §2.3, connector: direct). */
const STATION_DIAL = 3_000;
/** For an answer of a node about itself, milliseconds. */
const ASK_TIMEOUT = 5_000;
/** For its place in the DHT, milliseconds. */
const READY_TIMEOUT = 60_000;
/** Between two lookups of a part of the routing table that nothing went through, milliseconds; dht-rpc's figure. */
const REFRESH = 300_000;
/** For the start of a node, the user's own children included, milliseconds. */
const START_TIMEOUT = 60_000;

/** What a local client leaves behind lives on. */
const NOTHING: Behind = { begin: () => {}, drain: () => Promise.resolve(), end: () => Promise.resolve() };

const watchHost = ({ context, root }: World): WatchHost => ({
  clock: context.runtime.clock,
  root: () => root.pid as Process | undefined,
  fault: (error) => context.runtime.defect(error),
});

class NodeHandle extends MeshClient implements Node {
  readonly url: string;
  readonly ended: Promise<unknown>;
  readonly events: NodeEvents;
  readonly peers: Peers;
  readonly #world: World;
  readonly #dist: Distribution | undefined;
  #locals = 0;

  constructor(world: World, url: string, dist: Distribution | undefined) {
    super(world.context, 'node', behind(world, CloseCode.shuttingDown));
    this.#world = world;
    this.#dist = dist;
    this.url = url;
    this.ended = world.ended;
    this.events = world.context.events.target;
    this.peers = new Connector(world.context, addressesOf);
  }

  get dist(): Distribution {
    if (this.#dist === undefined)
      throw new TypeError('this node has no distribution: startNode({ dist: … })');
    return this.#dist;
  }

  inspect(): TreeSnapshot {
    return snapshot(this.#world.root.pid, this.url);
  }

  observe(options?: ObserveOptions): AsyncIterableIterator<Delta> {
    return observe(watchHost(this.#world), options);
  }

  get inspector(): InspectorPlace | undefined {
    return shared(this.context, 'inspector')?.place;
  }

  metrics(): string {
    return metricsOf(this.context).text();
  }

  async ready(options?: WaitOptions): Promise<void> {
    const waiting = checkWaiting(options, READY_TIMEOUT);
    if (!waiting.ok) throw new RpcError(waiting.failure);
    const { context } = this;
    if (!context.settings.dht || isJoined(context)) return;
    const patience = new Patience(context.runtime, waiting.value);
    let unwatch = (): void => {};
    const joined = new Promise<void>((resolve) => {
      unwatch = whenJoined(context, resolve);
    });
    const ended = this.ended.then(() => {
      throw new RpcError({ tag: 'connection_error', sent: false, detail: 'the node has ended' });
    });
    try {
      await patience.wait(Promise.race([joined, ended]));
    } finally {
      unwatch();
    }
  }

  nat(options?: NatOptions): Promise<NatReport> {
    return natReport(this.context, options);
  }

  close(options?: LeaveOptions): Promise<void> {
    return this.disconnect(options);
  }

  remoteInspector(nodeId: string, options?: WaitOptions): RemoteInspector {
    if (typeof nodeId !== 'string' || fromHex(nodeId) === undefined)
      throw invalid('nodeId', 'must be 64 hex digits');
    const id = nodeId.toLowerCase();
    return remoteInspector(this.context, options, (question, waiting) =>
      this.askPeer(id, INSPECT, question, waiting),
    );
  }

  local(): Client {
    return new MeshClient(this.context, `local:${++this.#locals}`, NOTHING);
  }
}

class RemoteHandle extends MeshClient implements RemoteClient {
  readonly ended: Promise<unknown>;
  readonly events: NodeEvents;
  readonly #world: World;
  #nodeId: string;

  constructor(world: World, nodeId: string) {
    super(world.context, CLIENT, behind(world, CloseCode.normal));
    this.#world = world;
    this.#nodeId = nodeId;
    this.ended = world.ended;
    this.events = world.context.events.target;
  }

  /** A node with a key in memory has a new id when it comes back. */
  get nodeId(): string {
    return (this.#nodeId = shared(this.context, 'uplink')?.peerId || this.#nodeId);
  }

  inspect(): TreeSnapshot {
    return snapshot(this.#world.root.pid, `client of ${this.nodeId.slice(0, 8)}`);
  }

  observe(options?: ObserveOptions): AsyncIterableIterator<Delta> {
    return observe(watchHost(this.#world), options);
  }

  remoteInspector(options?: WaitOptions): RemoteInspector {
    return remoteInspector(this.context, options, (question, waiting) =>
      this.askNode(INSPECT, question, waiting),
    );
  }

  metrics(): string {
    return metricsOf(this.context).text();
  }
}

/** @param ask puts one question to the node that is looked at. */
function remoteInspector(
  { runtime }: MeshContext,
  options: WaitOptions | undefined,
  ask: (question: ValueMap, waiting: Omit<Waiting, 'said'>) => Promise<Result>,
): RemoteInspector {
  const waiting = checkWaiting(options, ASK_TIMEOUT);
  if (!waiting.ok) throw new RpcError(waiting.failure);
  const { timeout, signal } = waiting.value;
  return new RemoteInspector(async (question, until) => {
    const either = signal === undefined || until === undefined ? undefined : AbortSignal.any([signal, until]);
    const result = await ask(question, { timeout, signal: either ?? signal ?? until });
    if (result.ok) return result.value as Value;
    throw new RpcError(result.error.failure);
  }, runtime.clock);
}

export async function startNode(given: NodeOptions = {}): Promise<Node> {
  const options = checkNodeOptions(given);
  const bind = listenAddress(listenOf(options) ?? LISTEN);
  const { realm = DEFAULT_REALM } = options;
  if (realm === DEFAULT_REALM && !isLoopbackHost(bind.host)) {
    throw invalid('realm', `must name another realm: only loopback serves the open one, not ${bind.host}`);
  }
  const context = makeContext('node', realm, options);
  const { timeout = START_TIMEOUT, signal } = options;
  const patience = new Patience(context.runtime, { timeout, signal });
  patience.check();
  const dist = distributionOf(context, options, bind);
  const made = await patience.wait(parts(context, options, bind, true, dist)).catch(orEnd(dist));
  const world = await startWorld(context, 'node', nodeTree(made), made.children, patience).catch(orEnd(dist));
  if (dist !== undefined) context.runtime.onExit(world.root.pid as Process, dist.over);
  const url = urlOf(shared(context, 'endpoint')?.local ?? bind);
  const node = new NodeHandle(world, url, dist?.distribution);
  context.events.started({ role: 'node', id: node.id, address: url });
  if (!context.settings.dht) context.events.emit('dht.off', { bootstraps: context.routing.gateways.length });
  return node;
}

const orEnd =
  (dist: NodeDistribution | undefined) =>
  (error: unknown): never => {
    dist?.over();
    throw error;
  };

/**
 * Connects to a node. With several URLs to the first of these stations that accepts us; when it is lost the next one
 * takes its place, and what is advertised is registered there.
 */
export async function connect(
  url: string | readonly string[],
  given: ConnectOptions = {},
): Promise<RemoteClient> {
  const options = checkConnectOptions(given);
  const targets = connectTargets(url, options.realm);
  const [{ realm }] = targets;
  const context = makeContext('client', realm, options);
  const dialTime = targets.length === 1 ? 0 : (targets.length - 1) * (STATION_DIAL + CONNECT_GRACE);
  const timeout = options.timeout ?? context.settings.helloTimeout + CONNECT_GRACE + dialTime;
  const patience = new Patience(context.runtime, { timeout, signal: options.signal });
  patience.check();
  const addresses = await patience.wait(resolveAll(targets));
  const [address] = addresses;
  const common = await patience.wait(parts(context, options, anyPort(addresses), false));
  const expectedId = options.nodeId === undefined ? undefined : Buffer.from(options.nodeId, 'hex');
  const each = Math.min(STATION_DIAL, Math.ceil(timeout / addresses.length));
  const spec = clientTree({ ...common, uplink: { context, addresses, expectedId, patience: each } });
  const world = await startWorld(context, 'client', spec, common.children, patience);
  try {
    const client = new RemoteHandle(world, await accepted(world, patience));
    client.addInterests(context.discovery.interests);
    context.events.started({ role: 'client', id: client.id, address: urlOf(address) });
    return client;
  } catch (error) {
    // no longer than the caller is ready to wait, whatever its own children need
    const { left: timeout, signal } = patience;
    const haste = new Haste(context.runtime);
    const parted = haste.join({ timeout, said: true, signal });
    await stopWorld(world, haste).finally(parted);
    throw error;
  }
}

/** Waits until the node accepted us; gives its id. */
async function accepted(world: World, { signal, timeout, left }: Patience): Promise<string> {
  const { runtime, scope } = world.context;
  const uplink = new ServerRef<UplinkCalls>(runtime, { scope, name: 'uplink' });
  try {
    const answer = await uplink.call('ready', undefined, {
      timeout: Math.max(1, left),
      ...(signal === undefined ? {} : { signal }),
    });
    if (answer.ok) return answer.nodeId;
    throw new RpcError(answer.failure);
  } catch (cause) {
    if (!(cause instanceof ExitError)) throw cause;
    if (signal?.aborted === true) throw canceled(cause);
    throw cause.reason === 'timeout'
      ? timedOut(timeout)
      : new RpcError(
          { tag: 'connection_error', sent: false, detail: 'the client did not start' },
          undefined,
          {
            cause,
          },
        );
  }
}

const canceled = (cause: unknown): RpcError => new RpcError({ tag: 'canceled' }, undefined, { cause });

const timedOut = (timeout: number): RpcError => new RpcError({ tag: 'timeout', timeout, sent: false });

async function parts(
  context: MeshContext,
  options: NodeOptions | ConnectOptions,
  bind: PhysicalAddress,
  listens: boolean,
  dist?: NodeDistribution,
): Promise<NodeParts> {
  const transport: Transport = await makeTransport(options.transport);
  if (options.tracing === true) context.tracer = await makeTracer(context);
  if (listens && !context.settings.dht) context.routing.gateways = await gatewaysOf(context, options);
  return {
    context,
    identity: await makeIdentity(context, options.identity),
    endpoint: {
      scope: context.scope,
      transport,
      bind,
      limits: options.limits,
      tls: context.settings.station !== undefined,
      identity: () => shared(context, 'identity'),
      accept: new Map([
        ...(listens ? [meshAcceptor(context)] : []),
        ...(dist === undefined ? [] : [dist.acceptor]),
      ]),
      memory: context.phase,
    },
    dht: context.settings.dht ? discoveryOf(context, options) : undefined,
    children: options.children ?? [],
    roles: rolesOf(context, options, dist),
    attachments: attachmentsOf(context),
  };
}

async function makeTracer({ runtime }: MeshContext): Promise<CallTracer> {
  const { openTelemetry } = await import('./inspect/tracing/open-telemetry.ts');
  return openTelemetry((error) => runtime.defect(error));
}

function rolesOf(
  context: MeshContext,
  options: NodeOptions,
  dist: NodeDistribution | undefined,
): NodeParts['roles'] {
  const station = stationOf(context);
  const inspector = inspectorOf(context, options, dist?.parts);
  if (station === undefined && dist === undefined && inspector === undefined) return undefined;
  return { station, dist: dist?.parts, inspector };
}

function stationOf(context: MeshContext): RolesParts['station'] {
  const { station, realm } = context.settings;
  if (station === undefined) return undefined;
  const hosts = targetsOf('station.peers', station.peers, realm);
  const { stations } = context.routing;
  return { peerings: { context, stations, hosts, resolve: addressesOf } };
}

function attachmentsOf(context: MeshContext): NodeParts['attachments'] {
  const { stations: urls, realm } = context.settings;
  const hosts = targetsOf('stations', urls, realm);
  const { stations } = context.relays;
  const found = (): void => {
    const advertiser = actor(context, 'advertiser');
    if (advertiser !== undefined) context.runtime.cast(advertiser, new Request('moved', undefined));
  };
  return hosts.length === 0 ? undefined : { context, stations, hosts, resolve: addressesOf, found };
}

function discoveryOf(context: MeshContext, { bootstrap = [], dht }: NodeOptions): RoutingTableArgs {
  const { realm } = context.settings;
  const hosts = targetsOf('bootstrap', bootstrap, realm);
  const refresh = typeof dht === 'object' ? dht.refresh : undefined;
  return { context, bootstraps: { hosts, resolve: addressesOf }, refresh: refresh ?? REFRESH };
}

/** Where a node without a DHT asks; names are resolved once, and one that cannot be is left out. */
async function gatewaysOf(context: MeshContext, options: NodeOptions): Promise<readonly string[]> {
  const { hosts } = discoveryOf(context, options).bootstraps;
  const found = await Promise.all(
    hosts.map(async ({ host, port }) => {
      const all = isIP(bare(host)) === 0 ? await addressesOf(host).catch(() => []) : [bare(host)];
      return all.slice(0, 1).map((address) => urlOf({ host: address, port }).slice('https://'.length));
    }),
  );
  return found.flat();
}
