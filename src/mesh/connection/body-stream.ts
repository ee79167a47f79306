/**
 * A stream that carries one large message, and at most its answer, then ends (DESIGN D5).
 *
 * The message is one frame followed by the end of that half. Anything else on it is a protocol error of this
 * stream alone.
 */
import { FrameReader } from '../../codec/frame-reader.ts';
import type { Frame } from '../../codec/frame.ts';
import { ResetCode, type Stream, type StreamEvents } from '../../transport/transport.ts';

export interface BodyOwner {
  /** The one frame, whole. */
  onBody(body: BodyStream, frame: Frame): void;
  /** The stream is over: reset by the peer with this code, or broken. */
  onBodyLost(body: BodyStream, code: number): void;
  /** Unfinished bodies hold so many bytes more (or fewer) in memory; false when that is too much. */
  hold(bytes: number): boolean;
}

/** Messages up to this size travel as frames on the rpc stream, larger ones on streams of their own (DESIGN D5). */
export const FRAMED = 16_384;

const NOTHING = new Uint8Array(0);

export class BodyStream implements StreamEvents {
  /** Who waits for what comes on it: the key of a call, once known. */
  key: string | undefined;
  readonly #owner: BodyOwner;
  readonly #reader: FrameReader;
  #stream: Stream | undefined;
  #frame: Frame | undefined;
  #held = 0;
  #over = false;

  constructor(owner: BodyOwner, maxBody: number) {
    this.#owner = owner;
    this.#reader = new FrameReader(maxBody);
  }

  attach(stream: Stream): void {
    this.#stream = stream;
  }

  /** Sends a message and ends our half. */
  write(bytes: Uint8Array): void {
    this.#stream?.write(bytes, true);
  }

  /** Ends our half without a message: the stream is done and its credit returns to the peer. */
  finish(): void {
    this.#stream?.write(NOTHING, true);
  }

  reset(code: ResetCode): void {
    this.#end();
    this.#stream?.reset(code);
  }

  onData(bytes: Uint8Array): void {
    for (const event of this.#reader.push(bytes)) {
      if (this.#over) return;
      if (event.tag === 'frame' && this.#frame === undefined) {
        this.#frame = event.frame;
        continue;
      }
      const tooLarge = event.tag === 'closed' && event.error.tag === 'frame_too_large';
      this.#fail(tooLarge ? ResetCode.frameTooLarge : ResetCode.protocolError);
      return;
    }
    if (!this.#over && !this.#account(this.#reader.held)) this.#fail(ResetCode.overloaded);
  }

  onEnd(): void {
    if (this.#over) return;
    const frame = this.#frame;
    if (frame === undefined || this.#reader.pending > 0) this.#fail(ResetCode.protocolError);
    else {
      this.#account(0);
      this.#owner.onBody(this, frame);
    }
  }

  onReset(code: number): void {
    if (this.#over) return;
    this.#end();
    this.#owner.onBodyLost(this, code);
  }

  onDrain(): void {}

  #account(held: number): boolean {
    const more = held - this.#held;
    this.#held = held;
    return this.#owner.hold(more);
  }

  #end(): void {
    this.#over = true;
    this.#account(0);
  }

  #fail(code: ResetCode): void {
    this.reset(code);
    this.#owner.onBodyLost(this, code);
  }
}
