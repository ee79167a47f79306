/**
 * Dist relays, and bridges through them, as running trees of actors: options in, a handle out.
 */
import { bridge as bridgeTree } from '../supervisors/bridge.ts';
import { relay as relayTree } from '../supervisors/relay.ts';
import { systemClock } from './actor/clock.ts';
import { fromLevel, ndjsonLogger, type Logger, type LogLevel } from './actor/logger.ts';
import { NameScope } from './actor/names.ts';
import type { Process } from './actor/process.ts';
import { Runtime } from './actor/runtime.ts';
import { Bridge, type BridgeContext } from './dist/bridge/bridge.ts';
import { DistBridge } from './bridge-handle.ts';
import { EpmdServer } from './dist/bridge/epmd-server.ts';
import { CarrierError } from './dist/carrier-error.ts';
import { DistRelayClient } from './dist/relay/client/relay-client.ts';
import type { RelayClientOptions } from './dist/relay/client/make-client.ts';
import { wrongDistBridge, wrongDistRelay } from './dist/relay/check-options.ts';
import { DistRelay, urlOf, type RelayPlace } from './relay-handle.ts';
import { LIMITS, type DistRelayLimits } from './dist/relay/server/limits.ts';
import { listenAddress } from './dist/relay/listen-address.ts';
import { relayAcceptor } from './dist/relay/server/relay-acceptor.ts';
import type { RelayContext } from './dist/relay/server/relay-context.ts';
import { Passing } from './dist/relay/server/passing.ts';
import { Roster } from './dist/relay/server/roster.ts';
import { createIdentity, type Identity } from './identity/identity.ts';
import { loadIdentity } from './identity/key-file.ts';
import { CrashRing } from './mesh/events/crash-ring.ts';
import { follow } from './mesh/events/follow.ts';
import { EventHub } from './mesh/events/hub.ts';
import { InspectorError } from './inspect/inspector-error.ts';
import { closedRealm, type MembershipSource } from './mesh/identity/closed-realm.ts';
import { refuse } from './otp/arguments.ts';
import { clientParts } from './relay-client.ts';
import { relayInspectorOf, type RelayInspectorOptions } from './relay-inspector.ts';
import { isLoopbackHost } from './mesh/url.ts';
import { causeOfStart } from './otp/errors.ts';
import { startSupervisor } from './otp/supervisor.ts';
import type { EndpointArgs } from './transport/endpoint-server.ts';
import { quicTransport } from './transport/quic/transport.ts';
import {
  TransportError,
  type EndpointLimits,
  type Forwarder,
  type PhysicalAddress,
  type Transport,
} from './transport/transport.ts';

export { startRelayClient, startRelayClientLink, whereisClient } from './relay-client.ts';

export interface DistRelayOptions {
  /** `host:port`, a numeric address; port 0 takes a free one. Default `127.0.0.1:4434`. */
  readonly listen?: string;
  /**
   * Where clients of other makes connect, who prove no key: they are known by the first name they say that nobody has, and nobody takes
   * it over from them. `host:port` of its own. A `realm` keeps them out. Default: they are not served.
   */
  readonly foreign?: string;
  /** Default: a fresh identity in memory. A file makes it durable. */
  readonly identity?: { readonly file: string } | Identity;
  /** Serves members of this realm only. Default: whoever comes, which is for loopback and networks of your own. */
  readonly realm?: string;
  /** The public key of a closed realm: clients have to show a membership. Default: the name of the realm is enough. */
  readonly realmKey?: MembershipSource;
  /** Our own membership, needed with `realmKey`. */
  readonly membership?: MembershipSource;
  readonly limits?: DistRelayLimits;
  readonly endpointLimits?: EndpointLimits;
  /** A page, and an HTTP API, that show its tree and what passes through it (docs/inspector.md). Default: none. */
  readonly inspector?: boolean | RelayInspectorOptions;
  /** Default: real QUIC. */
  readonly transport?: Transport;
  /** Default: one of its own. */
  readonly runtime?: Runtime;
  readonly logger?: Logger;
  readonly logLevel?: LogLevel;
}

const LISTEN = '127.0.0.1:4434';
/** A client opens its control stream, and no other. */
const STREAMS = 8;

/**
 * Starts a dist relay. Throws `TransportError` when it cannot listen, `InspectorError` when its inspector cannot, a `TypeError` for an option of the wrong kind and one that does
 * not exist, a `RangeError` for one out of range, `IdentityError` for a damaged key file, `RpcError` `invalid_args` for options of a realm
 * that do not belong together.
 */
