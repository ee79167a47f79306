/**
 * What happened in a simulated network, as one hash and a short history.
 *
 * Two runs of one seed are the same run when their hashes are equal (RELIABILITY §12.4): every packet, every
 * datagram, every fault and every change of a link is a line; payload bytes are part of the hash.
 */
import { createHash, type Hash } from 'node:crypto';

/** Lines kept for people: what a failed simulation prints (RELIABILITY §12.4). */
const KEPT = 200;
/** Bytes that are collected before they are hashed: a call into OpenSSL costs as much as hashing a page. */
const PAGE = 16_384;
/** UTF-8 bytes of one UTF-16 unit at most. */
const UNIT = 3;

export class Trace {
  readonly #hash: Hash = createHash('sha256');
  readonly #page: Buffer = Buffer.alloc(PAGE);
  #filled = 0;
  #history: string[] = [];
  #lines = 0;

  /** Adds one event; `now` in ms. */
  add(now: number, line: string, bytes?: Uint8Array): void {
    const text = `${now} ${line}\n`;
    this.#makeRoom(UNIT * text.length);
    if (UNIT * text.length > PAGE) this.#hash.update(text);
    else this.#filled += this.#page.write(text, this.#filled);
    if (bytes !== undefined) this.#addBytes(bytes);
    this.#lines++;
    this.#history.push(text);
    if (this.#history.length >= 2 * KEPT) this.#history = this.#history.slice(-KEPT);
  }

  /** SHA-256 of everything so far, hex. */
  digest(): string {
    this.#makeRoom(PAGE);
    return this.#hash.copy().digest('hex');
  }

  get lines(): number {
    return this.#lines;
  }

  /** The last 200 events, oldest first. */
  history(): readonly string[] {
    return this.#history.slice(-KEPT);
  }

  #addBytes(bytes: Uint8Array): void {
    this.#makeRoom(bytes.length);
    if (bytes.length > PAGE) this.#hash.update(bytes);
    else {
      this.#page.set(bytes, this.#filled);
      this.#filled += bytes.length;
    }
  }

  /** Room for so many bytes; for all of a page and more: nothing is left that is not hashed. */
  #makeRoom(size: number): void {
    if (this.#filled + size <= PAGE) return;
    this.#hash.update(this.#page.subarray(0, this.#filled));
    this.#filled = 0;
  }
}
