/**
 * Cuts the bytes of a control stream into messages. Pure but for what it holds back.
 *
 * Chunks are lent and of any size. Frames of no length are passed over; frames that say nothing to us are passed over and counted.
 * A length above the cap ends the reading as soon as it is known: nothing is kept for it, and nothing is taken any more.
 * A frame that comes in parts is collected in a buffer that grows with what has come, up to its length. Source: SPEC §11.1.
 */
import { CONTROL_FRAME_CAP } from '../../../codec/limits.ts';
import { decodeControl, type DecodedControl } from './control-decode.ts';

export type ControlEvent =
  | ({ readonly tag: 'message' } & DecodedControl)
  /** Comes once, last. `length` in bytes. */
  | { readonly tag: 'frame_too_large'; readonly length: number };

const HEADER_BYTES = 4;
/** The first buffer for a frame that comes in parts, in bytes: most are smaller. */
const FIRST_BUFFER = 256;
const NOTHING: readonly ControlEvent[] = [];
const NO_BYTES = new Uint8Array();

export class ControlReader {
  /** Longest frame, in bytes, inclusive. */
  readonly #cap: number;
  #closed = false;
  #skipped = 0;
  /** Bytes of the header that are there, and the number they make so far. */
  #headerLength = 0;
  #length = 0;
  #body: Uint8Array = NO_BYTES;
  #bodyLength = 0;

  constructor(cap: number = CONTROL_FRAME_CAP) {
    this.#cap = cap;
  }

  /** Whether a frame was too large. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Frames that were no message. */
  get skipped(): number {
    return this.#skipped;
  }

  /** Bytes received that belong to no whole frame yet. */
  get pending(): number {
    return this.#headerLength + this.#bodyLength;
  }

  /** Bytes of the buffer for them; at most the cap. */
  get held(): number {
    return this.#body.length;
  }

  /** Takes the next bytes and returns what they complete. */
  push(chunk: Uint8Array): readonly ControlEvent[] {
    if (this.#closed || chunk.length === 0) return NOTHING;
    const events: ControlEvent[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (this.#headerLength < HEADER_BYTES) {
        this.#header(chunk[at++] as number);
        if (this.#length <= this.#cap || this.#headerLength < HEADER_BYTES) continue;
        this.#closed = true;
        events.push({ tag: 'frame_too_large', length: this.#length });
        this.#reset();
        break;
      }
      const part = chunk.subarray(at, at + this.#length - this.#bodyLength);
      at += part.length;
      if (part.length === this.#length) this.#frame(part, events);
      else this.#collect(part, events);
    }
    return events;
  }

  #header(byte: number): void {
    this.#length = this.#length * 256 + byte;
    this.#headerLength++;
    if (this.#headerLength === HEADER_BYTES && this.#length === 0) this.#headerLength = 0;
  }

  #collect(part: Uint8Array, events: ControlEvent[]): void {
    const length = this.#bodyLength + part.length;
    if (length > this.#body.length) {
      const larger = new Uint8Array(Math.min(this.#length, Math.max(FIRST_BUFFER, 2 * length)));
      larger.set(this.#body.subarray(0, this.#bodyLength));
      this.#body = larger;
    }
    this.#body.set(part, this.#bodyLength);
    this.#bodyLength = length;
    if (length === this.#length) this.#frame(this.#body.subarray(0, length), events);
  }

  #frame(frame: Uint8Array, events: ControlEvent[]): void {
    const decoded = decodeControl(frame);
    if (decoded === undefined) this.#skipped++;
    else events.push({ tag: 'message', ...decoded });
    this.#reset();
  }

  #reset(): void {
    this.#headerLength = 0;
    this.#length = 0;
    this.#body = NO_BYTES;
    this.#bodyLength = 0;
  }
}
