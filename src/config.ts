/**
 * Options of `startNode` and `connect`, judged whole: an unknown name, a wrong type or a missing realm is
 * `invalid_args` that names the option. Loaded when a node or client is made, not before.
 */
import { KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import * as Schema from 'effect/Schema';
import { LOG_LEVELS } from './actor/logger.ts';
import { Runtime } from './actor/runtime.ts';
import type { ConnectOptions, NodeOptions } from './mesh/client/options.ts';
import { RpcError } from './mesh/errors/rpc-error.ts';
import { isSignal } from './mesh/client/check.ts';
import { MAX_ENDPOINTS } from './mesh/dht/record.ts';
import { CLUSTER_EXPECTED, isClusterOptions } from './dist/cluster/options.ts';
import { isNodeName, isPortName } from './dist/node-name.ts';
import { MOST_RELAYS } from './dist/relay/client/bounds.ts';
import { ProcessGroups } from './otp/process-groups.ts';
import { parseAddress } from './mesh/peer/endpoint-text.ts';
import { MAX_INTERESTS } from './mesh/registry/interests.ts';
import { checkProcedureName } from './mesh/topic/procedure-name.ts';
import { isLocation } from './mesh/router/location.ts';
import { isStrategyName, STRATEGIES } from './mesh/router/strategy.ts';
import { isLoopbackHost, isRealm, parseDistRelayUrl, parseMeshUrl } from './mesh/url.ts';
import { checkSpec, type ChildSpec } from './otp/child-spec.ts';

/** Judges one option; the text says what it must be. */
interface Rule {
  readonly accepts: (value: unknown) => boolean;
  readonly expected: string;
}

const rule = <S extends Schema.Schema<unknown>>(schema: S, expected: string): Rule => ({
  accepts: Schema.is(schema as never) as (value: unknown) => boolean,
  expected,
});

/** Any text that says something and can be sent. */
const REALM: Rule = {
  accepts: (value) => isRealm(value) && (value as string & { isWellFormed(): boolean }).isWellFormed(),
  expected: 'a string of 1 to 255 bytes',
};

const isBytes = (value: unknown): boolean => value instanceof Uint8Array;

/** A path, or what `loadIdentity` and friends give. */
const IDENTITY: Rule = {
  accepts: (value) => {
    if (typeof value !== 'object' || value === null) return false;
    const { file, nodeId, publicKey, privateKey, certificate } = value as Record<string, unknown>;
    if (file !== undefined) return typeof file === 'string' && file !== '' && !file.includes('\0');
    return (
      [nodeId, publicKey, certificate].every(isBytes) &&
      (nodeId as Uint8Array).length === 32 &&
      privateKey instanceof KeyObject
    );
  },
  expected: '{ file } or an identity',
};

/** A path, or the bytes themselves. */
const FILE_OR_BYTES: Rule = {
  accepts: (value) => {
    if (isBytes(value)) return true;
    const { file } = value as { readonly file?: unknown };
    return typeof file === 'string' && file !== '' && !file.includes('\0');
  },
  expected: '{ file } or bytes',
};

const TRANSPORT: Rule = {
  accepts: (value) => typeof (value as { readonly open?: unknown } | null)?.open === 'function',
  expected: 'a transport',
};

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

const LOGGER: Rule = {
  accepts: (value) =>
    LEVELS.every((level) => typeof (value as Record<string, unknown>)[level] === 'function'),
  expected: `a logger with the methods of pino (${LEVELS.join(', ')})`,
};

/** Child specifications that make sense, with ids of their own. */
const CHILDREN: Rule = {
  accepts: (value) => {
    if (!Array.isArray(value)) return false;
    const ids = new Set((value as ChildSpec[]).map((spec) => checkSpec(spec).id));
    return ids.size === value.length;
  },
  expected: 'a list of child specifications, each with an id of its own',
};

const count = (minimum: number, maximum: number): Rule =>
  rule(Schema.Int.check(Schema.isBetween({ minimum, maximum })), `an integer from ${minimum} to ${maximum}`);

const text = (least: number, most: number): Rule =>
  rule(
    Schema.String.check(Schema.isMinLength(least), Schema.isMaxLength(most)),
    `a string of ${least} to ${most} characters`,
  );

const object = (expected: string): Rule =>
  rule(
    Schema.declare((value): value is object => typeof value === 'object' && value !== null),
    expected,
  );

/** Largest body one call may carry, bytes (DESIGN §8, Sizes). */
const MAX_BODY = 67_108_864;

const LIMITS: Readonly<Record<string, Rule>> = {
  idleTimeout: count(100, 2_147_483_647),
  keepAlive: count(10, 2_147_483_647),
  handshakeTimeout: count(10, 600_000),
  streams: count(8, 65_535),
  links: count(1, 1_000_000),
  halfOpen: count(1, 65_535),
  stalled: count(1, 65_535),
  acceptRate: count(1, 1_000_000),
  queued: count(65_536, 1_073_741_824),
};

const INTERESTS: Rule = {
  accepts: (value) => {
    const names: readonly unknown[] = Array.isArray(value) ? value : [value];
    return names.length <= MAX_INTERESTS && names.every((name) => checkProcedureName(name, 'any').ok);
  },
  expected: `a list of at most ${MAX_INTERESTS} procedure names`,
};

const ANNOUNCE: Rule = {
  accepts: (value) =>
    Array.isArray(value) &&
    value.length <= MAX_ENDPOINTS &&
    value.every((address) => typeof address === 'string' && parseAddress(address) !== undefined),
  expected: `a list of at most ${MAX_ENDPOINTS} addresses, each a numeric host:port`,
};

const COMMON: Readonly<Record<string, Rule>> = {
  realm: REALM,
  names: rule(Schema.Literals(['default', 'canonical', 'any']), "'default', 'canonical' or 'any'"),
  identity: IDENTITY,
  realmKey: FILE_OR_BYTES,
  membership: FILE_OR_BYTES,
  runtime: rule(Schema.instanceOf(Runtime as never), 'a runtime made by createRuntime'),
  logger: LOGGER,
  logLevel: rule(Schema.Literals(LOG_LEVELS), `one of ${LOG_LEVELS.join(', ')}`),
  transport: TRANSPORT,
  limits: object('an object of limits'),
  children: CHILDREN,
  crashDetails: rule(Schema.Union([Schema.Boolean, Schema.Literal('log')]), "true, false or 'log'"),
  maxBody: count(1_024, MAX_BODY),
  helloTimeout: count(10, 600_000),
  timeout: count(1, 2_147_483_647),
  serviceInterests: INTERESTS,
  tracing: rule(Schema.Boolean, 'true or false'),
  signal: { accepts: isSignal, expected: 'an AbortSignal' },
};

/** More are no help; each is dialed while nobody is known. */
const MAX_BOOTSTRAPS = 64;

/** Each names a node. */
const urls = (most: number): Rule => ({
  accepts: (value) =>
    Array.isArray(value) &&
    value.length <= most &&
    value.every((url) => typeof url === 'string' && parseMeshUrl(url).ok),
  expected: `a list of at most ${most} URLs, each https://host:port`,
});

/** Each is asked, one after the other, for what nobody knows. */
const MAX_STATION_PEERS = 20;
/** A connection is kept to each. */
const MAX_STATIONS = 8;

const strings = (value: unknown): boolean =>
  Array.isArray(value) && value.every((each) => typeof each === 'string');

/** Nodes that may look at one. */
const MAX_INSPECTING = 1_000;

const INSPECTOR: Readonly<Record<string, Rule>> = {
  port: count(0, 65_535),
  host: {
    accepts: (value) => typeof value === 'string' && isIP(value) !== 0 && isLoopbackHost(value),
    expected: 'a loopback address as 127.0.0.1: it has no TLS, put a proxy with authentication before it',
  },
  actions: rule(Schema.Boolean, 'true or false'),
  announce: rule(Schema.Boolean, 'true or false'),
  token: {
    accepts: (value) => typeof value === 'string' && /^[\w-]{16,256}$/.test(value),
    expected: '16 to 256 letters, digits, - and _',
  },
  allow: {
    accepts: (value) =>
      strings(value) &&
      (value as string[]).length <= MAX_INSPECTING &&
      (value as string[]).every((id) => /^[0-9a-f]{64}$/.test(id)),
    expected: `a list of at most ${MAX_INSPECTING} ids (64 lower-case hex digits)`,
  },
};

const STATION: Readonly<Record<string, Rule>> = { peers: urls(MAX_STATION_PEERS) };

const DHT: Readonly<Record<string, Rule>> = { refresh: count(1_000, 2_147_483_647) };

const POOL: Readonly<Record<string, Rule>> = {
  size: count(1, 10_000),
  idleTimeout: count(1_000, 2_147_483_647),
};

const isFunction = (value: unknown): boolean => typeof value === 'function';

const DIST: Readonly<Record<string, Rule>> = {
  name: {
    accepts: (value) => typeof value === 'string' && isNodeName(value),
    expected: 'port@host, or name@host',
  },
  cookie: {
    accepts: (value) =>
      isFunction(value) || (typeof value === 'string' && value.length > 0 && value.length < 256),
    expected: 'a string of 1 to 255 characters, or a function',
  },
  allowed: {
    accepts: (value) =>
      isFunction(value) || (strings(value) && (value as string[]).every((name) => isNodeName(name))),
    expected: 'a list of node names, or a function',
  },
  keys: {
    accepts: (value) =>
      isFunction(value) ||
      Object.values(value as object).every((id) => typeof id === 'string' && /^[0-9a-f]{64}$/.test(id)),
    expected: 'ids (64 lower-case hex digits) by node name, or a function',
  },
  exports: { accepts: strings, expected: 'a list of names' },
  functions: {
    accepts: (value) =>
      Object.values(value as object).every((module) => Object.values(module as object).every(isFunction)),
    expected: 'functions by module and name',
  },
  groups: {
    accepts: (value) =>
      Object.entries(value as object).every(
        ([scope, groups]) => scope !== '' && scope.length < 256 && groups instanceof ProcessGroups,
      ),
    expected: 'process groups by the names of their scopes',
  },
  tickTime: count(100, 2_147_483_647),
  setupTime: count(100, 600_000),
  maxPacket: count(65_536, 68_157_440),
  busyLimit: count(65_536, 1_073_741_824),
  tcp: rule(Schema.Union([Schema.Boolean, Schema.ObjectKeyword]), 'true, false or an object of TCP options'),
  relays: {
    accepts: (value) =>
      strings(value) &&
      (value as string[]).length > 0 &&
      (value as string[]).length <= MOST_RELAYS &&
      (value as string[]).every((url) => parseDistRelayUrl(url).ok),
    expected: `a list of 1 to ${MOST_RELAYS} URLs, each quic://host:port`,
  },
  cluster: { accepts: isClusterOptions, expected: CLUSTER_EXPECTED },
};

const STRATEGY: Rule = {
  accepts: (value) => typeof value === 'function' || isStrategyName(value),
  expected: `a function or one of ${STRATEGIES.join(', ')}`,
};

const LOCATION: Rule = { accepts: isLocation, expected: '{ lat, lon } in degrees' };

const NODE: Readonly<Record<string, Rule>> = {
  ...COMMON,
  listen: text(1, 300),
  bootstrap: urls(MAX_BOOTSTRAPS),
  announce: ANNOUNCE,
  dht: rule(Schema.Union([Schema.Boolean, Schema.ObjectKeyword]), 'true, false or an object of refresh'),
  pool: object('an object of size and idleTimeout'),
  station: rule(Schema.Union([Schema.Boolean, Schema.ObjectKeyword]), 'true, false or an object of peers'),
  stations: urls(MAX_STATIONS),
  dist: object('an object with a cookie'),
  inspector: rule(
    Schema.Union([Schema.Boolean, Schema.ObjectKeyword]),
    'true, false or an object of port and actions',
  ),
  strategy: STRATEGY,
  location: LOCATION,
};

const CLIENT: Readonly<Record<string, Rule>> = {
  ...COMMON,
  nodeId: rule(Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/)), '64 lower-case hex digits'),
};

