/**
 * One simulated stream: what is queued to send, what was received and not yet read, and how each half ends.
 *
 * The stream table owns it, builds its packets and hands it what arrives; receivers are called only from the
 * network's events, never from inside `write` or `resume`.
 */
import type { Link, ResetCode, Stream, StreamEvents } from '../transport.ts';
import { ReceiveCredit, SendCredit, STREAM_WINDOW } from './flow.ts';
import { OutQueue } from './out-queue.ts';

/** `write` asks for patience above this many queued bytes: one stream window. */
const HIGH_WATER = STREAM_WINDOW;

/** The stream table, as a stream sees it. */
export interface StreamOwner {
  readonly link: Link;
  /** False when writes no longer go anywhere. */
  readonly writable: boolean;
  /** The application reads nothing (a fault). */
  readonly frozen: boolean;
  /** The stream has something to send; `bytes` more (or fewer) are queued. */
  queuedMore(stream: MemoryStream, bytes: number): void;
  /** The application took `bytes`: the peer may send more. */
  consumed(bytes: number): void;
  /** Both halves ended orderly. */
  finished(stream: MemoryStream): void;
  /** The application gave the stream up. */
  aborted(stream: MemoryStream, code: ResetCode): void;
  /** Unread bytes may be delivered now. */
  readSoon(stream: MemoryStream): void;
  /** Calls a receiver; a throw becomes a fault of the link. */
  call(run: () => void): void;
  /** Calls a receiver with lent bytes. */
  lend(bytes: Uint8Array, receive: (bytes: Uint8Array) => void): void;
}

export class MemoryStream implements Stream {
  readonly id: number;
  readonly sendCredit: SendCredit = new SendCredit(STREAM_WINDOW);
  readonly receiveCredit: ReceiveCredit = new ReceiveCredit(STREAM_WINDOW);
  receivers: StreamEvents | undefined;
  readonly #owner: StreamOwner;
  readonly #out = new OutQueue();
  #inbox: Uint8Array[] = [];
  #unread = 0;
  #wantsDrain = false;
  #paused = false;
  /** Our half: open, its end is queued, its end was sent. */
  #sending: 'open' | 'ending' | 'ended' = 'open';
  /** The peer's half: open, its end has arrived, its end was delivered. */
  #receiving: 'open' | 'ending' | 'ended' = 'open';
  #over = false;

  constructor(id: number, owner: StreamOwner) {
    this.id = id;
    this.#owner = owner;
  }

  get link(): Link {
    return this.#owner.link;
  }

  get queued(): number {
    return this.#out.length;
  }

  /** Bytes received and not yet given to the application. */
  get unread(): number {
    return this.#unread;
  }

  get over(): boolean {
    return this.#over;
  }

  write(bytes: Uint8Array, end: boolean = false): boolean {
    if (this.#over || this.#sending !== 'open' || !this.#owner.writable) return true;
    this.#out.push(bytes);
    if (end) this.#sending = 'ending';
    this.#owner.queuedMore(this, bytes.length);
    const ready = this.#out.length <= HIGH_WATER && !this.link.congested;
    if (!ready) this.#wantsDrain = true;
    return ready;
  }

  reset(code: ResetCode): void {
    if (this.#over || !this.#owner.writable) return;
    this.#owner.aborted(this, code);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (!this.#over && (this.#unread > 0 || this.#receiving === 'ending')) this.#owner.readSoon(this);
  }

  /** Whether bytes, or the end, wait to be sent. */
  get wantsToSend(): boolean {
    return !this.#over && (this.#out.length > 0 || this.#sending === 'ending');
  }

  /** Takes what may be sent now: at most `limit` bytes and what the peer's window allows; undefined: nothing. */
  take(limit: number): { readonly bytes: Uint8Array; readonly end: boolean } | undefined {
    if (!this.wantsToSend) return undefined;
    const bytes = this.#out.take(Math.min(limit, this.sendCredit.left));
    this.sendCredit.use(bytes.length);
    const end = this.#sending === 'ending' && this.#out.length === 0;
    if (bytes.length === 0 && !end) return undefined;
    if (end) this.#sending = 'ended';
    return { bytes, end };
  }

  /** Everything queued has left: says so once to a writer that was asked to wait, and ends if it was all. */
  left(): void {
    if (this.#over || this.#out.length > 0) return;
    if (this.#wantsDrain) {
      this.#wantsDrain = false;
      this.#owner.call(() => this.receivers?.onDrain());
    }
    this.#settle();
  }

  /** Bytes and perhaps the end of the peer's half arrived. */
  arrived(bytes: Uint8Array, end: boolean): void {
    if (this.#receiving !== 'open') return;
    if (end) this.#receiving = 'ending';
    if (bytes.length > 0) {
      this.#inbox.push(bytes);
      this.#unread += bytes.length;
    }
    this.read();
  }

  /** Delivers what is unread, as far as the application does not pause. */
  read(): void {
    for (;;) {
      if (this.#paused || this.#over || this.#owner.frozen || !this.#owner.writable) return;
      const bytes = this.#inbox.shift();
      if (bytes === undefined) break;
      this.#unread -= bytes.length;
      this.receiveCredit.consume(bytes.length);
      this.#owner.consumed(bytes.length);
      this.#owner.lend(bytes, (lent) => this.receivers?.onData(lent));
    }
    if (this.#receiving !== 'ending') return;
    this.#receiving = 'ended';
    this.#owner.call(() => this.receivers?.onEnd());
    this.#settle();
  }

  /** Both halves are over at once. Returns the bytes that were never read. */
  abandon(): number {
    const { unread } = this;
    this.#over = true;
    this.#out.clear();
    this.#inbox = [];
    this.#unread = 0;
    return unread;
  }

  #settle(): void {
    if (this.#over || this.#sending !== 'ended' || this.#receiving !== 'ended') return;
    this.#over = true;
    this.#owner.finished(this);
  }
}
