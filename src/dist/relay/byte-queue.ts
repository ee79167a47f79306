/**
 * Bytes that wait, first in, first out. Pure.
 *
 * Who sends chooses the pieces, and a piece of a byte costs a hundred times that: so small ones that wait are copied together. Others
 * are kept as they are.
 */

/** Bytes from which a piece is kept as it is. */
const SMALL = 512;
/** Bytes that small ones are copied into. */
const BLOCK = 2_048;

const NOTHING = new Uint8Array(0);

export class ByteQueue {
  #pieces: Uint8Array[] = [];
  /** Of `#pieces`: taken already. */
  #next = 0;
  /** What the last piece is the begin of; empty: it is kept as it is. */
  #block = NOTHING;
  #used = 0;
  #length = 0;

  /** Bytes that wait. */
  get length(): number {
    return this.#length;
  }

  /** They belong to the queue. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const isFirst = this.#length === 0;
    this.#length += bytes.length;
    if (isFirst || bytes.length >= SMALL) {
      this.#pieces.push(bytes);
      this.#block = NOTHING;
      return;
    }
    if (this.#block.length - this.#used < bytes.length) {
      this.#block = new Uint8Array(BLOCK);
      this.#used = 0;
      this.#pieces.push(this.#block);
    }
    const last = this.#pieces.at(-1) as Uint8Array;
    this.#block.set(bytes, this.#used);
    this.#used += bytes.length;
    // its begin may have been taken
    this.#pieces[this.#pieces.length - 1] = this.#block.subarray(last.byteOffset, this.#used);
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
    this.#block = NOTHING;
    this.#used = 0;
    this.#length = 0;
  }
}