/** A plain copy, read once; throws `RpcError` `invalid_args` with the first wrong option. */
export function checkNodeOptions(options: NodeOptions): NodeOptions {
  const checked = check(NODE, options);
  if (checked.dist !== undefined && checked.dist.cookie === undefined)
    throw invalid('dist.cookie', 'must be given: without one nobody connects');
  checkCluster(checked);
  if (checked.strategy === 'nearest' && checked.location === undefined) {
    throw invalid('location', 'must be given: the strategy nearest needs it');
  }
  return checked;
}
/** What the rest of the options must be for it. */
function checkCluster({ dist, dht }: NodeOptions): void {
  const { cluster, tcp = false, name } = dist ?? {};
  if (cluster === undefined) return;
  if (cluster.strategy === 'static') {
    const node = tcp === false ? cluster.nodes.find((each) => !isPortName(each)) : undefined;
    if (node !== undefined)
      throw invalid('dist.cluster', `must name nodes as port@host: without tcp ${node} cannot be reached`);
  } else if (dht === false) throw invalid('dist.cluster', 'must be a list of nodes: this node has no DHT');
  else if (name !== undefined && !isPortName(name))
    throw invalid('dist.cluster', `must be a list of nodes: in the DHT they go by port@host, not ${name}`);
}

export const checkConnectOptions = (options: ConnectOptions): ConnectOptions => check(CLIENT, options);

