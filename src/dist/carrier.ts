/**
 * What moves the bytes of a connection between two nodes: ordered, reliable, nothing else (seed 004; SPEC §10).
 *
 * A carrier knows names, addresses and streams; handshake, cookie, ticks and messages are the same on all. Nothing here throws
 * for what a peer does.
 */
import type { ChildSpec } from '../otp/child-spec.ts';
import type { SplitName } from './node-name.ts';

export interface DistStream {
  /** The other end, for people. */
  readonly peer: string;
  /** The key that it has proven, as SHA-256 of its SubjectPublicKeyInfo; undefined: the carrier knows none. */
  readonly peerId?: Uint8Array | undefined;
  /** Bytes given to `write` that have not left. */
  readonly queued: number;
  /** The bytes belong to the stream. */
  write(bytes: Uint8Array): void;
  /** Nothing is read until `resume`; the peer is held back. */
  pause(): void;
  resume(): void;
  /** The handshake is over: the other end may talk to us. */
  admit(): void;
  /** What the transport has taken leaves first. No event follows. */
  close(): void;
}

export interface DistStreamEvents {
  /** Lent for the call. */
  onData(bytes: Uint8Array): void;
  /** `queued` went down. */
  onDrain(): void;
  /** Once. `reason`: for people. */
  onClosed(reason: string): void;
}

/** What a carrier listens at. */
export interface NetAddress {
  readonly host: string;
  readonly port: number;
  /** `tcp`, `macula_dist`, … */
  readonly protocol: string;
  readonly family: 'inet' | 'inet6';
}

/** A connection that came in. It waits for `accept` or `refuse`; each has its own deadline. */
export interface Incoming {
  readonly peer: string;
  accept(events: DistStreamEvents): DistStream;
  refuse(): void;
}

/** Whom a carrier tells, once it listens. */
export interface Listening {
  readonly name: string;
  /** What a node and we both know; undefined: nothing. */
  cookie(node: string): string | undefined;
  /** The key that a node has to prove, as its id; undefined: any. */
  keyOf(node: string): Uint8Array | undefined;
  /** Every connection that comes in, whatever the others do. */
  accept(incoming: Incoming): void;
}

export type SetupFailure = 'invalid_node_name' | 'connect_failed' | 'timeout';

export type SetupResult =
  | { readonly ok: true; readonly stream: DistStream }
  | { readonly ok: false; readonly reason: SetupFailure; readonly detail: string };

export interface Setup {
  readonly node: string;
  /** Milliseconds for the way there. */
  readonly timeout: number;
  /** The key that the node has to prove, where that is known. */
  readonly expectedId: Uint8Array | undefined;
  /** Aborted when nobody wants it any more. */
  readonly signal: AbortSignal;
  readonly events: DistStreamEvents;
}

export interface Carrier {
  /** `tcp`, `quic`, `tunnel`. */
  readonly name: string;
  /** Whether a name is one of this carrier's. */
  isNodeName(name: string): boolean;
  splitName(name: string): SplitName;
  /** Whether this carrier takes the connection to that node. */
  select(name: string): boolean;
  /** Where it listens; undefined while it does not. */
  address(): NetAddress | undefined;
  /** Its actors; they listen as long as they live. */
  childSpecs(listening: Listening): readonly ChildSpec[];
  /** Connects to a node. Never rejects. */
  setup(setup: Setup): Promise<SetupResult>;
}
