/**
 * Between TLS and the stream below it: hands records through, and keeps from TLS what TLS would get wrong.
 *
 * Node's TLS takes the end of the stream below for the end that the other end has said, and destroys that stream as soon as
 * TLS itself is over, with all that has not left. So the end and the errors below go to `WireEvents` only, and the stream
 * below is ended here: by `part` in peace, by `cut` at once.
 */
import { Duplex } from 'node:stream';

import type { Clock } from '../../../actor/clock.ts';
import { nursery } from '../../../transport/nursery.ts';

/** First bytes of TLS records (RFC 8446 §5.1): with the first the other end may refuse at once, with the second it begins. */
const ALERT = 21;
const HANDSHAKE = 22;

/** Milliseconds the other end has to end its half of the stream below when TLS is over. */
const PARTING = 10_000;

export interface WireEvents {
  /** What came first is no TLS. Nothing is handed through. */
  onPlain(): void;
  /** The other end's half of the stream below has ended; all that came before was handed through. */
  onEnded(): void;
  /** Once: the stream below is gone, without both halves having ended. */
  onLost(error: Error | undefined): void;
}

type Done = (error?: Error | null) => void;

export class Wire extends Duplex {
  readonly #raw: Duplex;
  readonly #clock: Clock;
  events: WireEvents;
  #begun = false;
  #done: Done | undefined;
  /** The clear side has enough; TLS has. While either has, the stream below is not read. */
  #held = false;
  #full = false;
  #lost = false;
  /** Nobody above cares any more. */
  #parted = false;

  constructor(raw: Duplex, clock: Clock, events: WireEvents) {
    super({ allowHalfOpen: true });
    this.#raw = raw;
    this.#clock = clock;
    this.events = events;
    raw.on('data', this.#onData);
    raw.on('drain', this.#onDrain);
    raw.on('end', this.#onEnd);
    raw.on('error', this.#onError);
    raw.on('close', this.#onClose);
  }

  /** Reads no more of the stream below, until `release`. */
  hold(): void {
    this.#held = true;
    this.#raw.pause();
  }

  release(): void {
    if (!this.#held) return;
    this.#held = false;
    if (!this.#full && !this.#parted) this.#raw.resume();
  }

  /** Ends our half below when what was written has left; what still comes is nobody's. */
  part(): void {
    const raw = this.#raw;
    if (this.#leave()) return;
    const deadline = this.#clock.setTimer(PARTING, () => {
      raw.destroy();
    });
    this.#clock.hold(deadline, false);
    raw.once('close', () => {
      this.#clock.clear(deadline);
    });
    raw.end();
    raw.resume();
  }

  /** Ends the stream below at once. */
  cut(): void {
    this.#leave();
    this.#raw.destroy();
  }

  /** True when there is nothing below any more. */
  #leave(): boolean {
    const raw = this.#raw;
    if (!this.#parted) {
      this.#parted = true;
      raw.off('data', this.#onData);
      raw.off('drain', this.#onDrain);
      raw.off('end', this.#onEnd);
      this.destroy();
    }
    return raw.closed;
  }

  // --- what the stream below tells ----------------------------------------------------------------------------

  readonly #onData = (chunk: Buffer): void => {
    if (!this.#begun) {
      this.#begun = true;
      const [first] = chunk;
      if (first !== HANDSHAKE && first !== ALERT) {
        this.#raw.pause();
        this.events.onPlain();
        return;
      }
    }
    if (this.push(chunk)) return;
    this.#full = true;
    this.#raw.pause();
  };

  readonly #onDrain = (): void => {
    const done = this.#done;
    this.#done = undefined;
    done?.();
  };

  readonly #onEnd = (): void => {
    this.events.onEnded();
  };

  readonly #onError = (error: Error): void => {
    this.#lose(error);
  };

  readonly #onClose = (): void => {
    const raw = this.#raw;
    raw.off('error', this.#onError);
    raw.off('close', this.#onClose);
    const orderly = raw.readableEnded && raw.writableFinished;
    if (!orderly) this.#lose(raw.errored ?? undefined);
  };

  #lose(error: Error | undefined): void {
    if (this.#parted || this.#lost) return;
    this.#lost = true;
    this.events.onLost(error);
  }

  // --- what TLS asks for --------------------------------------------------------------------------------------

  override _read(): void {
    if (!this.#full) return;
    this.#full = false;
    if (!this.#held && !this.#parted) this.#raw.resume();
  }

  override _write(chunk: Uint8Array, _encoding: string, done: Done): void {
    nursery.received(chunk.length);
    if (this.#raw.write(chunk)) done();
    else this.#done = done;
  }

  override _writev(chunks: readonly { readonly chunk: Uint8Array }[], done: Done): void {
    const raw = this.#raw;
    raw.cork();
    for (const { chunk } of chunks) {
      nursery.received(chunk.length);
      raw.write(chunk);
    }
    raw.uncork();
    if (raw.writableNeedDrain) this.#done = done;
    else done();
  }

  override _final(done: Done): void {
    this.#raw.end(done);
  }

  override _destroy(error: Error | null, done: Done): void {
    const waiting = this.#done;
    this.#done = undefined;
    waiting?.(error ?? new Error('closed'));
    done(error);
  }
}
