/**
 * How much of a tunnel may be under way on one hop. Pure; clock milliseconds come in.
 *
 * All tunnels of a client share one connection, and what is not read of one would hold up all: so the receiver of a hop reads
 * everything, and says how much it has handed on. It holds a window of each tunnel at most. A window of which half is used up within two
 * round trips, or quickly, grows, while the connection has bytes to spare for that (after the windows of HTTP/2, RFC 9113 §5.2, and of
 * TCP). A round trip of packets is not that of credits: both ends have other things to do.
 */

/** Bytes that may be sent before anything is credited. */
export const WINDOW = 262_144;
/** Of a window that has grown. */
export const WIDEST = 2_097_152;
/** Milliseconds for half a window that are quick. */
const QUICK = 20;
/** Milliseconds for which a round trip is believed: asking costs as much as a packet. */
const ASK = 250;
/** Of all windows of a connection, beyond what each has from the start. */
const SPARE = 16_777_216;

/** What the windows of one connection may grow by. */
export class Spare {
  #left = SPARE;

  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.#left += bytes;
  }
}

/** The receiver of a hop. */
export class ReceiveWindow {
  readonly #spare: Spare;
  #window = WINDOW;
  /** Bytes that the sender may send. */
  #outstanding = WINDOW;
  /** Handed on, and not credited. */
  #consumed = 0;
  #last = -Infinity;
  /** The round trip of the hop, and when it is asked for again. */
  #rtt = 0;
  #askAt = -Infinity;

  constructor(spare: Spare) {
    this.#spare = spare;
  }

  /** Bytes came. False: more than were allowed. */
  came(bytes: number): boolean {
    this.#outstanding -= bytes;
    return this.#outstanding >= 0;
  }

  /** Bytes were handed on. */
  consumed(bytes: number): void {
    this.#consumed += bytes;
  }

  /** What is to be credited now; 0: nothing. @param rtt of the hop, ms. */
  credit(now: number, rtt: () => number): number {
    if (this.#consumed < this.#window / 2) return 0;
    let bytes = this.#consumed;
    this.#consumed = 0;
    const since = now - this.#last;
    this.#last = now;
    if (this.#window < WIDEST && this.#isQuick(since, now, rtt) && this.#spare.take(this.#window)) {
      bytes += this.#window;
      this.#window *= 2;
    }
    this.#outstanding += bytes;
    return bytes;
  }

  #isQuick(since: number, now: number, rtt: () => number): boolean {
    if (since < QUICK) return true;
    if (now >= this.#askAt) {
      this.#askAt = now + ASK;
      this.#rtt = rtt();
    }
    return since < 2 * this.#rtt;
  }

  /** The tunnel is over. */
  end(): void {
    this.#spare.give(this.#window - WINDOW);
    this.#window = WINDOW;
  }
}

/** The sender of a hop: what it may still send. */
export class SendWindow {
  #left = WINDOW;

  get left(): number {
    return this.#left;
  }

  take(bytes: number): void {
    this.#left -= bytes;
  }

  /** More than any window is nonsense, and no more than that. */
  add(bytes: number): void {
    this.#left = Math.min(this.#left + bytes, 2 * WIDEST);
  }
}
