/**
 * What every actor of one node or client knows from the start: settings, seams and where to find the others.
 *
 * Actors find each other by name in the node's own scope, anew for each message, never by a pid kept across
 * restarts (DESIGN §3).
 */
import type { NameScope } from '../actor/names.ts';
import type { Process } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import type { Endpoint, PhysicalAddress } from '../transport/transport.ts';
import type { ValueMap } from '../codec/value.ts';
import type { CborLimits } from '../codec/limits.ts';
import type { Identity } from '../identity/identity.ts';
import type { NameMode } from './topic/procedure-name.ts';
import type { DiscoveryMemory } from './registry/discovery-memory.ts';
import type { ServiceTable } from './registry/service-table.ts';
import type { Advertised } from './intent/intent.ts';
import type { RpcFailure } from './errors/rpc-failure.ts';
import type { DhtLife } from './dht/dht-life.ts';
import type { RecordStore } from './dht/record-store.ts';
import type { RoutingTable } from './dht/routing-table.ts';
import type { CrashRing } from './events/crash-ring.ts';
import type { CallTracer } from './events/call-tracer.ts';
import type { EventHub } from './events/hub.ts';
import type { Recent } from './events/recent.ts';
import type { NatProfileView } from './nat/detection/profile-server.ts';
import type { NatConnector } from './peer/nat-connector.ts';
import type { PoolView } from './peer/pool-view.ts';
import type { Relays } from './relay/relays.ts';
import type { ClosedRealm } from './identity/closed-realm.ts';
import type { Standings } from './peer/standings.ts';
import type { Routing } from './router/routing.ts';

/** Names of the actors in a node's scope. */
export type ActorName =
  | 'identity'
  | 'intent'
  | 'events'
  | 'handlers'
  | 'endpoint'
  | 'connections'
  | 'routingTable'
  | 'recordStore'
  | 'lookups'
  | 'natProfile'
  | 'natConnector'
  | 'attachments'
  | 'peerPool'
  | 'uplink'
  | 'serviceRegistry'
  | 'advertiser'
  | 'router'
  | 'app'
  | 'roles'
  | 'station'
  | 'inspector'
  | 'peerings';

/** Where the inspector of a node is found. */
export interface InspectorPlace {
  /** `http://host:port`. */
  readonly address: string;
  /** The same with the token: opens the page. */
  readonly url: string;
  readonly token: string;
}

/** The inspector of a node, for other nodes. */
export interface RemoteInspection {
  /** Whether a node of this id, in hex, may ask. */
  allows(nodeId: string): boolean;
  /** Answers once, at once or later; `nothing`: the question makes no sense. */
  answer(question: ValueMap, reply: (answer: ValueMap | 'nothing' | 'overloaded') => void): void;
}

/** What some of them share under their name: written by the owner only. */
export interface SharedTables {
  readonly identity: Identity;
  readonly endpoint: Endpoint;
  readonly inspector: { readonly place: InspectorPlace; readonly remote: RemoteInspection };
  readonly serviceRegistry: ServiceTable;
  readonly routingTable: RoutingTable;
  readonly recordStore: RecordStore;
  readonly uplink: UplinkView;
  readonly peerPool: PoolView;
  readonly natProfile: NatProfileView;
  readonly natConnector: NatConnector;
}

/** How a client's way to its node is. */
export interface UplinkView {
  readonly connection: Process | null;
  /** Hex id of the node it is or was connected to. */
  readonly peerId: string;
  /** Why no connection will come any more. */
  readonly refusal: RpcFailure | undefined;
}

/** Counted always, as integer adds. */
export interface Counters {
  callsOut: number;
  callsIn: number;
  lateReplies: number;
  duplicateCalls: number;
  unexpectedFrames: number;
  rejectedFrames: number;
  connectionsOpened: number;
  connectionsClosed: number;
  lookups: number;
  poolHits: number;
  poolMisses: number;
  poolEvictions: number;
  /** Questions of peers that were not answered because there were too many. */
  droppedQuestions: number;
  /** Records that peers wanted kept here, and that were not believed or had no room. */
  recordsRefused: number;
  /** Dials of addresses: the peer has proven who it is, or nobody did. */
  dialsWon: number;
  dialsLost: number;
  /** Ways through a station: the node has agreed, or no station led to it. */
  relaysWon: number;
  relaysLost: number;
  /** Direct paths through NATs. */
  punchesWon: number;
  punchesLost: number;
}

