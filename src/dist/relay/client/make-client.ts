/**
 * Puts a client of dist relays together: tables, and what its actors are started with. Starts nothing.
 */
import { isIPv6 } from 'node:net';
import { NameScope } from '../../../actor/names.ts';
import type { Runtime } from '../../../actor/runtime.ts';
import { createIdentity, type Identity } from '../../../identity/identity.ts';
import { EventHub } from '../../../mesh/events/hub.ts';
import { closedRealm, type ClosedRealm, type MembershipSource } from '../../../mesh/identity/closed-realm.ts';
import { isLoopbackHost, parseDistRelayUrl } from '../../../mesh/url.ts';
import type { EndpointArgs } from '../../../transport/endpoint-server.ts';
import { quicTransport } from '../../../transport/quic/transport.ts';
import type { Endpoint, EndpointLimits, PhysicalAddress, Transport } from '../../../transport/transport.ts';
import type { ClientContext, RelayState } from './client-context.ts';
import { ExpectedLinks } from './expected-links.ts';
import { MOST_RELAYS, MOST_TUNNELS } from './bounds.ts';

/** Milliseconds for a connection: a relay that is back is not kept waiting by an attempt from before (RELIABILITY §9). */
const CONNECT_TIME = 5_000;

export interface RelayClientOptions {
  /** The key that it proves to relays, and to the other ends of tunnels. Default: a fresh one in memory. */
  readonly identity?: Identity;
  /** The realm of the relays. Default: none. */
  readonly realm?: string;
  /** The public key of a closed realm, and our membership of it, which relays ask for. */
  readonly realmKey?: MembershipSource;
  readonly membership?: MembershipSource;
  /**
   * Whether tunnels to and from that node are encrypted from end to end. Default: all are. Nodes of other makes cannot do that:
   * then whoever runs the relay can read and change all that passes.
   */
  readonly encryption?: boolean | ((node: string) => boolean);
  /** The keys that nodes have to prove in tunnels, as hex ids. Default: any, which a relay could stand between. */
  readonly keys?: Readonly<Record<string, string>> | ((node: string) => string | undefined);
  /** What both ends of a tunnel have to know, as an Erlang cookie: then no relay can stand between them. Default: nothing. */
  readonly secret?: string | ((node: string) => string | undefined);
  /** Milliseconds for a tunnel. Default 15,000. */
  readonly tunnelTime?: number;
  /** Milliseconds for the answer of a relay to our name. Default 10,000. */
  readonly identifyTime?: number;
  /** Milliseconds without a sign of life after which a relay is asked whether it is there. Default 1,000. */
  readonly probe?: number;
  readonly limits?: EndpointLimits;
  /** Default: real QUIC. */
  readonly transport?: Transport;
}

/** What a client is told by those who have more to say than users. */
export interface ClientMaking extends Omit<RelayClientOptions, 'identity' | 'keys' | 'secret'> {
  readonly runtime: Runtime;
  readonly relays: string | readonly string[];
  readonly name: () => string;
  readonly identity?: () => Identity | undefined;
  readonly keyOf?: (node: string) => Uint8Array | undefined;
  readonly secretOf?: (node: string) => string | undefined;
  readonly closed?: ClosedRealm | undefined;
  readonly log?: EventHub;
}

/** What the drawing in `supervisors/relay-client.ts` is filled in with. */
export interface RelayClientParts {
  readonly context: ClientContext;
  readonly endpoint: EndpointArgs;
}

/** @throws RangeError for URLs that are none, or too many; `RpcError` and `IdentityError` for a membership that is none. */
export function makeRelayClient(making: ClientMaking): RelayClientParts {
  const { runtime, realm, encryption = true, keyOf, secretOf } = making;
  const closed = making.closed ?? (realm === undefined ? undefined : closedRealm(realm, making));
  const { transport = quicTransport(), limits, tunnelTime, identifyTime, probe } = making;
  const { clock, random } = runtime;
  const scope = new NameScope();
  const expected = new ExpectedLinks();
  const relays = relaysOf(making.relays);
  const own = making.identity === undefined ? createIdentity(random, clock.wall()) : undefined;
  const identity = making.identity ?? ((): Identity | undefined => own);
  const context: ClientContext = {
    runtime,
    scope,
    events: making.log ?? new EventHub(runtime),
    get name() {
      return making.name();
    },
    identity,
    endpoint: () => scope.shared<Endpoint>('endpoint'),
    expected,
    settings: {
      connectTime: CONNECT_TIME,
      identifyTime: identifyTime ?? 10_000,
      tunnelTime: tunnelTime ?? 15_000,
      probe: probe ?? 1_000,
    },
    realm,
    proof: () => closed?.proof(clock.wall()),
    encrypts: typeof encryption === 'function' ? (node) => encryption(node) !== false : () => encryption,
    keyOf: keyOf ?? (() => undefined),
    secretOf: secretOf ?? (() => undefined),
    relays,
    tunnels: new Map(),
    hand: { kernel: undefined },
    waiting: new Set(),
  };
  return {
    context,
    endpoint: {
      scope,
      transport,
      bind: bindFor(relays),
      limits: { streams: MOST_TUNNELS, ...limits },
      tls: false,
      identity,
      accept: new Map([['macula-dist', expected.accept]]),
      dialers: 'relays',
      memory: { bound: undefined },
    },
  };
}

function relaysOf(urls: string | readonly string[]): readonly RelayState[] {
  const list = typeof urls === 'string' ? [urls] : urls;
  if (list.length === 0 || list.length > MOST_RELAYS)
    throw new RangeError(`relays must be 1 to ${MOST_RELAYS} URLs`);
  return list.map((url) => {
    const parsed = parseDistRelayUrl(url);
    if (!parsed.ok) throw new RangeError(`relays: ${url} is not quic://host:port`);
    const { host, port } = parsed.at;
    return {
      url: `quic://${host}:${port}`,
      host,
      port,
      state: 'resting',
      link: undefined,
      since: undefined,
      returned: false,
      reason: '',
    };
  });
}

/** Where its socket binds to reach them all. */
function bindFor(relays: readonly RelayState[]): PhysicalAddress {
  const v6 = relays.some(({ host }) => isIPv6(host.replace(/^\[|\]$/g, '')));
  if (relays.every(({ host }) => isLoopbackHost(host))) return { host: v6 ? '::1' : '127.0.0.1', port: 0 };
  return { host: v6 ? '::' : '0.0.0.0', port: 0 };
}
