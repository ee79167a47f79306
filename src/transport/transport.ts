/**
 * What every transport offers: one endpoint per node, one link per peer, streams and raw datagrams.
 *
 * An `Endpoint` is one (real or simulated) UDP socket that both dials and accepts. A `Link` is one
 * authenticated connection to one peer; it outlives the physical path below it. A `Stream` is an ordered,
 * flow-controlled, bidirectional byte stream. All calls are synchronous and none of them throws for what a
 * peer does. Events are direct calls into the receiver (DESIGN D2): a receiver that throws is told so by
 * `onFault` and its link is closed; nobody else notices.
 *
 * Rules every implementation keeps (the compliance suite proves them):
 * - `onOpen` comes once, first, after the peer's certificate was judged; `onClose` once, last.
 * - Bytes given to `onData` are lent: valid during the call only. Bytes given to `write` belong to the stream.
 * - A stream ends when both halves have ended; then nothing of it remains and its credit has returned.
 */
import type { Clock } from '../actor/clock.ts';
import type { Random } from '../actor/random.ts';
import type { Identity } from '../identity/identity.ts';

/** A numeric IP address (IPv6 without brackets) and a UDP port, or one of the other ways of `way.ts`. */
export interface PhysicalAddress {
  readonly host: string;
  readonly port: number;
}

/** `macula`: mesh. `macula-dist`: distribution. `macula-relay`: a station's TLS fallback. */
export type Protocol = 'macula' | 'macula-dist' | 'macula-relay';

