/**
 * How the two halves of a native stream end that somebody has given up.
 *
 * Both halves have to end on both sides, or the peer's stream credit never returns (TRANSPORT §6). quiche 0.18 makes
 * that delicate. It gives no connection credit back for bytes that are unread when a RESET_STREAM arrives, so a few
 * given-up transfers of 150 kB would silence a link for ever. And it forgets a stream either when the last
 * of our half is acknowledged, if the peer's is over by then, or when the peer's end is read: what was stopped is not
 * read any more, so a stream that was stopped too early stays for ever. Hence:
 * - Whoever gives up reading reads away what is there and asks the peer to stop (STOP_SENDING carries the code);
 *   unless the peer has asked first, and quiche has reset our half already: then he goes on reading what he throws
 *   away, until the peer's half is over.
 * - Whoever gives up writing does not reset at once. He waits for the peer to stop him, which quiche answers with
 *   the reset; or for the peer's half to be over, and a moment more, so that nothing of ours is still under way.
 * - A peer that does neither is reset or stopped after a while.
 */
import type { NativeConnection, Quiche } from './binding.ts';

/** Milliseconds a peer has to end his half of a stream that is given up. */
const PATIENCE = 3_000;

/** Milliseconds that what was handed over needs to leave and arrive, once the peer has heard. */
const SETTLING = 50;

/** A stream whose peer was asked to stop: our half waits for the right moment to be reset. */
interface Leaving {
  readonly code: number;
  due: number;
  /** Our half had ended before, orderly. */
  readonly ended: boolean;
  /** The peer's half is over. */
  settling: boolean;
}

/** What is known of a stream's halves when it is given up. */
export interface Halves {
  readonly id: number;
  /** Some of our bytes were handed over. */
  readonly begun: boolean;
  readonly readEnded: boolean;
  readonly writeEnded: boolean;
}

export class Partings {
  readonly #native: NativeConnection;
  readonly #quiche: Quiche;
  /** Bytes thrown away go here. */
  readonly #scratch: Buffer;
  readonly #leaving = new Map<number, Leaving>();
  /** Streams the peer has stopped, by id: when, and with which code, we stop him too. */
  readonly #discarded = new Map<number, { readonly code: number; readonly due: number }>();

  constructor(native: NativeConnection, quiche: Quiche, scratch: Buffer) {
    this.#native = native;
    this.#quiche = quiche;
    this.#scratch = scratch;
  }

  /** We give a stream up at clock time `now`. */
  abandon({ id, begun, readEnded, writeEnded }: Halves, code: number, now: number): void {
    if (!readEnded && this.#wasStopped(id)) {
      this.#discard(id, code, now);
      return;
    }
    this.#stopReading(id, code);
    if (!begun || readEnded) this.#stopWriting(id, code);
    else this.#leaving.set(id, { code, due: now + PATIENCE, ended: writeEnded, settling: false });
  }

  /** The peer has given a stream up: a native call on it failed. `stopped`: with word that he has stopped us. */
  lost({ id, readEnded }: Halves, stopped: boolean, code: number, now: number): void {
    if (stopped && !readEnded) this.#discard(id, code, now);
    else this.end(id, code);
  }

  /** Ends both halves at once. */
  end(id: number, code: number): void {
    if (this.#discarded.has(id)) return;
    this.#stopReading(id, code);
    this.#stopWriting(id, code);
  }

  /** Clock time at which `turn` has something to do even if nothing is heard. */
  get due(): number {
    let due = Infinity;
    for (const leaving of this.#leaving.values()) due = Math.min(due, leaving.due);
    // in the order of their deadlines
    for (const discarded of this.#discarded.values()) return Math.min(due, discarded.due);
    return due;
  }

  turn(now: number): void {
    for (const [id, { code, due }] of this.#discarded) {
      const over = this.#readAway(id);
      if (!over && due > now) continue;
      this.#discarded.delete(id);
      if (!over) this.#shut(id, this.#quiche.Shutdown.Read, code);
    }
    for (const [id, leaving] of this.#leaving) {
      if (!leaving.settling && this.#native.streamFinished(id)) {
        leaving.settling = true;
        leaving.due = Math.min(leaving.due, now + SETTLING);
      }
      if (leaving.due <= now) this.#stopWriting(id, leaving.code);
      else if (leaving.ended || !this.#wasStopped(id)) continue;
      this.#leaving.delete(id);
    }
  }

  /** The link is over. */
  clear(): void {
    this.#leaving.clear();
    this.#discarded.clear();
  }

  #discard(id: number, code: number, now: number): void {
    if (!this.#readAway(id)) this.#discarded.set(id, { code, due: now + PATIENCE });
  }

  #stopReading(id: number, code: number): void {
    this.#readAway(id);
    this.#shut(id, this.#quiche.Shutdown.Read, code);
  }

  #stopWriting(id: number, code: number): void {
    this.#shut(id, this.#quiche.Shutdown.Write, code);
  }

  /** Reads what is there. True when the peer's half is over. */
  #readAway(id: number): boolean {
    try {
      for (;;) {
        const result = this.#native.streamRecv(id, this.#scratch);
        if (result === null) return false;
        if (result[1]) return true;
      }
    } catch {
      // It was reset, or nothing is left of the stream.
      return true;
    }
  }

  #shut(id: number, half: number, code: number): void {
    try {
      this.#native.streamShutdown(id, half, code);
    } catch {
      // That half is over already.
    }
  }

  /** The peer does not want our half. Also true when the stream is forgotten. */
  #wasStopped(id: number): boolean {
    try {
      this.#native.streamCapacity(id);
      return false;
    } catch {
      return true;
    }
  }
}