function check<Options extends object>(
  rules: Readonly<Record<string, Rule>>,
  options: Options,
  within = '',
): Options {
  const checked: Record<string, unknown> = {};
  if (typeof options !== 'object' || options === null)
    throw invalid(within || 'options', 'must be an object');
  for (const [name, value] of entriesOf(options, within.slice(0, -1) || 'options')) {
    if (value === undefined) continue;
    checked[name] = value;
    const field = `${within}${name}`;
    const found = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (found === undefined) throw invalid(field, 'is not an option');
    if (!holds(found, value)) throw invalid(field, `must be ${found.expected}`);
    if (name === 'limits') checked[name] = check(LIMITS, value as object, 'limits.');
    else if (name === 'pool') checked[name] = check(POOL, value as object, 'pool.');
    else if (name === 'dist') checked[name] = check(DIST, value as object, 'dist.');
    else if (name === 'inspector' && typeof value === 'object')
      checked[name] = check(INSPECTOR, value as object, 'inspector.');
    else if (name === 'station' && typeof value === 'object')
      checked[name] = check(STATION, value as object, 'station.');
    else if (name === 'dht' && typeof value === 'object') checked[name] = check(DHT, value as object, 'dht.');
  }
  return checked as Options;
}

/** Options are somebody else's objects: reading them may throw. */
function entriesOf(options: object, field: string): readonly [string, unknown][] {
  try {
    return Object.entries(options);
  } catch (cause) {
    throw invalid(field, 'cannot be read', { cause });
  }
}

function holds({ accepts }: Rule, value: unknown): boolean {
  try {
    return accepts(value);
  } catch {
    return false;
  }
}

export const invalid = (field: string, detail: string, options?: ErrorOptions): RpcError =>
  new RpcError({ tag: 'invalid_args', field, detail }, undefined, options);