/** What the peer proved in the handshake. */
export interface PeerIdentity {
  /** SHA-256 of `publicKey`, 32 bytes. */
  readonly nodeId: Uint8Array;
  /** Ed25519 SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
}

/** One way to reach the peer; the endpoint chooses among them per packet (DESIGN D4). */
export interface Path {
  readonly kind: PathKind;
  readonly address: PhysicalAddress;
  /** Packets are sent there now. */
  readonly active: boolean;
  /** The peer has answered from exactly there. */
  readonly proven: boolean;
  /** Round trip of the last answered probe in ms; undefined before. */
  readonly rtt: number | undefined;
}

/** `direct`: an address that was dialed or observed; `punched`: won through a NAT; `relayed`: through a station. */
export type PathKind = 'direct' | 'punched' | 'relayed';

/** Codes with which a connection is closed (TRANSPORT §6). */
export const CloseCode = {
  normal: 0,
  shuttingDown: 1,
  duplicate: 2,
  helloTimeout: 3,
  refused: 4,
  protocolError: 5,
  slowConsumer: 6,
  idle: 7,
  /** Our own actor behind the connection failed. */
  internal: 8,
} as const;
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

/** Codes with which one stream is reset or stopped (TRANSPORT §6). */
export const ResetCode = {
  canceled: 0x10,
  deadline: 0x11,
  overloaded: 0x12,
  protocolError: 0x13,
  frameTooLarge: 0x14,
  handlerCrashed: 0x15,
  unknownTunnel: 0x16,
  notAccepted: 0x17,
} as const;
export type ResetCode = (typeof ResetCode)[keyof typeof ResetCode];

/** Why a link ended. Exactly one per link. */
export type CloseReason =
  /** `close` was called here. */
  | { readonly tag: 'local'; readonly code: number; readonly reason: string }
  /** The peer closed with one of its application codes. */
  | { readonly tag: 'remote'; readonly code: number; readonly reason: string }
  /** Nothing arrived within the idle timeout. */
  | { readonly tag: 'idle_timeout' }
  /** No verified connection within the handshake deadline. */
  | { readonly tag: 'handshake_timeout' }
  /** TLS or our verdict refused: `code` is 0x100 + the TLS alert; `by` says whose decision it was. */
  | {
      readonly tag: 'handshake_failed';
      readonly code: number;
      readonly by: 'local' | 'remote';
      readonly detail: string;
    }
  /** The transport itself failed (socket gone, internal fault, receiver threw). */
  | { readonly tag: 'transport_error'; readonly detail: string };

export interface DialRequest {
  readonly address: PhysicalAddress;
  readonly protocol: Protocol;
  /** Refuse any other peer (TLS alert 298). 32 bytes. */
  readonly expectedId?: Uint8Array;
  /**
   * When nothing at all comes back by UDP for 1.5 s, the connection goes on over TLS to the TCP port of the same number,
   * and back to UDP when the peer answers there. QUIC only.
   */
  readonly fallback?: 'tls';
}

/** Receives what happens on one link. */
export interface LinkEvents {
  onOpen(link: Link): void;
  /** The peer opened a stream. Returns who receives it, or a code that refuses it (both halves are ended). */
  onStream(stream: Stream): StreamEvents | ResetCode;
  /** `openStream` may succeed again after it had returned undefined. */
  onCredit(): void;
  /**
   * Somebody at the peer's address says that this link is not known there any more, as after a restart. Anybody
   * on the way could say so: a reason to ask, none to close. The dialer's side only, at most once per second.
   */
  onDoubt?(): void;
  /** Packets are sent along another path now, or the peer has proven to be at its new address. */
  onPath?(): void;
  onClose(reason: CloseReason): void;
  /** One of these receivers, or one of the link's stream receivers, threw. `onClose` follows. */
  onFault(error: unknown): void;
}

export interface StreamEvents {
  /** `bytes` is lent for the duration of the call: copy what must outlive it. */
  onData(bytes: Uint8Array): void;
  /** The peer's half ended orderly. */
  onEnd(): void;
  /**
   * The peer abandoned the stream (reset or stop), the link closed below it, or it was paused for so long that
   * it stood in the way of others (`overloaded`). Both halves are over.
   */
  onReset(code: number): void;
  /** What was queued has left; `write` accepts freely again. */
  onDrain(): void;
}

export interface Stream {
  readonly id: number;
  readonly link: Link;
  /** Bytes accepted by `write` and not yet taken by the transport. */
  readonly queued: number;
  /**
   * Queues bytes, and the end of our half when `end` is true. False means that more than the high-water mark
   * is queued on this stream, or that its link is congested: the bytes are kept, wait for `onDrain` before
   * writing more. A write on an ended stream is ignored.
   *
   * The transport may look at `bytes` until it has taken all of them. It may call `taken` then, once, or never.
   */
  write(bytes: Uint8Array, end?: boolean, taken?: () => void): boolean;
  /** Abandons both halves at once (RESET_STREAM and STOP_SENDING). No event follows. */
  reset(code: ResetCode): void;
  /** Stops reading: the peer is held back by flow control. */
  pause(): void;
  resume(): void;
}

export type LinkState = 'handshaking' | 'open' | 'closing' | 'closed';

export interface LinkStats {
  /** Smoothed round-trip time in ms, 0 when unknown. */
  readonly rtt: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly lost: number;
  /** Packets that were proven to come from the peer. */
  readonly arrivals: number;
}

export interface Link {
  /** Unique within the endpoint. */
  readonly id: number;
  readonly role: 'dialer' | 'acceptor';
  readonly protocol: Protocol;
  readonly state: LinkState;
  /** Undefined until `onOpen`, and for dialers of an anonymous endpoint. */
  readonly peer: PeerIdentity | undefined;
  /** The source address at which the endpoint observes the peer. */
  readonly observed: PhysicalAddress;
  /**
   * Where the peer has proven to be, so that packets may go there unrationed: the active path, else the one before it,
   * else the best of the others. A closed link still says where that was. Undefined when there is no such path.
   */
  readonly proven: PhysicalAddress | undefined;
  readonly paths: readonly Path[];
  /** Opens a stream, or returns undefined when the peer grants none now (wait for `onCredit`) or the link is not open. */
  openStream(events: StreamEvents): Stream | undefined;
  /** Streams the peer still lets us open. */
  readonly streamCredit: number;
  /** Total bytes queued for sending over all streams. */
  readonly queued: number;
  /**
   * More than the link's high-water mark is queued over all streams. `write` returns false meanwhile, so that
   * at least one stream with something queued will hear `onDrain` or be reset before the link is free again.
   */
  readonly congested: boolean;
  /**
   * The peer's hello was accepted. Needed with `awaitHello` only, else without effect: until then the peer counts
   * as half-open and may send no more than a hello needs.
   */
  admit(): void;
  /**
   * The seeds of both hellos, 32 random bytes each: with them the peer can be asked to prove that it is where its
   * packets come from, when that changes. Until then a new address gets three times what came from it, no more.
   */
  keyPaths(ours: Uint8Array, theirs: Uint8Array): void;
  /**
   * Another way to the peer: it is probed a bounded number of times, and used when the peer has answered from exactly
   * there and it is better than what there is (TRANSPORT §12). Without effect before `keyPaths`, and beyond six paths.
   */
  offerPath(kind: PathKind, address: PhysicalAddress): void;
  /** Not that way any more. The last path stays. */
  withdrawPath(address: PhysicalAddress): void;
  /** Sends an acknowledgment-eliciting packet. */
  ping(): void;
  /** Closes with an application code after flushing what was written so far into the network. Idempotent. */
  close(code: CloseCode, reason?: string): void;
  stats(): LinkStats;
}

export interface EndpointLimits {
  /** Link closes when nothing arrives for this long. Defaults: 30,000 ms, 10,000 on a loopback listener. */
  readonly idleTimeout?: number;
  /**
   * A packet is sent after this much silence, by who was dialed a fifth later; at most a third of `idleTimeout`. Defaults
   * 10,000 and 3,000 ms.
   */
  readonly keepAlive?: number;
  /** A link not open by then is closed. Default 10,000 ms. */
  readonly handshakeTimeout?: number;
  /** Streams the peer may have open at once. Default 100. */
  readonly streams?: number;
  /**
   * Streams of a link that may stay paused with more unread than is kept for them (256 KiB); a further one is reset
   * as `overloaded` after a second, because together they would silence the link. QUIC only. Default 1.
   */
  readonly stalled?: number;
  /** Links in total. Default 10,000. */
  readonly links?: number;
  /** Inbound links whose peers are not admitted yet. Default 256. */
  readonly halfOpen?: number;
  /** Inbound links that may start per second, loopback excepted; a second's worth at once. Default 500. */
  readonly acceptRate?: number;
  /** Bytes queued per link before it is closed as a slow consumer. Default 8 MiB. */
  readonly queued?: number;
}

export interface EndpointOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly identity: Identity;
  /** Where to bind. Port 0 takes a free one. Default 127.0.0.1:0. */
  readonly bind?: PhysicalAddress;
  /** Protocols accepted from dialers; empty: outbound only. */
  readonly accept?: readonly Protocol[];
  /** Where dialers may come from: `relays`: only through relays' sessions that are open here. Default anywhere. */
  readonly dialers?: 'anywhere' | 'relays';
  /**
   * A peer's inbound link was verified: returns who receives it, or a code with which it is closed at once.
   * Called once per inbound link, right before its `onOpen`.
   */
  readonly onLink?: (link: Link) => LinkEvents | CloseCode;
  /**
   * A verified peer is only half let in: it still has to be admitted with `Link.admit`, within the handshake
   * timeout and its first 64 KiB, or its link is closed. Default false.
   */
  readonly awaitHello?: boolean;
  /**
   * Dialers are asked for no certificate and prove no key: `Link.peer` stays undefined. For protocols of others. QUIC only. Default
   * false.
   */
  readonly anonymous?: boolean;
  /** Also take TLS connections at the TCP port of the same number, for who cannot use UDP. QUIC only. Default false. */
  readonly tls?: boolean;
  readonly limits?: EndpointLimits;
}

