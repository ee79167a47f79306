/**
 * Whether an acknowledgment waits for something to travel with (RFC 9000 §13.2.1). Pure; clock milliseconds come in.
 *
 * quiche 0.18 acknowledges whatever came with the next packet it is asked for. A packet of nothing else costs as much as one that says
 * something, on both sides: who asks and answers one at a time sends half as many packets when acknowledgments wait a little. The
 * second datagram that says something is acknowledged at once, as the RFC has it; small ones are nearly always acknowledgments, which
 * need none.
 */

/** Bytes of a datagram that hardly holds more than an acknowledgment: a short header, a tag, a few ranges. */
const SMALL = 60;
/** Of these, so many may wait. */
const FEW = 8;
/** Milliseconds: a tenth of what we have told the peer to expect at most. */
const DELAY = 2;

export class AckDelay {
  /** Datagrams since something was sent: those that say something, and the others. */
  #large = 0;
  #small = 0;
  /** There is more to send than an acknowledgment, or may be. */
  #busy = false;
  /** When it has to leave, at the latest. */
  due: number = Infinity;

  /** A datagram of so many bytes came. */
  came(bytes: number): void {
    if (bytes > SMALL) this.#large++;
    else this.#small++;
  }

  /** Something else is to be sent. */
  busy(): void {
    this.#busy = true;
  }

  /** Only acknowledgments are due, and one of them at most. */
  get few(): boolean {
    const came = this.#large + this.#small > 0;
    return came && !this.#busy && this.#large <= 1 && this.#small <= FEW;
  }

  /** Whether it still may wait; if so, it is due. */
  mayWait(now: number): boolean {
    if (this.due === Infinity) this.due = now + DELAY;
    return now < this.due;
  }

  /** All has left. */
  sent(): void {
    this.#large = this.#small = 0;
    this.#busy = false;
    this.due = Infinity;
  }
}
