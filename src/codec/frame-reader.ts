/**
 * Cuts a byte stream into frames.
 *
 * Bytes come in lent chunks of any size; frames come out in order. A header that cannot be served (version,
 * length over the cap, unknown type) closes the reader at once, before a byte of its payload is kept, because
 * the stream is out of step. A payload that breaks a rule is skipped and reported, with the correlation id when
 * it can be made out, and reading goes on behind it.
 *
 * A frame that lies whole in a chunk is decoded in place. Otherwise its payload is collected: in at most 64 KiB
 * until more than that has come, then in one buffer of the declared length, rounded up to 16 KiB. What a reader holds
 * is thus never more than the cap plus 64 KiB, and a header alone pins 4 KiB.
 *
 * Pure state, no I/O. Throws nothing. Source: SPEC §4.2, SECURITY §14 "Oversized frame".
 */
import { giveBuffer, takeBuffer } from './buffer-pool.ts';
import type { Correlation } from './correlation.ts';
import { frameTypeOf, type FrameType } from './frame-type.ts';
import {
  checkHeader,
  decodePayload,
  HEADER_BYTES,
  payloadLengthAt,
  type Frame,
  type HeaderError,
  type PayloadError,
} from './frame.ts';
import { RPC_FRAME_CAP } from './limits.ts';

/** Sizes of the collecting buffer before the declared length is believed, in bytes. */
const FIRST_BUFFER = 4_096;
const SECOND_BUFFER = 65_536;

export type FrameEvent =
  | { readonly tag: 'frame'; readonly frame: Frame }
  /** One frame was skipped. */
  | {
      readonly tag: 'rejected';
      readonly type: FrameType;
      readonly error: PayloadError;
      readonly correlation?: Correlation;
    }
  /** Nothing is read from this stream any more. Comes once, last. */
  | { readonly tag: 'closed'; readonly error: HeaderError };

const NOTHING: readonly FrameEvent[] = [];
const NO_BYTES = new Uint8Array(0);

export class FrameReader {
  /** Largest payload, in bytes, inclusive. */
  readonly cap: number;
  #closed = false;
  readonly #header: Uint8Array = new Uint8Array(HEADER_BYTES);
  #headerLength = 0;
  /** Bytes the payload of the begun frame has; meaningful once its header is complete. */
  #declared = 0;
  #payload: Uint8Array = NO_BYTES;
  #payloadLength = 0;

  constructor(cap: number = RPC_FRAME_CAP) {
    this.cap = cap;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Bytes received that belong to no whole frame yet. Zero at the end of a stream that ended orderly. */
  get pending(): number {
    return this.#headerLength + this.#payloadLength;
  }

  /** Bytes of memory the reader holds for them. */
  get held(): number {
    return HEADER_BYTES + this.#payload.length;
  }

  /** Takes the next bytes, lent for this call, and returns what they complete. */
  push(chunk: Uint8Array): readonly FrameEvent[] {
    if (this.#closed || chunk.length === 0) return NOTHING;
    const events: FrameEvent[] = [];
    let at = this.#headerLength === 0 ? 0 : this.#finish(chunk, events);
    while (!this.#closed && chunk.length - at >= HEADER_BYTES) {
      if (!this.#accept(chunk, at, events)) return events;
      const end = at + HEADER_BYTES + payloadLengthAt(chunk, at);
      if (end > chunk.length) break;
      this.#decode(chunk[at + 1]!, chunk.subarray(at + HEADER_BYTES, end), events);
      at = end;
    }
    if (!this.#closed && at < chunk.length) this.#begin(chunk, at);
    return events;
  }

  /** Goes on with the frame that earlier chunks began; returns where it ends in this one. */
  #finish(chunk: Uint8Array, events: FrameEvent[]): number {
    let at = 0;
    if (this.#headerLength < HEADER_BYTES) {
      while (at < chunk.length && this.#headerLength < HEADER_BYTES) {
        this.#header[this.#headerLength++] = chunk[at++]!;
      }
      if (this.#headerLength < HEADER_BYTES || !this.#accept(this.#header, 0, events)) return chunk.length;
      this.#declared = payloadLengthAt(this.#header, 0);
    }
    const end = Math.min(chunk.length, at + this.#declared - this.#payloadLength);
    // Whole in this chunk, but for the header: no need to collect it.
    if (this.#payloadLength === 0 && end - at === this.#declared) {
      this.#reset();
      this.#decode(this.#header[1]!, chunk.subarray(at, end), events);
      return end;
    }
    this.#collect(chunk, at, end);
    if (this.#payloadLength < this.#declared) return end;
    const payload = this.#payload;
    const length = this.#payloadLength;
    this.#reset();
    this.#decode(this.#header[1]!, payload.subarray(0, length), events);
    giveBuffer(payload);
    return end;
  }

  /** Keeps what is there of a frame that the chunk does not complete. A whole header was accepted before. */
  #begin(chunk: Uint8Array, at: number): void {
    const headerEnd = Math.min(chunk.length, at + HEADER_BYTES);
    this.#header.set(chunk.subarray(at, headerEnd));
    this.#headerLength = headerEnd - at;
    if (this.#headerLength < HEADER_BYTES) return;
    this.#declared = payloadLengthAt(this.#header, 0);
    this.#collect(chunk, headerEnd, chunk.length);
  }

  #collect(chunk: Uint8Array, from: number, end: number): void {
    const needed = this.#payloadLength + end - from;
    if (needed > this.#payload.length) {
      const larger = takeBuffer(
        needed <= FIRST_BUFFER ? FIRST_BUFFER : needed <= SECOND_BUFFER ? SECOND_BUFFER : this.#declared,
      );
      larger.set(this.#payload.subarray(0, this.#payloadLength));
      giveBuffer(this.#payload);
      this.#payload = larger;
    }
    this.#payload.set(chunk.subarray(from, end), this.#payloadLength);
    this.#payloadLength = needed;
  }

  #accept(bytes: Uint8Array, at: number, events: FrameEvent[]): boolean {
    const error = checkHeader(bytes, at, this.cap);
    if (error === undefined) return true;
    this.#closed = true;
    this.#reset();
    events.push({ tag: 'closed', error });
    return false;
  }

  #decode(id: number, payload: Uint8Array, events: FrameEvent[]): void {
    const type = frameTypeOf(id)!;
    const decoded = decodePayload(type, payload, this.cap);
    if (decoded.ok) events.push({ tag: 'frame', frame: decoded.frame });
    else if (decoded.correlation === undefined) events.push({ tag: 'rejected', type, error: decoded.error });
    else events.push({ tag: 'rejected', type, error: decoded.error, correlation: decoded.correlation });
  }

  #reset(): void {
    this.#headerLength = 0;
    this.#payloadLength = 0;
    this.#payload = NO_BYTES;
  }
}
