/**
 * What may fail when an actor is killed: calls that are under way in the part that is lost, or that need it before
 * it is there again. All with a type. An actor that is not named here has no row: say what it may cost.
 */
import type { Allowed, CallKind, Side } from './kill-table.ts';

const LOST = ['connection_error'] as const;
/** A client that is not connected leaves its node's table at once. */
const GONE = ['connection_error', 'service_not_found'] as const;
/** A handler's process is killed under its call, or restarted. */
const SERVED = ['connection_error', 'handler_crash'] as const;

const all = (kinds: readonly CallKind[], tags: readonly string[]): Allowed =>
  Object.fromEntries(kinds.map((kind) => [kind, tags]));

function merge(...parts: readonly Allowed[]): Allowed {
  const merged: Record<string, string[]> = {};
  for (const part of parts) {
    for (const [kind, tags] of Object.entries(part)) merged[kind] = [...(merged[kind] ?? []), ...tags];
  }
  return merged;
}

/** The link between client and node. */
const CLIENT_LINK = merge(
  all(['clientToNode', 'cancel'], LOST),
  all(['nodeToClient', 'otherToClient'], GONE),
);
const OTHER_LINK = all(['otherToNode', 'otherToClient'], LOST);
const LINKS = merge(CLIENT_LINK, OTHER_LINK);

interface Parts {
  /** Everything that goes through the side's links. */
  readonly link: Allowed;
  /** Everything its router gives to somebody. */
  readonly router: Allowed;
  /** Everything its handlers run. */
  readonly handlers: Allowed;
  /** The client's way to its node. */
  readonly uplink: Allowed;
  readonly echo: Allowed;
  readonly served: Allowed;
  readonly long: Allowed;
}

const PARTS: Readonly<Record<Side, Parts>> = {
  node: {
    link: LINKS,
    router: all(
      ['nodeLocal', 'nodeServer', 'nodeToClient', 'clientToNode', 'otherToNode', 'otherToClient', 'cancel'],
      LOST,
    ),
    handlers: all(['nodeLocal', 'nodeServer', 'clientToNode', 'otherToNode', 'cancel'], SERVED),
    uplink: {},
    echo: all(['nodeLocal', 'clientToNode', 'otherToNode'], SERVED),
    served: all(['nodeServer'], SERVED),
    long: all(['cancel'], SERVED),
  },
  client: {
    link: CLIENT_LINK,
    router: all(
      ['clientLocal', 'clientServer', 'clientToNode', 'nodeToClient', 'otherToClient', 'cancel'],
      LOST,
    ),
    handlers: all(['clientLocal', 'clientServer', 'nodeToClient', 'otherToClient'], SERVED),
    uplink: all(['clientToNode', 'cancel'], LOST),
    echo: all(['clientLocal', 'nodeToClient', 'otherToClient'], SERVED),
    served: all(['clientServer'], SERVED),
    long: {},
  },
};

export function allowedFor(side: Side, place: string): Allowed {
  const { link, router, handlers, uplink, echo, served, long } = PARTS[side];
  const [, ...path] = place.split('/');
  const name = path.join('/');
  const rules: Readonly<Record<string, Allowed>> = {
    identity: merge(link, router, handlers),
    intent: merge(link, router, handlers),
    events: merge(link, router, handlers),
    handlers: merge(link, router, handlers),
    [`handlers/${side}.echo`]: echo,
    [`handlers/${side}.long`]: long,
    [`handlers/${side}.long/Invocation`]: {},
    [`handlers/${side}.served`]: served,
    'handlers/keeper': served,
    'handlers/keeper/server': served,
    transport: merge(link, router),
    'transport/endpoint': link,
    'transport/connections': link,
    'transport/connections/connection': CLIENT_LINK,
    'transport/connections/connection 2': OTHER_LINK,
    network: merge(router, uplink),
    // peers depend on it
    'network/discovery': uplink,
    'network/discovery/routingTable': {},
    'network/discovery/recordStore': {},
    'network/discovery/lookups': {},
    'network/peers': uplink,
    'network/peers/natProfile': uplink,
    'network/peers/natConnector': uplink,
    'network/peers/peerPool': uplink,
    'network/peers/uplink': uplink,
    services: router,
    'services/serviceRegistry': router,
    'services/router': router,
    'services/advertiser': {},
    roles: {},
    'roles/dist': {},
    'roles/dist/spawned': {},
    'roles/dist/auth': {},
    'roles/dist/rex': {},
    'roles/dist/netKernel': {},
    'roles/dist/carriers': {},
    'roles/dist/carriers/quicListener': {},
    'roles/dist/groups': {},
    'roles/dist/cluster': {},
    app: {},
    'app/mine': {},
  };
  const allowed = rules[name];
  if (allowed === undefined) throw new Error(`${place} has no row: say which calls its death may cost`);
  return allowed;
}
