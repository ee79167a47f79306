/**
 * Pieces of bytes that wait, small ones copied together. Pure.
 *
 * Who sends chooses the pieces, and a piece of a byte costs two hundred times that: what waits is to take the memory of its bytes.
 */

/** Bytes from which a piece is kept as it is. */
const SMALL = 512;
/** Bytes that small ones are copied into. */
const BLOCK = 2_048;

const NONE = new Uint8Array(0);

/** Of one list of pieces, which is taken from its begin. */
export class Joined {
  /** What the last piece is the begin of; empty: it is kept as it is. */
  #block = NONE;
  #used = 0;

  /** Behind the last one. @param joins false: as it is, whatever its size. */
  append(pieces: Uint8Array[], bytes: Uint8Array, joins: boolean): void {
    if (!joins || bytes.length >= SMALL) {
      this.#block = NONE;
      this.#used = 0;
      pieces.push(bytes);
      return;
    }
    if (this.#block.length - this.#used < bytes.length) {
      this.#block = new Uint8Array(BLOCK);
      this.#used = 0;
      pieces.push(this.#block);
    }
    const last = pieces.at(-1) as Uint8Array;
    this.#block.set(bytes, this.#used);
    this.#used += bytes.length;
    // its begin may have been taken
    pieces[pieces.length - 1] = this.#block.subarray(last.byteOffset, this.#used);
  }
}
