/**
 * Bytes that wait, first in, first out, in about as much memory as they are long. Pure.
 */
import { Joined } from '../../transport/joined.ts';

const NOTHING = new Uint8Array(0);

export class ByteQueue {
  #pieces: Uint8Array[] = [];
  readonly #joined = new Joined();
  /** Of `#pieces`: taken already. */
  #next = 0;
  #length = 0;

  /** Bytes that wait. */
  get length(): number {
    return this.#length;
  }

  /** They belong to the queue. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    // what waits alone is nearly always taken at once
    this.#joined.append(this.#pieces, bytes, this.#length > 0);
    this.#length += bytes.length;
  }

  /** The next piece, `most` bytes of it at most; undefined: nothing waits, or nothing may be taken. */
  take(most: number = Infinity): Uint8Array | undefined {
    const first = this.#pieces[this.#next];
    if (first === undefined || most <= 0) return undefined;
    const piece = first.subarray(0, Math.min(most, first.length));
    this.#length -= piece.length;
    if (piece.length < first.length) this.#pieces[this.#next] = first.subarray(piece.length);
    else this.#pieces[this.#next++] = NOTHING;
    if (this.#length === 0) this.clear();
    return piece;
  }

  clear(): void {
    this.#pieces = [];
    this.#next = 0;
    this.#length = 0;
  }
}
