/**
 * The stream of a tunnel on one hop between two of our ends, with a window each way (`window.ts`).
 *
 * To whoever uses it a stream like any other: `pause` holds the sender back, `write` says when it is full. Below, everything is read
 * at once, so that no tunnel holds up the connection that it shares with others. Bytes that wait for the receiver's window are kept
 * here; who relays has got no more than it has allowed.
 */
import { ResetCode, type Link, type Stream, type StreamEvents } from '../../transport/transport.ts';
import { ByteQueue } from './byte-queue.ts';
import { ReceiveWindow, SendWindow, type Spare } from './window.ts';

const NOTHING = new Uint8Array(0);
/** Bytes given to the stream below at once. */
const PIECE = 65_536;

export interface FlowOptions {
  /** Clock ms. */
  readonly now: () => number;
  readonly spare: Spare;
  /** Tells the sender that it may send so many bytes more. */
  readonly credit: (bytes: number) => void;
  /** It is over. Once. */
  readonly over: () => void;
}

export class FlowStream implements Stream, StreamEvents {
  readonly #options: FlowOptions;
  readonly #sending = new SendWindow();
  readonly #receiving: ReceiveWindow;
  #below: Stream | undefined;
  #receiver: StreamEvents | undefined;
  /** Bytes that wait for the window, or for the stream below. */
  readonly #waiting = new ByteQueue();
  /** Our half is to end when all has gone. */
  #ending = false;
  #ended = false;
  #peerEnded = false;
  /** The stream below takes no more. */
  #full = false;
  /** `write` has returned false since all had gone. */
  #awaited = false;
  #paused = false;
  #over = false;

  constructor(options: FlowOptions) {
    this.#options = options;
    this.#receiving = new ReceiveWindow(options.spare);
  }

  /** The stream below, once it is open. */
  attach(below: Stream): this {
    this.#below = below;
    return this;
  }

  /** Who gets what comes. */
  take(receiver: StreamEvents): this {
    this.#receiver = receiver;
    return this;
  }

  get id(): number {
    return this.#stream.id;
  }
  get link(): Link {
    return this.#stream.link;
  }
  get queued(): number {
    return this.#waiting.length + (this.#below?.queued ?? 0);
  }

  write(bytes: Uint8Array, end = false): boolean {
    if (this.#over || this.#ending) return true;
    this.#waiting.push(bytes);
    this.#ending = end;
    this.#pump();
    if (this.#waiting.length === 0 && !this.#full) return true;
    this.#awaited = true;
    return false;
  }

  reset(code: ResetCode): void {
    if (this.#over) return;
    this.#awaited = false;
    this.#below?.reset(code);
    this.#finish();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#credit();
  }

  /** The receiver of this hop takes so many bytes more. */
  allow(bytes: number): void {
    if (this.#over) return;
    this.#sending.add(bytes);
    this.#pump();
    this.#drained();
  }

  // --- what the stream below tells ----------------------------------------------------------------------------

  onData(bytes: Uint8Array): void {
    if (this.#over) return;
    if (!this.#receiving.came(bytes.length)) {
      // it was told how much it may send
      this.reset(ResetCode.protocolError);
      this.#receiver?.onReset(ResetCode.protocolError);
      return;
    }
    this.#receiving.consumed(bytes.length);
    this.#receiver?.onData(bytes);
    this.#credit();
  }

  onEnd(): void {
    if (this.#over) return;
    this.#peerEnded = true;
    this.#receiver?.onEnd();
    this.#settle();
  }

  onReset(code: number): void {
    // all was given to the stream below, and has not left it
    const unsure = this.#over && this.#awaited;
    if (this.#over && !unsure) return;
    this.#awaited = false;
    this.#finish();
    this.#receiver?.onReset(code);
  }

  onDrain(): void {
    this.#full = false;
    this.#pump();
    this.#drained();
  }

  // --- private ------------------------------------------------------------------------------------------------

  get #stream(): Stream {
    if (this.#below === undefined) throw new Error('the stream is not open');
    return this.#below;
  }

  #pump(): void {
    const below = this.#below;
    if (below === undefined) return;
    const waiting = this.#waiting;
    while (!this.#full && !this.#over) {
      const piece = waiting.take(Math.min(PIECE, this.#sending.left));
      if (piece === undefined) break;
      this.#sending.take(piece.length);
      this.#ended = this.#ending && waiting.length === 0;
      this.#full = !below.write(piece, this.#ended);
    }
    if (waiting.length > 0 || this.#over) return;
    if (this.#ending && !this.#ended) {
      this.#ended = true;
      this.#full = !below.write(NOTHING, true);
    }
    this.#settle();
  }

  #drained(): void {
    if (!this.#awaited || this.#waiting.length > 0 || this.#full) return;
    this.#awaited = false;
    this.#receiver?.onDrain();
  }

  #credit(): void {
    if (this.#paused || this.#over || this.#peerEnded) return;
    const { now, credit } = this.#options;
    const bytes = this.#receiving.credit(now(), () => this.#below?.link.stats().rtt ?? 0);
    if (bytes > 0) credit(bytes);
  }

  #settle(): void {
    if (this.#ended && this.#peerEnded) this.#finish();
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#waiting.clear();
    this.#receiving.end();
    this.#options.over();
  }
}
