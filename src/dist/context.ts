/**
 * What the parts of a node's distribution share. Plain data and tables that outlive its actors; who may write what is said at
 * each field.
 */
import type { Runtime } from '../actor/runtime.ts';
import type { EventHub } from '../mesh/events/hub.ts';
import type { EtfLimits } from '../codec/etf/limits.ts';
import type { DistEvents } from './events.ts';
import type { Exports } from './exports.ts';
import type { IdentityTable } from './identity-table.ts';
import type { Roots } from './roots.ts';
import type { Channel } from './peer/channel.ts';

/** Durations in ms. */
export interface DistSettings {
  /** A peer that sends nothing at all for so long is gone. Default 60,000, as Erlang's `net_ticktime`. */
  readonly tickTime: number;
  /** For one handshake. Default 7,000, as Erlang's `net_setuptime`. */
  readonly setupTime: number;
  /** Longest packet, bytes. Default 16 MiB, at most 65 MiB. */
  readonly packet: number;
  /** Bytes that wait for a peer: with more of them messages to it are refused. Default 8 MiB. */
  readonly busy: number;
  readonly terms: EtfLimits;
}

export interface DistContext {
  readonly runtime: Runtime;
  /** This node. */
  readonly name: string;
  readonly creation: number;
  /** Undefined: there is none for that node, so there is no connection. */
  readonly cookie: (node: string) => string | undefined;
  /** Nodes that may connect; undefined: all that know the cookie. */
  readonly allowed: ((node: string) => boolean) | undefined;
  /** The key that a node has to prove, as its id: the user's word, else that of its record in the cluster; undefined: any. */
  readonly keyOf: (node: string) => Uint8Array | undefined;
  readonly settings: DistSettings;
  readonly identities: IdentityTable;
  readonly exports: Exports;
  readonly events: DistEvents;
  /** For the log, and for who listens at the node. */
  readonly log: EventHub;
  /** Nodes that are up, by name. Each actor of a peer writes its own. */
  readonly channels: Map<string, Channel>;
  readonly roots: Roots;
}
