/**
 * What travels on a simulated link: packets of frames, modeled on QUIC's, never encoded.
 *
 * Handshake: initial → retry → initial with token → server → client, so that the dialer is open after two
 * round trips and the acceptor half a round trip later, as with QUIC and Retry (TRANSPORT §3).
 */
import type { Protocol } from '../transport.ts';

/** What a side announces about itself in the handshake. */
export interface Parameters {
  readonly certificate: Uint8Array;
  /** Streams the other side may have open. */
  readonly streams: number;
  /** Own idle timeout in ms; the smaller of both counts. */
  readonly idleTimeout: number;
}

export type Frame =
  | { readonly tag: 'initial'; readonly protocol: Protocol; readonly token: boolean }
  | { readonly tag: 'retry' }
  | { readonly tag: 'server'; readonly parameters: Parameters }
  | { readonly tag: 'client'; readonly parameters: Parameters }
  | { readonly tag: 'stream'; readonly id: number; readonly bytes: Uint8Array; readonly end: boolean }
  /** RESET_STREAM and STOP_SENDING in one: both halves are over. */
  | { readonly tag: 'reset'; readonly id: number; readonly code: number }
  /** Credits are totals, not increments. */
  | { readonly tag: 'max_data'; readonly total: number }
  | { readonly tag: 'max_stream_data'; readonly id: number; readonly total: number }
  | { readonly tag: 'max_streams'; readonly total: number }
  | { readonly tag: 'ping' }
  /** Echoes the send time of the newest packet it acknowledges, and how long that lay there (RFC 9000 §19.3), ms. */
  | { readonly tag: 'ack'; readonly sentAt: number; readonly waited: number }
  /** The address it comes from does not know this link; no packet of the peer's, and no proof of anything. */
  | { readonly tag: 'gone' }
  /** `application: false`: TLS or the verdict refused, `code` is 0x100 + alert. */
  | { readonly tag: 'close'; readonly application: boolean; readonly code: number; readonly reason: string };

export interface Packet {
  readonly frames: readonly Frame[];
  readonly sentAt: number;
  /** How long it was there before its turn came, ms. Default 0. */
  readonly waited?: number;
  /** On the wire, bytes: payload and a guess at the headers. */
  readonly size: number;
}

/** IP, UDP and QUIC short header with tag: about what a real packet adds. */
const PACKET_OVERHEAD = 60;
/** Initials are padded (RFC 9000 §14.1). */
const INITIAL_SIZE = 1_200;
const FRAME_OVERHEAD = 8;

export function packet(frames: readonly Frame[], sentAt: number): Packet {
  let size = PACKET_OVERHEAD;
  for (const frame of frames) {
    size += FRAME_OVERHEAD;
    if (frame.tag === 'stream') size += frame.bytes.length;
    else if (frame.tag === 'initial') size += INITIAL_SIZE;
    else if (frame.tag === 'server' || frame.tag === 'client') size += frame.parameters.certificate.length;
  }
  return { frames, sentAt, size };
}

/** Whether losing it leaves nothing to repeat: probes and acknowledgments are made anew, not sent again. */
export const isDisposable = ({ frames }: Packet): boolean =>
  frames.every((frame) => frame.tag === 'ping' || frame.tag === 'ack' || frame.tag === 'gone');

/** A close travels alone. */
export const isClose = ({ frames }: Packet): boolean => frames[0]?.tag === 'close';

/** It comes from nobody's link. */
export const isHint = ({ frames }: Packet): boolean => frames[0]?.tag === 'gone';

/** Whether the receiver acknowledges it (RFC 9000 §13.2.1). */
export const elicitsAck = ({ frames }: Packet): boolean =>
  frames.some((frame) => frame.tag !== 'ack' && frame.tag !== 'close' && frame.tag !== 'gone');

/** One word per frame, for the trace. */
export function summary({ frames }: Packet): string {
  return frames.map(word).join(' ');
}

function word(frame: Frame): string {
  switch (frame.tag) {
    case 'stream':
      return `stream:${frame.id}:${frame.bytes.length}${frame.end ? ':end' : ''}`;
    case 'reset':
      return `reset:${frame.id}:${frame.code}`;
    case 'max_stream_data':
      return `max_stream_data:${frame.id}:${frame.total}`;
    case 'max_data':
    case 'max_streams':
      return `${frame.tag}:${frame.total}`;
    case 'initial':
      return `initial:${frame.protocol}${frame.token ? ':token' : ''}`;
    case 'close':
      return `close:${frame.application ? 'app' : 'tls'}:${frame.code}`;
    case 'retry':
    case 'server':
    case 'client':
    case 'ping':
    case 'ack':
    case 'gone':
      return frame.tag;
  }
}
