/**
 * A stream of the transport as a Duplex of Node.
 *
 * Both halves end by themselves. The peer is held back while nobody reads, the writer while the stream does not take more.
 * What is written belongs to the stream from then on, unless it is told to copy. Destroyed before both halves have ended it resets the stream, and
 * what has not left is lost; a reset by the other end, or the end of the link, destroys it with `TunnelError` `reset`.
 * Nobody has to listen for that: what a peer does ends no process.
 */
import { Buffer } from 'node:buffer';
import { Duplex } from 'node:stream';

import { ResetCode, type Stream, type StreamEvents } from '../../../transport/transport.ts';
import { TunnelError } from '../tunnel-error.ts';
import { pieces } from './pieces.ts';

/** Bytes that wait to be read, or to be taken by the stream, before who sends them is held back. */
const HIGH_WATER = 65_536;

/** Bytes given to the stream at once: a link with much queued is closed as a slow consumer. */
const PIECE = 65_536;

const NOTHING = Buffer.alloc(0);

export interface StreamDuplexOptions {
  /** Whoever writes may use its memory again as soon as it is told that it is done. Default false. */
  readonly copies?: boolean;
  /** Bytes came, or are about to leave. */
  readonly moves?: () => void;
  /** It is destroyed, and our half has ended: what was written may still leave. Default: a reset. */
  readonly part?: () => void;
}

type Done = (error?: Error | null) => void;

export class StreamDuplex extends Duplex implements StreamEvents {
  readonly #stream: Stream;
  readonly #options: StreamDuplexOptions;
  /** What was written and the stream has not got. */
  #waiting: readonly Uint8Array[] = [];
  #next = 0;
  /** The writer, or who has ended our half, while the stream is full. */
  #done: Done | undefined;
  #paused = false;
  #ended = false;
  #peerEnded = false;
  #reset = false;

  constructor(stream: Stream, options: StreamDuplexOptions = {}) {
    super({ allowHalfOpen: true, highWaterMark: HIGH_WATER });
    this.#stream = stream;
    this.#options = options;
    this.on('error', () => undefined);
  }

  /** Bytes that came before there was this Duplex; they are copied. Before anything else comes. */
  feed(bytes: Uint8Array): void {
    this.onData(bytes);
  }

  // --- what the stream tells ----------------------------------------------------------------------------------

  onData(bytes: Uint8Array): void {
    this.#options.moves?.();
    if (this.destroyed || bytes.length === 0 || this.push(Buffer.from(bytes)) || this.#paused) return;
    this.#paused = true;
    this.#stream.pause();
  }

  onEnd(): void {
    this.#peerEnded = true;
    if (!this.destroyed) this.push(null);
  }

  onReset(code: number): void {
    this.#reset = true;
    this.destroy(new TunnelError('reset', `the tunnel was cut: code ${code}`));
  }

  onDrain(): void {
    const done = this.#done;
    if (done === undefined || !this.#pump()) return;
    this.#done = undefined;
    done();
  }

  // --- what Node asks for -------------------------------------------------------------------------------------

  override _read(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#stream.resume();
  }

  override _write(chunk: Uint8Array, _encoding: string, done: Done): void {
    this.#send(pieces([chunk], PIECE), done);
  }

  override _writev(chunks: readonly { readonly chunk: Uint8Array }[], done: Done): void {
    const all = chunks.map(({ chunk }) => chunk);
    this.#send(pieces(all, PIECE), done);
  }

  override _final(done: Done): void {
    this.#ended = true;
    if (this.#stream.write(NOTHING, true)) done();
    else this.#done = done;
  }

  override _destroy(error: Error | null, done: Done): void {
    const over = this.#reset || (this.#ended && this.#peerEnded);
    const { part } = this.#options;
    if (!over && this.#ended && part !== undefined) part();
    else if (!over) this.#stream.reset(ResetCode.canceled);
    const waiting = this.#done;
    this.#done = undefined;
    this.#waiting = [];
    waiting?.(error ?? new TunnelError('closed', 'the tunnel was closed here'));
    done(error);
  }

  #send(all: readonly Uint8Array[], done: Done): void {
    this.#options.moves?.();
    this.#waiting = all;
    this.#next = 0;
    if (this.#pump()) done();
    else this.#done = done;
  }

  /** False: the stream has enough, and tells when it takes more. */
  #pump(): boolean {
    const all = this.#waiting;
    const { copies } = this.#options;
    while (this.#next < all.length) {
      const bytes = all[this.#next++] as Uint8Array;
      if (!this.#stream.write(copies === true ? Buffer.from(bytes) : bytes)) return false;
    }
    this.#waiting = [];
    return true;
  }
}
