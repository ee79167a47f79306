/**
 * Bytes waiting to be sent on one stream, first in, first out.
 *
 * Small writes are joined and large ones are cut, so that a receiver never sees the writer's boundaries, as
 * over QUIC. Large chunks are passed on without a copy: bytes given to `write` belong to the stream.
 */
export class OutQueue {
  #chunks: Uint8Array[] = [];
  #first = 0;
  #offset = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#chunks.push(bytes);
    this.#length += bytes.length;
  }

  /** Takes at most `limit` bytes. */
  take(limit: number): Uint8Array {
    const size = Math.min(limit, this.#length);
    const head = this.#chunks[this.#first];
    if (head === undefined || size === 0) return new Uint8Array(0);
    if (head.length - this.#offset >= size) {
      const part = head.subarray(this.#offset, this.#offset + size);
      this.#skip(size);
      return part;
    }
    const joined = new Uint8Array(size);
    for (let filled = 0; filled < size;) {
      const chunk = this.#chunks[this.#first] as Uint8Array;
      const part = chunk.subarray(this.#offset, this.#offset + size - filled);
      joined.set(part, filled);
      filled += part.length;
      this.#skip(part.length);
    }
    return joined;
  }

  clear(): void {
    this.#chunks = [];
    this.#first = 0;
    this.#offset = 0;
    this.#length = 0;
  }

  /** Drops `size` bytes, all of them from the first chunk. */
  #skip(size: number): void {
    this.#length -= size;
    this.#offset += size;
    if (this.#offset < (this.#chunks[this.#first] as Uint8Array).length) return;
    this.#offset = 0;
    this.#first++;
    if (this.#first < 64 && this.#first < this.#chunks.length) return;
    this.#chunks = this.#chunks.slice(this.#first);
    this.#first = 0;
  }
}