export interface MeshSettings {
  readonly realm: string;
  readonly names: NameMode;
  /** Whether remote callers are told name and message of a crash. */
  readonly crashDetails: boolean;
  /** Bytes of one call's args or result at most. */
  readonly maxBody: number;
  /** What args and results may be, so that the frame around them fits the codec's limits too. */
  readonly valueLimits: CborLimits;
  /** The same for the reason of a declared failure, which lies deeper in its frame. */
  readonly reasonLimits: CborLimits;
  /** Milliseconds from the first packet to the acceptance of our hello. */
  readonly helloTimeout: number;
  /** Our place in a closed realm; undefined in an open one. */
  readonly closed: ClosedRealm | undefined;
  /** `host:port` that others are told to dial, best first; empty: what is bound. */
  readonly announce: readonly string[];
  /** Whether it takes part in the DHT: a client never does. */
  readonly dht: boolean;
  /** Connections to other nodes that are kept, and for how long without use. */
  readonly pool: PoolSettings;
  /** What it does as a station; undefined: it is none. */
  readonly station: StationSettings | undefined;
  /** URLs of the stations that it attaches to. */
  readonly stations: readonly string[];
}

export interface StationSettings {
  /** URLs of the stations it is peered with, in the order in which they are asked. */
  readonly peers: readonly string[];
}

export interface PoolSettings {
  /** Connections at most; beyond it the one that was not used for longest leaves. */
  readonly size: number;
  /** Milliseconds without use after which one leaves. */
  readonly idleTimeout: number;
}

/** What leaving needs of a call that is not settled. */
export interface OpenCall {
  /** Whether a handler may have begun to run. */
  readonly mayHaveRun: boolean;
  /** Resolves when it is settled. */
  over(): Promise<void>;
  /** Ends it with this failure. False when it was settled before. */
  giveUp(failure: RpcFailure): boolean;
}

export interface MeshContext {
  readonly role: 'node' | 'client';
  readonly runtime: Runtime;
  readonly scope: NameScope;
  readonly settings: MeshSettings;
  /** Random per process life: tells a restarted peer from one that lost its connection. */
  readonly epoch: Uint8Array;
  readonly counters: Counters;
  /**
   * What users advertise, by owner and name. The intent actor alone writes it; it outlives that actor's death,
   * like an ETS table with an heir.
   */
  readonly advertised: Map<string, Advertised>;
  /** What of the DHT outlives its actors; the routing table's alone writes it. */
  readonly dht: DhtLife;
  /** What is known of providers elsewhere, and what others were told of ours. */
  readonly discovery: DiscoveryMemory;
  /** What is kept of the DHT; the record store alone writes it. */
  readonly records: RecordStore;
  /** Connections with proven peers; each writes its own. */
  readonly standings: Standings;
  /** Sessions of relays, passed on and our own. */
  readonly relays: Relays;
  /** What is known of providers by the calls they got. */
  readonly routing: Routing;
  /** Calls made through the public API and not settled. */
  readonly calls: Set<OpenCall>;
  readonly phase: Phase;
  /** What happens here, for the log and for whoever listens. */
  readonly events: EventHub;
  /** Undefined: trace contexts are passed on as they come. Set once, at the start. */
  tracer: CallTracer | undefined;
  /** The last crashes below its root. */
  readonly crashes: CrashRing;
  /** What it did last, for whoever looks. */
  readonly recent: Recent;
}

/** What changes in the life of a node or client as a whole. */
export interface Phase {
  /** It is being closed, or has ended by itself: nothing new begins. */
  closing: boolean;
  /** Where the listener was bound first; a restarted one binds there again. */
  bound: PhysicalAddress | undefined;
  /** Why no connection to the client's node will come any more; the uplink alone writes it. */
  refusal: RpcFailure | undefined;
}

export const newCounters = (): Counters => ({
  callsOut: 0,
  callsIn: 0,
  lateReplies: 0,
  duplicateCalls: 0,
  unexpectedFrames: 0,
  rejectedFrames: 0,
  connectionsOpened: 0,
  connectionsClosed: 0,
  lookups: 0,
  poolHits: 0,
  poolMisses: 0,
  poolEvictions: 0,
  droppedQuestions: 0,
  recordsRefused: 0,
  dialsWon: 0,
  dialsLost: 0,
  relaysWon: 0,
  relaysLost: 0,
  punchesWon: 0,
  punchesLost: 0,
});

/** The actor of that name now; undefined while it is being restarted. */
export const actor = (context: MeshContext, name: ActorName): Process | undefined =>
  context.scope.whereis(name) as Process | undefined;

/** What the actor of that name shares; undefined while it is being restarted. */
export const shared = <Name extends keyof SharedTables>(
  context: MeshContext,
  name: Name,
): SharedTables[Name] | undefined => context.scope.shared<SharedTables[Name]>(name);

export const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
