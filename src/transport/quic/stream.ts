/**
 * One bidirectional stream: its write queue and the state of its two halves.
 *
 * The stream only keeps what the user did; its table reads and writes the native stream in the link's
 * turns. Small writes are handed over together.
 */
import { Joined } from '../joined.ts';
import type { Link, ResetCode, Stream, StreamEvents } from '../transport.ts';

/** Bytes queued above which `write` returns false: a few congestion windows on loopback. */
export const HIGH_WATER = 262_144;

/** Bytes a stream may hand over before other streams of the link have their turn: the largest mesh frame. */
export const QUANTUM = 16_384;

/** Writes queued from which small ones are copied together: a peer that takes nothing has them wait for long. */
const MANY = 64;

/** What a stream asks of its table. */
export interface StreamOwner {
  readonly link: Link;
  /** `bytes` more are queued, or the end is. */
  wrote(stream: QuicStream, bytes: number): void;
  abandoned(stream: QuicStream, code: number): void;
  resumed(stream: QuicStream): void;
}

/** Receives for a stream nobody has taken yet. */
const NOBODY: StreamEvents = {
  onData: () => undefined,
  onEnd: () => undefined,
  onReset: () => undefined,
  onDrain: () => undefined,
};

export class QuicStream implements Stream {
  readonly id: number;
  events: StreamEvents = NOBODY;
  queued = 0;
  paused = false;
  /** The peer's half has ended. */
  readEnded = false;
  /** Some of our bytes were handed over. */
  begun = false;
  /** Our end was handed over. */
  writeEnded = false;
  /** Both halves are over, by reset or because the link closed. */
  over = false;
  /** `write` has returned false since the queue was last empty. */
  awaitsDrain = false;
  /** Waits in its table for room to write. */
  waiting = false;
  /** Read while the stream was paused, in order. */
  readonly held: Uint8Array[] = [];
  heldBytes = 0;
  /** The peer's end was read and is not delivered yet. */
  pendingEnd = false;
  #endQueued = false;
  /** To be told when everything was taken. */
  #taken: (() => void) | undefined;
  readonly #owner: StreamOwner;
  readonly #chunks: Uint8Array[] = [];
  readonly #joined = new Joined();

  constructor(id: number, owner: StreamOwner) {
    this.id = id;
    this.#owner = owner;
  }

  get link(): Link {
    return this.#owner.link;
  }

  /** Something is left to hand over: bytes, or the end. */
  get unsent(): boolean {
    return this.queued > 0 || (this.#endQueued && !this.writeEnded);
  }

  get endQueued(): boolean {
    return this.#endQueued;
  }

  write(bytes: Uint8Array, end = false, taken?: () => void): boolean {
    if (this.over || this.#endQueued) return true;
    if (end) this.#taken = taken;
    if (bytes.length > 0) this.#joined.append(this.#chunks, bytes, this.#chunks.length >= MANY);
    this.queued += bytes.length;
    this.#endQueued = end;
    this.#owner.wrote(this, bytes.length);
    if ((this.queued <= HIGH_WATER && !this.link.congested) || this.over) return true;
    this.awaitsDrain = true;
    return false;
  }

  reset(code: ResetCode): void {
    if (!this.over) this.#owner.abandoned(this, code);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    if (!this.over) this.#owner.resumed(this);
  }

  /** The next bytes to hand over, at most a quantum: a whole chunk, or small ones merged in `scratch`. */
  next(scratch: Buffer): Uint8Array {
    const first = this.#chunks[0];
    if (first === undefined) return scratch.subarray(0, 0);
    if (first.length >= QUANTUM) return first.subarray(0, QUANTUM);
    if (this.#chunks.length === 1) return first;
    let length = 0;
    for (const chunk of this.#chunks) {
      if (length + chunk.length > QUANTUM) break;
      scratch.set(chunk, length);
      length += chunk.length;
    }
    return scratch.subarray(0, length);
  }

  /** `count` bytes were taken. */
  took(count: number): void {
    this.begun = true;
    this.queued -= count;
    let left = count;
    let whole = 0;
    for (const chunk of this.#chunks) {
      if (chunk.length > left) break;
      left -= chunk.length;
      whole++;
    }
    if (whole > 0) this.#chunks.splice(0, whole);
    const first = this.#chunks[0];
    if (left > 0 && first !== undefined) this.#chunks[0] = first.subarray(left);
    if (first !== undefined || !this.#endQueued) return;
    this.#taken?.();
    this.#taken = undefined;
  }

  /** Ends both halves and drops what is queued and held. */
  finish(): void {
    this.over = true;
    this.#chunks.length = 0;
    this.#taken = undefined;
    this.held.length = 0;
    this.queued = 0;
    this.heldBytes = 0;
  }
}
