/**
 * The stream on which both ends of a connection tell each other 32 random bytes. With them a peer can be asked to prove that it is
 * where its packets come from, so that a change of its address costs nothing (TRANSPORT §12).
 */
import type { Stream, StreamEvents } from '../../../transport/transport.ts';

/** What it begins with: no handshake of the distribution does. */
const MARK = 0x6b;
const SEED = 32;

export class PathKeys implements StreamEvents {
  readonly #ours: Uint8Array;
  readonly #known: (theirs: Uint8Array) => void;
  #got: Buffer = Buffer.alloc(0);
  #sent = false;

  constructor(ours: Uint8Array, known: (theirs: Uint8Array) => void) {
    this.#ours = ours;
    this.#known = known;
  }

  static begins(bytes: Uint8Array): boolean {
    return bytes[0] === MARK;
  }

  /** Tells our part; once. */
  send(stream: Stream): void {
    if (this.#sent) return;
    this.#sent = true;
    stream.write(Buffer.concat([Buffer.of(MARK), this.#ours]));
  }

  onData(bytes: Uint8Array): void {
    if (this.#got.length > SEED) return;
    this.#got = Buffer.concat([this.#got, bytes.subarray(0, SEED + 1)]);
    if (this.#got.length > SEED) this.#known(this.#got.subarray(1, 1 + SEED));
  }

  onEnd(): void {}
  onReset(): void {}
  onDrain(): void {}
}
