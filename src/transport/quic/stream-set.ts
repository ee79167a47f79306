/**
 * The streams of one link as its reader, its writer and its table share them.
 */
import { ResetCode, type Link, type LinkEvents } from '../transport.ts';
import type { Limits } from '../limits.ts';
import { nativeFailure, type NativeConnection, type Quiche } from './binding.ts';
import { Partings } from './partings.ts';
import { Stalls } from './stalls.ts';
import type { QuicStream } from './stream.ts';

/** What the streams need from their link. */
export interface StreamHost {
  readonly link: Link;
  /** Receives inbound streams; undefined when the link is not open any more. */
  readonly receiver: LinkEvents | undefined;
  /** Shared: filled by reads, lent to receivers. */
  readonly input: Buffer;
  /** Shared: small writes are merged here. */
  readonly scratch: Buffer;
  readonly limits: Limits;
  /** Shared: counts what is held for paused streams. */
  readonly pool: HoldPool;
  /** Clock time. */
  now(): number;
  /** A turn is wanted. */
  touch(): void;
  /** A turn is wanted after others had theirs. */
  again(): void;
  /** A receiver threw. */
  fault(error: unknown): void;
  /** More is queued than the link may hold. */
  slow(): void;
}

/** Bytes read from paused streams and not delivered yet, over all links of an endpoint. */
export interface HoldPool {
  held: number;
}

/** For native calls that only register or ask. */
export const NO_BYTES: Buffer = Buffer.alloc(0);

export class StreamSet {
  readonly host: StreamHost;
  readonly native: NativeConnection;
  /** Streams of which one half at least has not ended. */
  readonly streams: Map<number, QuicStream> = new Map();
  /** Bytes queued over all streams. */
  queued = 0;
  /** Grows whenever a stream begins, ends, or carries bytes. */
  moved = 0;
  /** Bytes read from paused streams and not delivered yet. */
  held = 0;
  readonly stalls: Stalls<QuicStream>;
  #partings: Partings | undefined;
  readonly #quiche: Quiche;

  constructor(host: StreamHost, native: NativeConnection, quiche: Quiche) {
    this.host = host;
    this.native = native;
    this.#quiche = quiche;
    this.stalls = new Stalls(host.limits.stalled);
  }

  /** Native streams that outlive ours. */
  get partings(): Partings {
    // Not `input`: its bytes may be lent while a stream is given up.
    this.#partings ??= new Partings(this.native, this.#quiche, this.host.scratch);
    return this.#partings;
  }

  /** The same, if there ever were any: most links part with none. */
  get parted(): Partings | undefined {
    return this.#partings;
  }

  /** Calls a receiver; one that throws is reported. */
  notify(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.host.fault(error);
    }
  }

  /** A native call on this stream failed: both halves are over, and its receiver hears so. */
  failed(stream: QuicStream, error: unknown): void {
    if (stream.over) return;
    const code = resetCode(error);
    const stopped = nativeFailure(error).tag === 'stream_stopped';
    this.partings.lost(stream, stopped, code, this.host.now());
    this.forget(stream);
    this.host.touch();
    this.notify(() => {
      stream.events.onReset(code);
    });
  }

  /** `bytes` more, or less, are held for a stream. */
  hold(stream: QuicStream, bytes: number): void {
    stream.heldBytes += bytes;
    this.held += bytes;
    this.host.pool.held += bytes;
  }

  /** Gives a stream up. */
  abandon(stream: QuicStream, code: number): void {
    this.partings.abandon(stream, code, this.host.now());
    this.forget(stream);
    this.host.touch();
  }

  /** Authentic packets of the peer, in all. */
  readonly arrivals = (): number => this.native.stats().recv;

  /** Removes a stream whose halves have both ended. */
  settle(stream: QuicStream): void {
    if (stream.readEnded && stream.writeEnded && !stream.over) this.forget(stream);
  }

  forget(stream: QuicStream): void {
    this.moved++;
    this.queued -= stream.queued;
    this.hold(stream, -stream.heldBytes);
    this.stalls.moves(stream);
    stream.finish();
    this.streams.delete(stream.id);
  }
}

function resetCode(error: unknown): number {
  const failure = nativeFailure(error);
  if (failure.tag === 'stream_reset' || failure.tag === 'stream_stopped') return failure.code;
  // The stream was stopped and collected: the peer's code is lost.
  return failure.tag === 'stream_gone' ? ResetCode.canceled : ResetCode.protocolError;
}
