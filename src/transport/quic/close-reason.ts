/**
 * From what quiche says about the end of a connection to the one reason a link reports.
 *
 * Pure. Transport codes 0x100 to 0x1ff are TLS alerts (RFC 9001 §4.8): whatever the state, they mean that an
 * identity or the handshake was refused. A dialer meets them on an open link too, because its side is
 * established one flight before the acceptor looks at its certificate.
 */
import type { CloseReason } from '../transport.ts';

const TLS_FIRST = 0x100;
const TLS_LAST = 0x1ff;

/** APPLICATION_ERROR: an application close before the peer could decrypt one (RFC 9000 §10.2.3). */
const APPLICATION_ERROR = 0xc;

/** What `peerError()` and `localError()` return. */
export interface NativeClose {
  readonly isApp: boolean;
  readonly errorCode: number;
  readonly reason: Uint8Array;
}

export interface NativeEnd {
  readonly peer: NativeClose | null;
  readonly local: NativeClose | null;
  readonly timedOut: boolean;
  /** The link had been open. */
  readonly opened: boolean;
}

/** Why the connection is over; undefined while it is not. `closed`: quiche has nothing more to say. */
export function closeReason(end: NativeEnd, closed: boolean): CloseReason | undefined {
  if (end.peer !== null) return byPeer(end.peer, end.opened);
  if (end.local !== null) return byQuiche(end.local, end.opened);
  if (end.timedOut) return { tag: end.opened ? 'idle_timeout' : 'handshake_timeout' };
  return closed ? { tag: 'transport_error', detail: 'connection closed without a reason' } : undefined;
}

function byPeer(error: NativeClose, opened: boolean): CloseReason {
  const text = textOf(error.reason);
  if (error.isApp) return { tag: 'remote', code: error.errorCode, reason: text };
  if (!opened || isTls(error.errorCode))
    return {
      tag: 'handshake_failed',
      code: error.errorCode,
      by: 'remote',
      detail: text === '' ? describe(error.errorCode) : text,
    };
  return { tag: 'transport_error', detail: `peer reported ${describe(error.errorCode)}` };
}

function byQuiche(error: NativeClose, opened: boolean): CloseReason {
  if (!opened || isTls(error.errorCode))
    return { tag: 'handshake_failed', code: error.errorCode, by: 'local', detail: describe(error.errorCode) };
  return { tag: 'transport_error', detail: `peer violated the protocol: ${describe(error.errorCode)}` };
}

const isTls = (code: number): boolean => code >= TLS_FIRST && code <= TLS_LAST;

function describe(code: number): string {
  if (isTls(code)) return `TLS alert ${code - TLS_FIRST}`;
  return code === APPLICATION_ERROR ? 'closed by the application' : `QUIC error ${code}`;
}

/** Longest close reason kept, in bytes. */
const MAX_REASON = 256;

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).subarray(0, MAX_REASON).toString('utf8');