export async function startDistRelay(options: DistRelayOptions = {}): Promise<DistRelay> {
  refuse(wrongDistRelay(options));
  const bind = listenAddress(options.listen ?? LISTEN) as PhysicalAddress;
  const { logger, logLevel, realm, transport = quicTransport() } = options;
  const runtime = options.runtime ?? new Runtime({ logger: loggerOf({ logger, logLevel }) });
  const identity = identityOf(runtime, options.identity);
  const scope = new NameScope();
  const context: RelayContext = {
    runtime,
    scope,
    events: new EventHub(runtime),
    crashes: new CrashRing(runtime.crashDetails),
    limits: { ...LIMITS, ...options.limits },
    realm,
    closed: realm === undefined ? undefined : closedRealm(realm, options),
    roster: new Roster(),
    passing: new Passing(),
    counts: { tunnels: 0, bytes: 0, skipped: 0 },
  };
  const memory: EndpointArgs['memory'] = { bound: undefined };
  const endpoint: EndpointArgs = {
    scope,
    transport,
    bind,
    limits: { streams: STREAMS, ...options.endpointLimits },
    tls: false,
    identity: () => identity,
    accept: new Map([relayAcceptor(context)]),
    memory,
  };
  const forwarder: Forwarder = (session, from, bytes) =>
    context.passing.forward(session, from, bytes, runtime.clock.now());
  const others =
    options.foreign === undefined ? undefined : (listenAddress(options.foreign) as PhysicalAddress);
  const foreign: EndpointArgs | undefined = others && {
    ...endpoint,
    bind: others,
    scope: new NameScope(),
    anonymous: true,
    memory: { bound: undefined },
  };
  const inspector = relayInspectorOf(context, options.inspector ?? false, () => ({
    node: urlOf(memory.bound ?? bind),
    role: 'relay',
    id: Buffer.from(identity.nodeId).toString('hex'),
  }));
  const spec = relayTree({ context, endpoint: { ...endpoint, forwarder }, foreign, inspector });
  const starting = startSupervisor(runtime, spec, { label: 'relay', name: 'root', scope });
  const root = await starting.catch((error: unknown) => {
    const cause = causeOfStart(error);
    throw cause instanceof TransportError || cause instanceof InspectorError ? cause : error;
  });
  if (inspector !== undefined) follow(root.pid as Process, context);
  const place: RelayPlace = {
    address: memory.bound ?? bind,
    foreign: foreign?.memory.bound,
    id: identity.nodeId,
  };
  for (const address of [bind, ...(others === undefined ? [] : [others])])
    if (!isLoopbackHost(address.host) && realm === undefined)
      context.events.emit('dist.relay_open', { address: `${address.host}:${address.port}` });
  return new DistRelay(context, root, place);
}

export interface DistBridgeOptions extends Omit<RelayClientOptions, 'identity'> {
  /** The key that it proves. Default: a fresh one in memory. A file makes it durable. */
  readonly identity?: { readonly file: string } | Identity;
  /** URLs of relays, in the order in which they are preferred. */
  readonly relays: string | readonly string[];
  /** Of the local Erlang node: `a@127.0.0.1`. */
  readonly name: string;
  /** Where the local node asks for others: its `ERL_EPMD_PORT`. 0 takes a free one. */
  readonly epmdPort: number;
  /** The loopback address of this host at which everything listens. Default 127.0.0.1. */
  readonly host?: string;
  /**
   * Nodes elsewhere, where the part before the `@` is not enough: `b@beta.mesh`. Default: a node named in `keys`, else one that calls
   * its host as the local one does, else the one whose name begins like this.
   */
  readonly peers?: readonly string[];
  /** Default: one of its own. */
  readonly runtime?: Runtime;
  readonly logger?: Logger;
  readonly logLevel?: LogLevel;
}

/**
 * Starts a bridge for one stock Erlang node of this host, which needs no code for it: `ERL_EPMD_PORT=7701 erl -start_epmd false …`.
 * Throws `CarrierError` when it cannot listen, a `TypeError` for an option of the wrong kind and one that does not exist, a `RangeError` for
 * one out of range.
 */
export async function startDistBridge(options: DistBridgeOptions): Promise<DistBridge> {
  refuse(wrongDistBridge(options));
  const {
    relays,
    name,
    epmdPort,
    host = '127.0.0.1',
    peers = [],
    runtime: given,
    logger,
    logLevel,
    ...rest
  } = options;
  const { keys } = rest;
  const runtime = given ?? new Runtime({ logger: loggerOf({ logger, logLevel }) });
  const log = new EventHub(runtime);
  const identity = identityOf(runtime, options.identity);
  const client = clientParts(runtime, relays, name, { ...rest, identity }, log);
  const context: BridgeContext = {
    runtime,
    scope: new NameScope(),
    events: log,
    name,
    host,
    known: {
      own: name,
      peers,
      keyed: typeof keys === 'object' ? Object.keys(keys) : [],
      hasKey: (node) => client.context.keyOf(node) !== undefined,
    },
    client: new DistRelayClient(client.context, () => Promise.resolve()),
  };
  const bridge = new Bridge(context);
  const epmd = new EpmdServer(bridge, { host, port: epmdPort });
  const spec = bridgeTree({ context, relayClient: client, epmd });
  const root = await startSupervisor(runtime, spec, { label: 'bridge' }).catch((error: unknown) => {
    const cause = causeOfStart(error);
    throw cause instanceof CarrierError || cause instanceof TransportError ? cause : error;
  });
  const place = { epmdPort: epmd.address.port, id: identity.nodeId };
  return new DistBridge(context, bridge, root, place);
}

interface LogOptions {
  readonly logger: Logger | undefined;
  readonly logLevel: LogLevel | undefined;
}

function loggerOf({ logger, logLevel }: LogOptions): Logger {
  if (logger === undefined) return ndjsonLogger(systemClock, logLevel);
  return logLevel === undefined ? logger : fromLevel(logger, logLevel);
}

function identityOf(
  { clock, random }: Runtime,
  wanted: { readonly file: string } | Identity | undefined,
): Identity {
  const now = clock.wall();
  if (wanted === undefined) return createIdentity(random, now);
  return 'file' in wanted ? loadIdentity(wanted.file, random, now) : wanted;
}
