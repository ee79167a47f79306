/**
 * What every actor of one node or client knows from the start: settings, seams and where to find the others.
 *
 * Actors find each other by name in the node's own scope, anew for each message, never by a pid kept across
 * restarts (DESIGN §3).
 */
import type { NameScope } from '../actor/names.ts';
import type { Process } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import type { Endpoint } from '../transport/transport.ts';
import type { Identity } from '../identity/identity.ts';
import type { NameMode } from './topic/procedure-name.ts';
import type { ServiceTable } from './registry/service-table.ts';
import type { Advertised } from './intent/intent.ts';

/** Names of the actors in a node's scope. */
export type ActorName =
  | 'identity'
  | 'intent'
  | 'events'
  | 'handlers'
  | 'endpoint'
  | 'connections'
  | 'peerPool'
  | 'uplink'
  | 'serviceRegistry'
  | 'router';

/** What some of them share under their name: written by the owner only. */
export interface SharedTables {
  readonly identity: Identity;
  readonly intent: ReadonlyMap<string, Advertised>;
  readonly endpoint: Endpoint;
  readonly serviceRegistry: ServiceTable;
  readonly uplink: { readonly connection: Process | null };
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
}

export interface MeshSettings {
  readonly realm: string;
  readonly names: NameMode;
  /** Whether remote callers are told name and message of a crash. */
  readonly crashDetails: boolean;
  /** Bytes of one call's args or result at most. */
  readonly maxBody: number;
  /** Longest timeout a peer may ask for, milliseconds. */
  readonly maxTimeout: number;
  /** Milliseconds from the first packet to the acceptance of our hello. */
  readonly helloTimeout: number;
}

export interface MeshContext {
  readonly role: 'node' | 'client';
  readonly runtime: Runtime;
  readonly scope: NameScope;
  readonly settings: MeshSettings;
  /** Random per process life: tells a restarted peer from one that lost its connection. */
  readonly epoch: Uint8Array;
  readonly counters: Counters;
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
});

/** The actor of that name now; undefined while it is being restarted. */
export const actor = (context: MeshContext, name: ActorName): Process | undefined =>
  context.scope.whereis(name);

/** What the actor of that name shares; undefined while it is being restarted. */
export const shared = <Name extends keyof SharedTables>(
  context: MeshContext,
  name: Name,
): SharedTables[Name] | undefined => context.scope.shared<SharedTables[Name]>(name);

export const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
