/**
 * How dist relays, their clients and bridges are started, judged before anything is. Pure.
 *
 * A `TypeError` for a value of the wrong kind and for an option that does not exist, a `RangeError` for a number or a text out of
 * range, as `dist/check-options.ts` has it. A secret is never shown.
 */
import { isIP } from 'node:net';
import type { LogLevel } from '../../actor/logger.ts';
import { isObject, wrongArgument, wrongFunction, wrongObject, wrongRuntime } from '../../otp/arguments.ts';
import { isLoopbackHost, parseDistRelayUrl } from '../../mesh/url.ts';
import {
  wrongCookie,
  wrongIds,
  wrongNode,
  wrongOptions,
  wrongWithin,
  type Judge,
  type Rules,
} from '../check-options.ts';
import { MOST_RELAYS } from './client/bounds.ts';
import type { RelayClientOptions } from './client/make-client.ts';
import type { DistRelayLimits } from './server/limits.ts';
import { listenAddress } from './listen-address.ts';

/** Longest time that can be waited, ms. */
const LONGEST = 2_147_483_647;
/** Of a rate, bytes per second: 1 KiB to 1 TiB. */
const [SLOWEST, FASTEST] = [1_024, 1_099_511_627_776];
const LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

const LIMITS: Rules<keyof DistRelayLimits> = {
  clients: (value) => wrongWithin('limits.clients', [1, 65_535], value),
  tunnels: (value) => wrongWithin('limits.tunnels', [1, 65_535], value),
  totalTunnels: (value) => wrongWithin('limits.totalTunnels', [1, 1_000_000], value),
  rate: (value) => wrongWithin('limits.rate', [SLOWEST, FASTEST], value),
  tunnelRate: (value) => wrongWithin('limits.tunnelRate', [SLOWEST, FASTEST], value),
  idle: (value) => wrongWithin('limits.idle', [1, LONGEST], value),
  probe: (value) => wrongWithin('limits.probe', [1, LONGEST], value),
};

/** As that of a node, but for those who look through a mesh. */
const INSPECTOR = {
  port: (value: unknown) => wrongWithin('inspector.port', [0, 65_535], value),
  host: (value: unknown) => wrongHost(value, 'inspector.host'),
  actions: (value: unknown) =>
    typeof value === 'boolean' ? undefined : wrongArgument('inspector.actions', 'true or false', value),
  announce: (value: unknown) =>
    typeof value === 'boolean' ? undefined : wrongArgument('inspector.announce', 'true or false', value),
  token: (value: unknown) => {
    // what it is is nobody's to read
    if (typeof value !== 'string') return new TypeError('inspector.token must be a string');
    return /^[\w-]{16,256}$/.test(value)
      ? undefined
      : new RangeError('inspector.token must be 16 to 256 letters, digits, - and _');
  },
} satisfies Partial<Record<string, Judge>>;

/** What all three have. */
const COMMON = {
  identity: wrongIdentity,
  realm: (realm: unknown) => wrongText('realm', realm),
  realmKey: (source: unknown) => wrongSource('realmKey', source),
  membership: (source: unknown) => wrongSource('membership', source),
  transport: (transport: unknown) =>
    isObject(transport) && 'open' in transport
      ? undefined
      : wrongArgument('transport', 'a transport', transport),
} satisfies Partial<Record<string, Judge>>;

const STANDALONE = {
  runtime: wrongRuntime,
  logger: (logger: unknown) =>
    isObject(logger) && 'info' in logger ? undefined : wrongArgument('logger', 'a logger', logger),
  logLevel: (level: unknown) => wrongOneOf('logLevel', LEVELS, level),
} satisfies Partial<Record<string, Judge>>;

/** What a client has wherever it is. */
const CLIENT = {
  ...COMMON,
  encryption: (value: unknown) =>
    typeof value === 'boolean' || typeof value === 'function'
      ? undefined
      : wrongArgument('encryption', 'true, false or a function', value),
  tunnelTime: (value: unknown) => wrongWithin('tunnelTime', [1, LONGEST], value),
  identifyTime: (value: unknown) => wrongWithin('identifyTime', [1, LONGEST], value),
  probe: (value: unknown) => wrongWithin('probe', [1, LONGEST], value),
  limits: (limits: unknown) => wrongObject('limits', 'an object', limits),
} satisfies Partial<Record<string, Judge>>;

const SECRETS = {
  keys: wrongIds,
  secret: (secret: unknown) => (typeof secret === 'function' ? undefined : wrongCookie(secret, 'secret')),
} satisfies Partial<Record<string, Judge>>;

const RELAY = {
  ...COMMON,
  ...STANDALONE,
  listen: (listen: unknown) => wrongListen('listen', listen),
  foreign: (listen: unknown) => wrongListen('foreign', listen),
  limits: (limits: unknown) => wrongOptions('limits', limits, LIMITS),
  inspector: (wanted: unknown) =>
    typeof wanted === 'boolean' ? undefined : wrongOptions('inspector', wanted, INSPECTOR),
  endpointLimits: (limits: unknown) => wrongObject('endpointLimits', 'an object', limits),
} satisfies Partial<Record<string, Judge>>;

const OWN_CLIENT: Rules<keyof RelayClientOptions | 'register'> = {
  ...CLIENT,
  ...SECRETS,
  register: (name) => (name === false ? undefined : wrongText('register', name)),
};

