/**
 * The streams of one link as its reader, its writer and its table share them, and how a stream ends early.
 *
 * Both halves end always: the peer's stream credit returns only then (TRANSPORT §6). But quiche 0.18 never
 * gives back the *connection* credit of bytes that are unread when a RESET_STREAM arrives, or when the
 * reader stops; a few given-up transfers of 150 kB would silence a link for ever. So
 * - whoever stops reading reads away what is there first, and
 * - whoever gives up writing asks the peer to stop (STOP_SENDING carries the code); the peer reads away,
 *   stops us in turn, and quiche answers that with the RESET. A peer that does not is reset after a while.
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

/** Milliseconds a peer has to stop a stream we have given up. */
const PATIENCE = 3_000;

/** For native calls that only register or ask. */
export const NO_BYTES: Buffer = Buffer.alloc(0);

export class StreamSet {
  readonly host: StreamHost;
  readonly native: NativeConnection;
  /** Streams of which one half at least has not ended. */
  readonly streams: Map<number, QuicStream> = new Map();
  /** Bytes queued over all streams. */
  queued = 0;
  /** Bytes read from paused streams and not delivered yet. */
  held = 0;
  /** Streams given up here, until the peer has stopped them. In the order of their deadlines. */
  readonly #leaving = new Map<number, { readonly code: number; readonly due: number }>();
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
    this.end(stream.id, code);
    this.forget(stream);
    this.host.touch();
    this.notify(() => {
      stream.events.onReset(code);
    });
  }

  /** Gives a stream up. */
  abandon(stream: QuicStream, code: number): void {
    const { id, begun, readEnded, writeEnded } = stream;
    this.#stopReading(id, code);
    if (!begun || readEnded) this.#stopWriting(id, code);
    else if (!writeEnded) this.#leaving.set(id, { code, due: this.host.now() + PATIENCE });
    this.forget(stream);
    this.host.touch();
  }

  /** When the first given-up stream is reset although its peer has not stopped it; undefined without any. */
  get leavingDue(): number | undefined {
    return this.#leaving.values().next().value?.due;
  }

  /** Looks after the streams that were given up: the peer has stopped them, or they are reset in time. */
  takeLeave(): void {
    if (this.#leaving.size === 0) return;
    const now = this.host.now();
    for (const [id, { code, due }] of this.#leaving) {
      if (due <= now) this.#stopWriting(id, code);
      else if (this.#unstopped(id)) continue;
      this.#leaving.delete(id);
    }
  }

  /** Removes a stream whose halves have both ended. */
  settle(stream: QuicStream): void {
    if (stream.readEnded && stream.writeEnded && !stream.over) this.forget(stream);
  }

  forget(stream: QuicStream): void {
    this.queued -= stream.queued;
    this.held -= stream.heldBytes;
    stream.finish();
    this.streams.delete(stream.id);
  }

  /** Ends both halves of a native stream at once. */
  end(id: number, code: number): void {
    this.#stopReading(id, code);
    this.#stopWriting(id, code);
  }

  /** The link is over. */
  clear(): void {
    this.#leaving.clear();
  }

  #stopReading(id: number, code: number): void {
    const { native, host } = this;
    try {
      // Not into `input`: its bytes may be lent at this moment.
      for (let end = false; !end; end = native.streamRecv(id, host.scratch)?.[1] ?? true);
    } catch {
      // A reset was pending, or nothing is left of the stream.
    }
    this.#shut(id, this.#quiche.Shutdown.Read, code);
  }

  #stopWriting(id: number, code: number): void {
    this.#shut(id, this.#quiche.Shutdown.Write, code);
  }

  #shut(id: number, half: number, code: number): void {
    try {
      this.native.streamShutdown(id, half, code);
    } catch {
      // That half is over already.
    }
  }

  #unstopped(id: number): boolean {
    try {
      this.native.streamCapacity(id);
      return true;
    } catch {
      return false;
    }
  }
}

function resetCode(error: unknown): number {
  const failure = nativeFailure(error);
  if (failure.tag === 'stream_reset' || failure.tag === 'stream_stopped') return failure.code;
  // The stream was stopped and collected: the peer's code is lost.
  return failure.tag === 'stream_gone' ? ResetCode.canceled : ResetCode.protocolError;
}
