/**
 * Whether what a local node says in small pieces waits for more of it. Pure; clock milliseconds come in.
 *
 * An Erlang node writes message by message, and a bridge is woken by the first. Each piece that travels alone costs a packet, and the
 * work for it at two bridges and a relay. So while bytes come so fast that a parcel is full within a millisecond they wait for that.
 * Who says less waits for nothing: a question leaves at once, and so do a few at a time.
 */

/** Bytes that travel at once: a small part of what is under way, so that those who work on it have something to do all the time. */
export const PARCEL = 8_192;
/** Milliseconds that bytes wait at most, as fine as timers are. */
export const PATIENCE = 1;

export class Pace {
  /** When the span began, and what came in it so far; what came in the one before, if that was just before. */
  #began = -Infinity;
  #bytes = 0;
  #before = 0;

  /** Bytes came. */
  came(bytes: number, now: number): void {
    const passed = now - this.#began;
    if (passed >= PATIENCE) {
      this.#before = passed < 2 * PATIENCE ? this.#bytes : 0;
      this.#bytes = 0;
      this.#began = now;
    }
    this.#bytes += bytes;
  }

  /** More will soon be there. */
  get fast(): boolean {
    return Math.max(this.#bytes, this.#before) >= PARCEL;
  }
}