export interface EndpointStats {
  readonly links: number;
  readonly halfOpen: number;
  readonly datagramsIn: number;
  readonly datagramsOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Datagrams dropped, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Datagrams of relays' sessions. QUIC only. */
  readonly relayed?: RelayedStats;
}

export interface RelayedStats {
  /** Sessions that are open here. */
  readonly sessions: number;
  /** For links here. */
  readonly datagramsIn: number;
  /** Sent on for others, and their bytes with the relay's header. */
  readonly forwarded: number;
  readonly forwardedBytes: number;
}

/**
 * A relay's decision about one relayed datagram. Called directly for each: it looks things up, and nothing else.
 * `session`: 16 bytes as latin1. `unknown`: not yet, the datagram is held for a moment; `refused`: it is dropped.
 */
export type Forwarder = (
  session: string,
  from: PhysicalAddress,
  bytes: number,
) => PhysicalAddress | 'unknown' | 'refused';

export interface Endpoint {
  readonly kind: 'quic' | 'memory';
  readonly local: PhysicalAddress;
  /** Starts a connection and returns its link at once; everything else arrives as events. */
  dial(request: DialRequest, events: LinkEvents): Link;
  /** Sends one datagram that is not QUIC (its first byte must have bit 0x40 clear) from the same socket. */
  sendRaw(to: PhysicalAddress, bytes: Uint8Array): void;
  /** Receives datagrams that are not QUIC. One receiver; undefined drops them. `bytes` is lent. */
  onRaw: ((from: PhysicalAddress, bytes: Uint8Array) => void) | undefined;
  /**
   * Makes a relay's session (16 bytes) an address that can be dialed and offered as a path. What is sent there goes
   * wrapped to where `via`, the link to the relay, sends now; only what comes from there is taken. A session that is
   * open already goes over `via` from now on.
   */
  openRelayed(session: Uint8Array, via: Link): PhysicalAddress;
  /** Forgets the session; links that have no other path fall silent. */
  closeRelayed(session: Uint8Array): void;
  /** Asked where relayed datagrams of sessions that are not opened here go; undefined: nowhere. */
  forwarder: Forwarder | undefined;
  /** For datagrams that must not come from this socket. The endpoint's actor sets it. */
  aside?: Aside;
  readonly links: Iterable<Link>;
  stats(): EndpointStats;
  /** Closes every link with `code`, then the socket. Resolves when nothing of it is left. */
  close(code?: CloseCode, reason?: string): Promise<void>;
  /** Frees everything at once, without a word to the peers (the owner was killed). */
  destroy(): void;
}

/** Another socket on the same machine. */
export interface Aside {
  /** Opens it when it is not; `then` gets undefined when it cannot be had. */
  open(then: (socket: Pick<Endpoint, 'sendRaw'> | undefined) => void): void;
  destroy(): void;
}

/** Makes endpoints: `quicTransport()` or a memory network's `transport(host)`. */
export interface Transport {
  readonly kind: 'quic' | 'memory';
  /** Resolves when the socket is bound. Throws `TransportError`. */
  open(options: EndpointOptions): Promise<Endpoint>;
}

export type TransportFailure =
  /** The address cannot be bound (`EADDRINUSE`, `EADDRNOTAVAIL`, `EACCES`). */
  | { readonly tag: 'bind_failed'; readonly address: PhysicalAddress; readonly code: string }
  /** No native QUIC for this platform: the actor runtime and the in-memory transport still work. */
  | {
      readonly tag: 'unsupported_platform';
      readonly platform: string;
      readonly arch: string;
      readonly libc: string;
    }
  | { readonly tag: 'invalid_option'; readonly option: string; readonly detail: string };

/** Thrown by `Transport.open`. Branch on `error.failure.tag`. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly failure: TransportFailure;
  constructor(failure: TransportFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
  }
}
