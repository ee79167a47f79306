/**
 * The catalogue: every event of a node or client, with its level, its fields and its meaning (INSPECTOR §6).
 *
 * docs/operations.md shows it to users; a test compares the two. `peer` is a node id in hex, `address` is
 * `host:port`. Names, labels and metadata are no secrets; args, results and what handlers throw are never fields.
 */
import type { EventDefinition, FieldsOf } from '../../actor/event.ts';
import { KERNEL_EVENTS, type KernelEvents } from '../../actor/kernel-events.ts';

export const MESH_EVENTS = {
  'node.started': {
    level: 'info',
    fields: { role: 'string', id: 'string', address: 'string' },
    meaning: 'a node listens, or a client was accepted; `role` says which',
  },
  'node.stopped': {
    level: 'info',
    fields: { role: 'string', id: 'string', reason: 'string', ms: 'ms' },
    meaning: 'its tree of actors is gone, after `ms` of life',
  },
  'drain.begun': {
    level: 'info',
    fields: { calls: 'number' },
    meaning: 'it is leaving: nothing new begins, `calls` of its own are in flight',
  },
  'drain.ended': {
    level: 'info',
    fields: { ms: 'ms', cut: 'number' },
    meaning: 'what was in flight has ended; `cut` calls had no time to and failed with `connection_error`',
  },
  'service.advertised': {
    level: 'info',
    fields: { procedure: 'string', provider: 'string', metadata: 'object?' },
    meaning: 'a procedure is served; `provider` is `here` or the id of a connected client',
  },
  'service.unadvertised': {
    level: 'info',
    fields: { procedure: 'string', provider: 'string' },
    meaning: 'this provider of a procedure is gone',
  },
  'service.refused': {
    level: 'warn',
    fields: { procedure: 'string', tag: 'string' },
    meaning: 'the node does not accept, after a reconnect, what this client advertises',
  },
  'rpc.call': {
    level: 'debug',
    fields: { procedure: 'string', args: 'string', size: 'bytes', caller: 'string' },
    meaning: 'a call begins; of its args the type and about how many bytes they take',
  },
  'rpc.completed': {
    level: 'info',
    perSecond: 100,
    fields: { procedure: 'string', route: 'string', outcome: 'string', ms: 'ms' },
    meaning: 'a call has its outcome: `ok` or the tag of its failure',
  },
  'path.changed': {
    level: 'info',
    perSecond: 100,
    fields: { peer: 'string', path: 'string', address: 'string', rtt: 'ms' },
    meaning:
      'packets to a peer go another way: `direct`, `punched` through a NAT, or `relayed` by the station at `address`',
  },
  'punch.failed': {
    level: 'info',
    perSecond: 10,
    fields: { peer: 'string', reason: 'string', retry: 'ms' },
    meaning: 'a relayed connection stays relayed; `reason` says why, the next try is in `retry` ms',
  },
  'connection.opened': {
    level: 'info',
    perSecond: 100,
    fields: { peer: 'string', address: 'string', direction: 'string' },
    meaning: 'a peer was accepted, or accepted us; `direction` is `in` or `out`',
  },
  'connection.closed': {
    level: 'info',
    perSecond: 100,
    fields: { peer: 'string', address: 'string', direction: 'string', reason: 'string', ms: 'ms' },
    meaning: 'an accepted connection ended',
  },
  'connection.refused': {
    level: 'warn',
    perSecond: 10,
    fields: { peer: 'string', address: 'string', direction: 'string', reason: 'string' },
    meaning: 'a peer was not accepted, or did not accept us',
  },
  'uplink.lost': {
    level: 'warn',
    fields: { peer: 'string', reason: 'string' },
    meaning: 'a client lost its node; it tries again unless `uplink.given_up` follows',
  },
  'uplink.retry': {
    level: 'info',
    fields: { attempt: 'number', delay: 'ms', reason: 'string' },
    meaning: 'it will dial again after `delay`',
  },
  'uplink.reconnected': {
    level: 'info',
    fields: { peer: 'string', attempt: 'number', ms: 'ms' },
    meaning: 'it is connected again, after `ms` and so many attempts',
  },
  'uplink.given_up': {
    level: 'error',
    fields: { reason: 'string' },
    meaning: 'the node refuses this client, or another one has taken its place: it does not try again',
  },
  'peer.suspect': {
    level: 'warn',
    fields: { peer: 'string', address: 'string' },
    meaning: 'a peer that owes answers is silent; the connection stands until its idle timeout',
  },
  'peer.recovered': {
    level: 'info',
    fields: { peer: 'string', address: 'string', ms: 'ms' },
    meaning: 'a suspect peer was heard again, after `ms`',
  },
  'peer.slow': {
    level: 'warn',
    fields: { peer: 'string', address: 'string', queued: 'bytes' },
    meaning: 'a peer lives but reads nothing; its connection is closed with `slow_consumer`',
  },
  'dht.off': {
    level: 'warn',
    fields: { bootstraps: 'number' },
    meaning:
      'once, at the start: a node with `dht: false` publishes nothing, and calls go direct to so many bootstraps',
  },
  'dht.unreachable': {
    level: 'warn',
    fields: { bootstraps: 'number', lost: 'number', reason: 'string?' },
    meaning:
      'no bootstrap answers, nor a contact that was lost; it tries again, in 10 min when all refuse it (`unauthorized`)',
  },
  'dht.recovered': {
    level: 'info',
    fields: { contacts: 'number', ms: 'ms' },
    meaning: 'the DHT is in reach again, after `ms`',
  },
  'dht.crowded': {
    level: 'warn',
    perSecond: 1,
    fields: { key: 'string', times: 'number' },
    meaning:
      'its closest nodes are `times` closer to `key` than is usual: somebody may want to hide what is stored there',
  },
  'dht.published': {
    level: 'info',
    perSecond: 10,
    fields: { procedure: 'string', stored: 'number', of: 'number' },
    meaning: 'the record of a procedure served here is kept by `stored` of the `of` nodes it belongs on',
  },
  'dht.publish_failed': {
    level: 'info',
    perSecond: 10,
    fields: { procedure: 'string', detail: 'string', retry: 'ms' },
    meaning: 'it could not be published, or taken back; the next try comes after `retry`',
  },
  'dist.nodeup': {
    level: 'info',
    fields: { node: 'string', address: 'string' },
    meaning: 'a node of the distribution is connected',
  },
  'dist.nodedown': {
    level: 'info',
    fields: { node: 'string', reason: 'string' },
    meaning: 'its connection has ended; once for each `dist.nodeup`',
  },
  'dist.handshake_failed': {
    level: 'warn',
    perSecond: 10,
    fields: { address: 'string', node: 'string?', reason: 'string' },
    meaning: 'a node was not connected: wrong cookie, not allowed, or what was sent is no handshake',
  },
  'dist.protocol_error': {
    level: 'warn',
    perSecond: 10,
    fields: { node: 'string', error: 'string' },
    meaning: 'a connected node sent what breaks the protocol; the connection is closed',
  },
  'dist.unsendable': {
    level: 'warn',
    perSecond: 10,
    fields: { node: 'string', error: 'string' },
    meaning: 'a message to a process on a node could not be sent: no Erlang term, or too long',
  },
  'dist.groups_refused': {
    level: 'warn',
    perSecond: 10,
    fields: { node: 'string', scope: 'string', bound: 'number' },
    meaning:
      'a node offers more than `bound` memberships of process groups: none of its members are listed until it reconnects',
  },
  'dist.ignored': {
    level: 'debug',
    perSecond: 10,
    fields: { node: 'string', operation: 'number' },
    meaning: 'a connected node asked for an operation that is not known here',
  },
  'dist.relay_open': {
    level: 'warn',
    fields: { address: 'string' },
    meaning: 'a dist relay listens beyond loopback and has no realm: whoever reaches it may use it',
  },
  'dist.client_identified': {
    level: 'info',
    perSecond: 100,
    fields: { node: 'string', address: 'string' },
    meaning: 'at a dist relay: a client is known by that name now',
  },
  'dist.client_refused': {
    level: 'warn',
    perSecond: 10,
    fields: { node: 'string', address: 'string', reason: 'string' },
    meaning: 'a client was not let in: its name is taken, or it is no member',
  },
  'dist.client_left': {
    level: 'info',
    perSecond: 100,
    fields: { node: 'string', reason: 'string' },
    meaning: 'the connection of a client has ended, and with it its tunnels',
  },
  'dist.tunnel_opened': {
    level: 'info',
    perSecond: 100,
    fields: { source: 'string', target: 'string' },
    meaning: 'at a dist relay: there is a tunnel between two clients',
  },
  'dist.tunnel_closed': {
    level: 'info',
    perSecond: 100,
    fields: { source: 'string', target: 'string', reason: 'string', bytes: 'bytes' },
    meaning: 'it is over; `bytes` have passed, both ways',
  },
  'dist.relay_ready': {
    level: 'info',
    fields: { node: 'string', relay: 'string' },
    meaning: 'a dist relay knows this node by its name: there may be tunnels through it',
  },
  'dist.relay_lost': {
    level: 'warn',
    fields: { node: 'string', relay: 'string', reason: 'string' },
    meaning: 'the connection to a dist relay has ended, and with it its tunnels; it is dialed again',
  },
  'dist.tunnel_refused': {
    level: 'warn',
    perSecond: 10,
    fields: { node: 'string', relay: 'string', reason: 'string' },
    meaning: 'another node has opened a tunnel to this one and has not shown what it has to',
  },
  'bridge.registered': {
    level: 'info',
    fields: { node: 'string', port: 'number' },
    meaning: 'the local Erlang node of a bridge is there, and listens at this port',
  },
  'bridge.unregistered': {
    level: 'info',
    fields: { node: 'string' },
    meaning: 'it has gone; its tunnels end with its connections',
  },
  'bridge.unreached': {
    level: 'warn',
    perSecond: 10,
    fields: { node: 'string', reason: 'string' },
    meaning: 'somebody looked for a node, and there was no way to it',
  },
  'bridge.refused': {
    level: 'warn',
    perSecond: 10,
    fields: { address: 'string', reason: 'string' },
    meaning: 'a request to the EPMD of a bridge was refused, or made no sense',
  },
  'frame.invalid': {
    level: 'warn',
    perSecond: 10,
    fields: { peer: 'string', channel: 'string', error: 'string' },
    meaning: 'a peer sent what breaks the rules of the protocol',
  },
  'overload.refused': {
    level: 'warn',
    perSecond: 10,
    fields: { procedure: 'string', bound: 'string' },
    meaning: 'a call was refused because a bound was reached; `bound` names it',
  },
  'inspector.started': {
    level: 'info',
    fields: { address: 'string', actions: 'boolean' },
    meaning: 'the inspector of this node listens; `actions` says whether it may change something',
  },
  'inspector.unannounced': {
    level: 'warn',
    fields: { address: 'string', reason: 'string' },
    meaning:
      'the file by which `espalier inspect` finds this inspector could not be written: it needs `--url` and the token',
  },
  'inspector.action': {
    level: 'warn',
    fields: { action: 'string', target: 'string', outcome: 'string' },
    meaning:
      'somebody did something by the inspector: `kill`, `suspend`, `call` …, to this actor or procedure',
  },
  'events.skipped': {
    level: 'info',
    fields: { of: 'string', skipped: 'number' },
    meaning: 'at the end: lines left out since the last one of that event',
  },
} as const;

export type MeshEvents = typeof MESH_EVENTS;
export type MeshEventName = keyof MeshEvents;
export type MeshFields<Name extends MeshEventName> = FieldsOf<MeshEvents[Name]>;

export type EventName = keyof KernelEvents | MeshEventName;
/** What an event carries. */
export type EventFields<Name extends EventName> = FieldsOf<(KernelEvents & MeshEvents)[Name]>;

/** All of it: the runtime's events and the mesh's. */
export const CATALOGUE: KernelEvents & MeshEvents = { ...KERNEL_EVENTS, ...MESH_EVENTS };

/** As plain data, for those that go through all of it. */
export const definitionOf = (name: EventName): EventDefinition => CATALOGUE[name];

export const isEventName = (name: string): name is EventName => Object.hasOwn(CATALOGUE, name);