const CARRIER = {
  ...CLIENT,
  relays: wrongRelays,
  identity: (identity: unknown) => (typeof identity === 'function' ? undefined : wrongIdentity(identity)),
  select: (select: unknown) => wrongFunction('select', select),
  // what a node of the mesh has
  closed: () => undefined,
  log: () => undefined,
} satisfies Partial<Record<string, Judge>>;

const BRIDGE = {
  ...CLIENT,
  ...SECRETS,
  ...STANDALONE,
  relays: wrongRelays,
  name: (name: unknown) => wrongNode('name', name),
  epmdPort: (port: unknown) => wrongWithin('epmdPort', [0, 65_535], port),
  host: (host: unknown) => wrongHost(host),
  peers: wrongPeers,
} satisfies Partial<Record<string, Judge>>;

/** The error of what a relay cannot be started with. */
export const wrongDistRelay = (options: unknown): Error | undefined => judged(options, RELAY);

/** The error of what a client cannot be started with. */
export const wrongRelayClient = (relays: unknown, name: unknown, options: unknown): Error | undefined =>
  wrongRelays(relays) ?? wrongNode('name', name) ?? judged(options, OWN_CLIENT);

/** The error of what cannot be a carrier. */
export const wrongTunnelCarrier = (options: unknown): Error | undefined =>
  judged(options, CARRIER, ['relays']);

/** The error of what a bridge cannot be started with. */
export const wrongDistBridge = (options: unknown): Error | undefined =>
  judged(options, BRIDGE, ['relays', 'name', 'epmdPort']);

function judged(
  options: unknown,
  rules: Readonly<Record<string, Judge>>,
  needed: readonly string[] = [],
): Error | undefined {
  const wrong = wrongOptions('options', options, rules, needed);
  if (wrong !== undefined) return wrong;
  const { realm, realmKey, membership } = options as Readonly<Record<string, unknown>>;
  // whoever has a key of a realm and does not say which one would serve everybody
  return realm === undefined && (realmKey ?? membership) !== undefined
    ? wrongArgument('realm', 'a string beside realmKey and membership', realm)
    : undefined;
}

function wrongRelays(urls: unknown): Error | undefined {
  const list: unknown = typeof urls === 'string' ? [urls] : urls;
  if (!Array.isArray(list)) return wrongArgument('relays', 'a URL, or an array of them', urls);
  if (list.length === 0 || list.length > MOST_RELAYS)
    return new RangeError(`relays must be 1 to ${MOST_RELAYS} URLs`);
  for (const [at, url] of (list as unknown[]).entries()) {
    if (typeof url !== 'string') return wrongArgument(`relays[${at}]`, 'a string', url);
    if (!parseDistRelayUrl(url).ok) return new RangeError(`relays: ${url} is not quic://host:port`);
  }
  return familiesOf(list as readonly string[]).size > 1
    ? new RangeError('relays must be reached all by IPv4, or all by IPv6: a client has one socket')
    : undefined;
}

/** Of those whose addresses are numbers: names are looked up in the family of the others. */
const familiesOf = (urls: readonly string[]): ReadonlySet<number> =>
  new Set(
    urls.flatMap((url) => {
      const parsed = parseDistRelayUrl(url);
      const family = parsed.ok ? isIP(parsed.at.host.replace(/^\[|\]$/g, '')) : 0;
      return family === 0 ? [] : [family];
    }),
  );

function wrongListen(what: string, listen: unknown): Error | undefined {
  if (typeof listen !== 'string') return wrongArgument(what, 'a string', listen);
  const address = listenAddress(listen, what);
  return address instanceof RangeError ? address : undefined;
}

/** A bridge is for its own host: what listens there asks nobody for a cookie. An inspector has no TLS. */
function wrongHost(host: unknown, what: string = 'host'): Error | undefined {
  if (typeof host !== 'string') return wrongArgument(what, 'a string', host);
  return isIP(host) !== 0 && isLoopbackHost(host)
    ? undefined
    : new RangeError(`${what} must be a numeric loopback address`);
}

function wrongPeers(peers: unknown): Error | undefined {
  if (!Array.isArray(peers)) return wrongArgument('peers', 'an array of names of nodes', peers);
  for (const [at, peer] of (peers as unknown[]).entries()) {
    const wrong = wrongNode(`peers[${at}]`, peer);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function wrongText(what: string, text: unknown): Error | undefined {
  if (typeof text !== 'string') return wrongArgument(what, 'a string', text);
  return text === '' ? new RangeError(`${what} must not be empty`) : undefined;
}

function wrongOneOf(what: string, known: readonly unknown[], value: unknown): Error | undefined {
  if (typeof value !== 'string') return wrongArgument(what, 'a string', value);
  return known.includes(value) ? undefined : new RangeError(`${what} must be one of ${known.join(', ')}`);
}

function wrongIdentity(identity: unknown): Error | undefined {
  if (!isObject(identity)) return wrongArgument('identity', 'an identity, or { file }', identity);
  if ('nodeId' in identity && identity.nodeId instanceof Uint8Array) return undefined;
  return 'file' in identity && typeof identity.file === 'string'
    ? undefined
    : wrongArgument('identity', 'an identity, or { file }', identity);
}

function wrongSource(what: string, source: unknown): Error | undefined {
  if (source instanceof Uint8Array) return undefined;
  return isObject(source) && 'file' in source && typeof source.file === 'string'
    ? undefined
    : wrongArgument(what, 'bytes, or { file }', source);
}
