/**
 * What happened in a simulated network, as one hash and a short history.
 *
 * Two runs of one seed are the same run when their hashes are equal (RELIABILITY §12.4): every packet, every
 * datagram, every fault and every change of a link is a line; payload bytes are part of the hash.
 */
import { createHash, type Hash } from 'node:crypto';

/** Lines kept for people: what a failed simulation prints (RELIABILITY §12.4). */
const KEPT = 200;

export class Trace {
  readonly #hash: Hash = createHash('sha256');
  #history: string[] = [];
  #lines = 0;

  /** Adds one event; `now` in ms. */
  add(now: number, line: string, bytes?: Uint8Array): void {
    const text = `${now} ${line}\n`;
    this.#hash.update(text);
    if (bytes !== undefined) this.#hash.update(bytes);
    this.#lines++;
    this.#history.push(text);
    if (this.#history.length >= 2 * KEPT) this.#history = this.#history.slice(-KEPT);
  }

  /** SHA-256 of everything so far, hex. */
  digest(): string {
    return this.#hash.copy().digest('hex');
  }

  get lines(): number {
    return this.#lines;
  }

  /** The last 200 events, oldest first. */
  history(): readonly string[] {
    return this.#history.slice(-KEPT);
  }
}
