/**
 * The streams of one link as its reader, its writer and its table share them, and how a stream ends.
 *
 * A stream error ends that stream, both halves of it: the peer's credit returns only then (TRANSPORT §6).
 */
import { ResetCode, type Link, type LinkEvents } from '../transport.ts';
import { nativeFailure, type NativeConnection, type Quiche } from './binding.ts';
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
  /** A turn is wanted. */
  touch(): void;
  /** A turn is wanted after others had theirs. */
  again(): void;
  /** A receiver threw. */
  fault(error: unknown): void;
  /** More is queued than the link may hold. */
  slow(): void;
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
  readonly #quiche: Quiche;

  constructor(host: StreamHost, native: NativeConnection, quiche: Quiche) {
    this.host = host;
    this.native = native;
    this.#quiche = quiche;
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
    this.abandon(stream, code);
    this.notify(() => {
      stream.events.onReset(code);
    });
  }

  /** Ends both halves, here and on the wire. */
  abandon(stream: QuicStream, code: number): void {
    this.shut(stream.id, code);
    this.forget(stream);
    this.host.touch();
  }

  /** Removes a stream whose halves have both ended. */
  settle(stream: QuicStream): void {
    if (stream.readEnded && stream.writeEnded && !stream.over) this.forget(stream);
  }

  forget(stream: QuicStream): void {
    this.queued -= stream.finish();
    this.streams.delete(stream.id);
  }

  /** Ends both halves of a native stream. */
  shut(id: number, code: number): void {
    for (const half of [this.#quiche.Shutdown.Write, this.#quiche.Shutdown.Read]) {
      try {
        this.native.streamShutdown(id, half, code);
      } catch {
        // That half is over already.
      }
    }
  }
}

function resetCode(error: unknown): number {
  const failure = nativeFailure(error);
  if (failure.tag === 'stream_reset' || failure.tag === 'stream_stopped') return failure.code;
  // The stream was stopped and collected: the peer's code is lost.
  return failure.tag === 'stream_gone' ? ResetCode.canceled : ResetCode.protocolError;
}
