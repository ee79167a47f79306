/**
 * What the peer pool shows to others, in its own scope and to users.
 */
import type { PathKind } from '../../transport/transport.ts';

export interface PoolStats {
  /** Calls and questions that found their peer connected. */
  readonly hits: number;
  /** Those that had to wait for a connection, or found none. */
  readonly misses: number;
  /** Connections given up because there were too many, or because nobody used them. */
  readonly evictions: number;
  /** Hits and misses. */
  readonly total: number;
  /** Percent of them that were hits; 0 before the first. */
  readonly hitRate: number;
  /** Connections that are there. */
  readonly size: number;
}

/** A peer that is connected. */
export interface PeerInfo {
  readonly nodeId: string;
  /** `host:port` to which packets go now: the peer's, or the station's that passes them on. */
  readonly address: string;
  readonly direction: 'in' | 'out';
  /** A client has no clients of its own and takes part in no DHT. */
  readonly kind: 'node' | 'client';
  readonly dht: boolean;
  /** On which way packets go: straight, through a hole punched in a NAT, or through a station. */
  readonly path: PathKind;
  /** Hex id of the station that they go through; empty when through none. */
  readonly via: string;
  /** Over TLS, because UDP is blocked. */
  readonly tls: boolean;
  /** Smoothed round trip in ms, 0 when unknown. */
  readonly rtt: number;
  /** Calls and questions without an answer, in both directions. */
  readonly inFlight: number;
  /** Milliseconds since it was connected. */
  readonly age: number;
  /** Milliseconds since a call or question was last sent on the connection, or came over it. */
  readonly unused: number;
  /** It owes answers and is silent. */
  readonly suspect: boolean;
}

export interface PoolView {
  stats(): PoolStats;
  list(): readonly PeerInfo[];
}
