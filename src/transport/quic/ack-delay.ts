/**
 * Whether an acknowledgment waits for something to travel with (RFC 9000 §13.2.1). Pure; clock milliseconds come in.
 *
 * quiche 0.18 acknowledges whatever came with the next packet it is asked for. A packet of nothing else costs as much as one that says
 * something, on both sides: who asks and answers one at a time sends half as many packets when acknowledgments wait a little. The
 * second datagram is acknowledged at once, as the RFC has it.
 */

/** Milliseconds: a tenth of what we have told the peer to expect at most. */
const DELAY = 2;

export class AckDelay {
  /** Datagrams since something was sent. */
  #datagrams = 0;
  /** There is more to send than an acknowledgment, or may be. */
  #busy = false;
  /** When it has to leave, at the latest. */
  due: number = Infinity;

  /** A datagram came. */
  came(): void {
    this.#datagrams++;
  }

  /** Something else is to be sent. */
  busy(): void {
    this.#busy = true;
  }

  /** Only acknowledgments are due, and one of them at most. */
  get few(): boolean {
    return !this.#busy && this.#datagrams === 1;
  }

  /** Whether it still may wait; if so, it is due. */
  mayWait(now: number): boolean {
    if (this.due === Infinity) this.due = now + DELAY;
    return now < this.due;
  }

  /** All has left. */
  sent(): void {
    this.#datagrams = 0;
    this.#busy = false;
    this.due = Infinity;
  }
}
