/**
 * What is to leave by one stream, in pieces: a link that has much queued at once is closed as a slow consumer, and one message of
 * the distribution may be longer than that.
 */
import type { Stream } from '../../../transport/transport.ts';

/** Bytes given to the stream at once. */
const PIECE = 65_536;

export class SendQueue {
  readonly #stream: Stream;
  #waiting: Uint8Array[] = [];
  /** Of `#waiting`: taken already. */
  #next = 0;
  #bytes = 0;
  #full = false;

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  /** Bytes that have not left. */
  get queued(): number {
    return this.#bytes + this.#stream.queued;
  }

  write(bytes: Uint8Array): void {
    if (this.#bytes === 0 && !this.#full && bytes.length <= PIECE) {
      this.#full = !this.#stream.write(bytes);
      return;
    }
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
    this.#pump();
  }

  /** The stream takes more. */
  go(): void {
    this.#full = false;
    this.#pump();
  }

  #pump(): void {
    while (!this.#full) {
      const bytes = this.#waiting[this.#next];
      if (bytes === undefined) break;
      const piece = bytes.subarray(0, PIECE);
      if (piece.length < bytes.length) this.#waiting[this.#next] = bytes.subarray(PIECE);
      else this.#next++;
      this.#bytes -= piece.length;
      this.#full = !this.#stream.write(piece);
    }
    if (this.#next === this.#waiting.length) {
      this.#waiting = [];
      this.#next = 0;
    }
  }
}
