/**
 * Dist relays and their clients as running trees of actors: options in, a handle out.
 */
import { isIP } from 'node:net';
import { bridge as bridgeTree } from '../supervisors/bridge.ts';
import { relay as relayTree } from '../supervisors/relay.ts';
import { relayClient as clientTree } from '../supervisors/relay-client.ts';
import { systemClock } from './actor/clock.ts';
import { fromLevel, ndjsonLogger, type Logger, type LogLevel } from './actor/logger.ts';
import { NameScope } from './actor/names.ts';
import type { Process } from './actor/process.ts';
import { Runtime } from './actor/runtime.ts';
import { Bridge, type BridgeContext } from './dist/bridge/bridge.ts';
import { DistBridge } from './dist/bridge/dist-bridge.ts';
import { EpmdServer } from './dist/bridge/epmd-server.ts';
import { CarrierError } from './dist/carrier-error.ts';
import { aliveOf, isNodeName } from './dist/node-name.ts';
import { DistRelayClient } from './dist/relay/client/relay-client.ts';
import {
  makeRelayClient,
  type ClientMaking,
  type RelayClientOptions,
  type RelayClientParts,
} from './dist/relay/client/make-client.ts';
import { DistRelay, type RelayPlace } from './dist/relay/server/dist-relay.ts';
import { LIMITS, type DistRelayLimits } from './dist/relay/server/limits.ts';
import { relayAcceptor } from './dist/relay/server/relay-acceptor.ts';
import type { RelayContext } from './dist/relay/server/relay-context.ts';
import { Roster } from './dist/relay/server/roster.ts';
import { createIdentity, type Identity } from './identity/identity.ts';
import { loadIdentity } from './identity/key-file.ts';
import { EventHub } from './mesh/events/hub.ts';
import { closedRealm, type MembershipSource } from './mesh/identity/closed-realm.ts';
import { isLoopbackHost, parseDistRelayUrl } from './mesh/url.ts';
import { causeOfStart } from './otp/errors.ts';
import { startSupervisor } from './otp/supervisor.ts';
import { quicTransport } from './transport/quic/transport.ts';
import {
  TransportError,
  type EndpointLimits,
  type PhysicalAddress,
  type Transport,
} from './transport/transport.ts';

