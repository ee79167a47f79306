/**
 * A stream that carries one large message, and at most its answer, then ends (DESIGN D5).
 *
 * The message is one frame followed by the end of that half. Anything else on it is a protocol error of this
 * stream alone.
 */
import type { TimerEntry } from '../../actor/timers.ts';
import { findCorrelation } from '../../codec/correlation.ts';
import { frameTypeOf } from '../../codec/frame-type.ts';
import { FrameReader, type FrameEvent } from '../../codec/frame-reader.ts';
import { HEADER_BYTES, type Frame } from '../../codec/frame.ts';
import { ResetCode, type Stream, type StreamEvents } from '../../transport/transport.ts';
import { weightOf } from './weight.ts';

export interface BodyOwner {
  /** The one frame, whole. */
  onBody(body: BodyStream, frame: Frame): void;
  /** The stream was reset by the peer with this code, or is broken. */
  onBodyLost(body: BodyStream, code: number): void;
  /** What came broke a rule, or there is no room for it: the stream was reset here. `replyTo`: it was an answer. */
  onBodyRefused(body: BodyStream, code: ResetCode, replyTo: Uint8Array | undefined): void;
  /** The stream is over, whoever ended it early; comes before the other two. */
  onBodyOver(body: BodyStream): void;
  /** More can be written. */
  onBodyDrain(): void;
  /** Unfinished bodies hold so many bytes more (or fewer) in memory; false when that is too much. */
  hold(bytes: number): boolean;
  /** Runs `run` in so many milliseconds. */
  after(delay: number, run: () => void): TimerEntry | undefined;
}

/** Messages up to this size travel as frames on the rpc stream, larger ones on streams of their own (DESIGN D5). */
export const FRAMED = 16_384;

/** Milliseconds between the last byte of a message and the end of its stream. */
const END_PATIENCE = 5_000;

/** First bytes of a message that are kept: enough to find out whom a reply too large to be read answers. */
const HEAD = 128;

const NOTHING = new Uint8Array(0);

export class BodyStream implements StreamEvents {
  /** Who waits for what comes on it: the key of a call, once known. */
  key: string | undefined;
  /** Our message is wholly written. */
  whole = false;
  /** Something of the peer's message came. */
  heard = false;
  /** Reset, by whomever. */
  over = false;
  /** The stream takes more bytes now. */
  ready = true;
  readonly #owner: BodyOwner;
  readonly #reader: FrameReader;
  #stream: Stream | undefined;
  #frame: Frame | undefined;
  #held = 0;
  #head: Uint8Array = NOTHING;
  #tooLarge = false;
  #patience: TimerEntry | undefined;

  constructor(owner: BodyOwner, maxBody: number) {
    this.#owner = owner;
    this.#reader = new FrameReader(maxBody);
  }

  attach(stream: Stream): void {
    this.#stream = stream;
  }

  /** Sends a message or a piece of it; `end` ends our half, and `taken` may be told when nobody reads it any more. */
  write(bytes: Uint8Array, end: boolean, taken?: () => void): void {
    if (end) this.whole = true;
    if (this.#stream?.write(bytes, end, taken) === false) this.ready = false;
  }

  /** Ends our half without a message: the stream is done and its credit returns to the peer. */
  finish(): void {
    this.#stream?.write(NOTHING, true);
  }

  reset(code: ResetCode): void {
    if (this.over) return;
    this.#stream?.reset(code);
    this.#end();
  }

  onData(bytes: Uint8Array): void {
    this.heard = true;
    this.#keepHead(bytes);
    if (this.#tooLarge) {
      this.#refuseLarge();
      return;
    }
    for (const event of this.#reader.push(bytes)) {
      if (this.over) return;
      if (event.tag === 'frame' && this.#frame === undefined) this.#take(event.frame);
      else {
        this.#refuse(event);
        return;
      }
    }
    if (this.over || this.#frame !== undefined) return;
    if (!this.#account(this.#reader.held)) this.#fail(ResetCode.overloaded, undefined);
  }

  onEnd(): void {
    if (this.over) return;
    const frame = this.#frame;
    if (this.#tooLarge) this.#fail(ResetCode.frameTooLarge, this.#replyTo());
    else if (frame === undefined || this.#reader.pending > 0) this.#fail(ResetCode.protocolError, undefined);
    else {
      this.#release();
      this.#owner.onBody(this, frame);
    }
  }

  onReset(code: number): void {
    if (this.over) return;
    this.#end();
    this.#owner.onBodyLost(this, code);
  }

  onDrain(): void {
    this.ready = true;
    this.#owner.onBodyDrain();
  }

  /** A whole message is kept until its stream ends: it counts, and not for long. */
  #take(frame: Frame): void {
    this.#frame = frame;
    const content = frame.type === 'call' ? frame.payload.args : NOTHING;
    const result = frame.type === 'reply' ? (frame.payload.result ?? null) : null;
    if (!this.#account(this.#head.length + weightOf(content) + weightOf(result))) {
      this.#fail(ResetCode.overloaded, undefined);
      return;
    }
    this.#patience = this.#owner.after(END_PATIENCE, () => {
      this.#fail(ResetCode.deadline, undefined);
    });
  }

  #refuse(event: FrameEvent): void {
    if (event.tag === 'closed' && event.error.tag === 'frame_too_large') {
      this.#tooLarge = true;
      this.#refuseLarge();
    } else if (event.tag === 'rejected' && event.type === 'reply') {
      this.#fail(ResetCode.protocolError, event.correlation?.id);
    } else this.#fail(ResetCode.protocolError, undefined);
  }

  /** As soon as it can be told whom it answers. */
  #refuseLarge(): void {
    const id = this.#replyTo();
    if (id !== undefined || this.#head.length >= HEAD) this.#fail(ResetCode.frameTooLarge, id);
  }

  #replyTo(): Uint8Array | undefined {
    if (frameTypeOf(this.#head[1] ?? 0) !== 'reply') return undefined;
    const found = findCorrelation(this.#head.subarray(HEADER_BYTES));
    return found?.field === 'call_id' ? found.id : undefined;
  }

  /** The bytes are lent: what is kept is a copy. */
  #keepHead(bytes: Uint8Array): void {
    const room = HEAD - this.#head.length;
    if (room > 0) this.#head = Buffer.concat([this.#head, bytes.subarray(0, room)]);
  }

  #account(held: number): boolean {
    const more = held - this.#held;
    this.#held = held;
    return this.#owner.hold(more);
  }

  #release(): void {
    this.#account(0);
    this.#patience?.unset();
    this.#patience = undefined;
  }

  #end(): void {
    this.over = true;
    this.#release();
    this.#frame = undefined;
    this.#owner.onBodyOver(this);
  }

  #fail(code: ResetCode, replyTo: Uint8Array | undefined): void {
    if (this.over) return;
    this.reset(code);
    this.#owner.onBodyRefused(this, code, replyTo);
  }
}
