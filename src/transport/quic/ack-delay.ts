/**
 * Whether an acknowledgment waits for something to travel with (RFC 9000 §13.2.1). Pure; clock milliseconds come in.
 *
 * quiche 0.18 acknowledges whatever came with the next packet it is asked for. A packet of nothing else costs as much as one that says
 * something, on both sides: who asks and answers one at a time sends half as many packets when acknowledgments wait a little.
 *
 * The second datagram that says something is acknowledged at once, as the RFC has it, so that the sender's window grows; small
 * ones are nearly always acknowledgments, which need none. Nobody waits for what is held back:
 *
 * - Credit travels with acknowledgments, and a peer that has used up its own must have it. quiche grants a stream more when less than
 *   half of its window is left, which is 16 KiB at least; so fewer bytes than that may wait.
 * - What we said may still lie in quiche: it takes as much as its congestion window has room for, and that may shrink. When all that left
 *   is acknowledged the rest may go, of which no timer tells. The window has room for two datagrams at least.
 */

/** Bytes of a datagram that hardly holds more than an acknowledgment: a short header, a tag, a few ranges. */
const SMALL = 60;
/** Of these, so many may wait. */
const FEW = 8;
/** All bytes that may wait are fewer: 16 KiB without what a sender keeps back for nudges. */
const CREDIT = 16_000;
/** Bytes of ours that have left whole, however small the window. */
const LITTLE = 2_048;
/** Milliseconds: a tenth of what we have told the peer to expect at most. */
const DELAY = 2;

export class AckDelay {
  /** Datagrams since something was sent: those that say something, and the others. */
  #large = 0;
  #small = 0;
  #bytes = 0;
  /** There is more to send than an acknowledgment, or may be. */
  #busy = false;
  /** Bytes sent since the link began, and how many they were when nothing was in flight. */
  #total = 0;
  #quietAt = 0;
  /** When it has to leave, at the latest. */
  due: number = Infinity;

  /** A datagram of so many bytes came. */
  came(bytes: number): void {
    this.#bytes += bytes;
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
    return came && !this.#busy && this.#large <= 1 && this.#small <= FEW && this.#bytes < CREDIT;
  }

  /** Whether it still may wait, now that nothing is in flight; if so, it is due. */
  mayWait(now: number): boolean {
    const whole = this.#total - this.#quietAt <= LITTLE;
    this.#quietAt = this.#total;
    if (!whole) return false;
    if (this.due === Infinity) this.due = now + DELAY;
    return now < this.due;
  }

  /** All has left. `total`: bytes sent since the link began. */
  sent(total: number): void {
    this.#total = total;
    this.#large = this.#small = this.#bytes = 0;
    this.#busy = false;
    this.due = Infinity;
  }
}