export interface DistRelayOptions {
  /** `host:port`, a numeric address; port 0 takes a free one. Default `127.0.0.1:4434`. */
  readonly listen?: string;
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
 * Starts a dist relay. Throws `TransportError` when it cannot listen, `RangeError` for an address that is none, `IdentityError` for a
 * damaged key file, `RpcError` `invalid_args` for options of a realm that do not belong together.
 */
export async function startDistRelay(options: DistRelayOptions = {}): Promise<DistRelay> {
  const bind = listenAddress(options.listen ?? LISTEN);
  const { logger, logLevel, realm, transport = quicTransport() } = options;
  const runtime = options.runtime ?? new Runtime({ logger: loggerOf({ logger, logLevel }) });
  const identity = identityOf(runtime, options.identity);
  const scope = new NameScope();
  const context: RelayContext = {
    runtime,
    scope,
    events: new EventHub(runtime),
    limits: { ...LIMITS, ...options.limits },
    realm,
    closed: realm === undefined ? undefined : closedRealm(realm, options),
    roster: new Roster(),
    counts: { tunnels: 0, bytes: 0, skipped: 0 },
  };
  const memory: { bound: PhysicalAddress | undefined } = { bound: undefined };
  const spec = relayTree({
    context,
    endpoint: {
      scope,
      transport,
      bind,
      limits: { streams: STREAMS, ...options.endpointLimits },
      tls: false,
      identity: () => identity,
      accept: new Map([relayAcceptor(context)]),
      memory,
    },
  });
  const root = await startSupervisor(runtime, spec, { label: 'relay' }).catch((error: unknown) => {
    const cause = causeOfStart(error);
    throw cause instanceof TransportError ? cause : error;
  });
  const place: RelayPlace = { address: memory.bound ?? bind, id: identity.nodeId };
  if (!isLoopbackHost(bind.host) && realm === undefined)
    context.events.emit('dist.relay_open', { address: `${place.address.host}:${place.address.port}` });
  return new DistRelay(context, root, place);
}

/**
 * Starts a client of dist relays; it dials after that. Throws `RangeError` for URLs that are none, `StartError` when it cannot start.
 * @param relays `quic://host:port` or `host:port`, in the order in which they are preferred.
 * @param name what others know this node by: `name@host` or `port@host`.
 */
export async function startRelayClient(
  runtime: Runtime,
  relays: string | readonly string[],
  name: string,
  options: RelayClientOptions = {},
): Promise<DistRelayClient> {
  const parts = clientParts(runtime, relays, name, options);
  const root = await startSupervisor(runtime, clientTree(parts), { label: 'relayClient' });
  return new DistRelayClient(parts.context, async () => {
    if ((root.pid as Process).alive) await root.stop();
  });
}

function clientParts(
  runtime: Runtime,
  relays: string | readonly string[],
  name: string,
  { identity, keys, secret, ...rest }: RelayClientOptions,
  more: Pick<ClientMaking, 'log' | 'closed'> = {},
): RelayClientParts {
  return makeRelayClient({
    ...rest,
    runtime,
    relays,
    name: () => name,
    ...more,
    ...(identity === undefined ? {} : { identity: () => identity }),
    keyOf: (node) => {
      const id = typeof keys === 'function' ? keys(node) : keys?.[node];
      return id === undefined ? undefined : Buffer.from(id, 'hex');
    },
    secretOf: typeof secret === 'function' ? secret : () => secret,
  });
}

export interface DistBridgeOptions extends Omit<RelayClientOptions, 'identity'> {
  /** The key that it proves. Default: a fresh one in memory. A file makes it durable. */
  readonly identity?: { readonly file: string } | Identity;
  /** The public key of a closed realm, and our membership of it. */
  readonly realmKey?: MembershipSource;
  readonly membership?: MembershipSource;
  /** URLs of relays, in the order in which they are preferred. */
  readonly relays: string | readonly string[];
  /** Of the local Erlang node: `a@127.0.0.1`. */
  readonly name: string;
  /** Where the local node asks for others: its `ERL_EPMD_PORT`. 0 takes a free one. */
  readonly epmdPort: number;
  /** The loopback address of this host at which everything listens. Default 127.0.0.1. */
  readonly host?: string;
  /**
   * Nodes elsewhere, where the part before the `@` is not enough: `b@beta.mesh`. Default: a node that calls its host as the local one
   * does, else the one whose name begins like this.
   */
  readonly peers?: readonly string[];
  /** Default: one of its own. */
  readonly runtime?: Runtime;
  readonly logger?: Logger;
  readonly logLevel?: LogLevel;
}

/**
 * Starts a bridge for one stock Erlang node of this host, which needs no code for it: `ERL_EPMD_PORT=7701 erl -start_epmd false …`.
 * Throws `CarrierError` when it cannot listen, `RangeError` for names and URLs that are none.
 */
export async function startDistBridge(options: DistBridgeOptions): Promise<DistBridge> {
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
  for (const one of [name, ...peers]) if (!isNodeName(one)) throw new RangeError(`${one} is not name@host`);
  const runtime = given ?? new Runtime({ logger: loggerOf({ logger, logLevel }) });
  const log = new EventHub(runtime);
  const identity = identityOf(runtime, options.identity);
  const { realm, realmKey: _key, membership: _membership, ...others } = rest;
  const closed = realm === undefined ? undefined : closedRealm(realm, options);
  const realmOf = realm === undefined ? {} : { realm };
  const client = clientParts(runtime, relays, name, { ...others, ...realmOf, identity }, { log, closed });
  const context: BridgeContext = {
    runtime,
    scope: new NameScope(),
    events: log,
    name,
    host,
    peers: new Map(peers.map((peer) => [aliveOf(peer), peer])),
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

function listenAddress(listen: string): PhysicalAddress {
  const zero = listen.endsWith(':0');
  const parsed = parseDistRelayUrl(zero ? listen.replace(/:0$/, ':1') : listen);
  const host = parsed.ok ? parsed.at.host.replace(/^\[|\]$/g, '') : '';
  if (!parsed.ok || listen.includes('://'))
    throw new RangeError('listen must be host:port, IPv6 in brackets');
  const numeric = host === 'localhost' ? '127.0.0.1' : host;
  if (isIP(numeric) === 0) throw new RangeError('listen must name a numeric address of this machine');
  return { host: numeric, port: zero ? 0 : parsed.at.port };
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
