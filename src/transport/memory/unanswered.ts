/**
 * Whether a link waits for acknowledgments, and when it says something again for want of one (RFC 9002 §6.2). Pure; ms.
 *
 * Packets of a simulated link are repeated by who knows their fate; but an answer that a NAT swallows because its
 * mapping has changed comes only after the peer has heard from here again.
 */

/** Before a round trip was measured: quiche sends its first packet again after 998 ms. */
const FIRST_PROBE = 1_000;
/** Least pause: the peer may take its time to acknowledge (RFC 9002 §6.2.1, with `max_ack_delay`). */
const MIN_PROBE = 25;
/** Several probes without an answer: somebody else notices. */
const MAX_BACKOFF = 6;

export class Unanswered {
  /** Clock times: of the last packet that wants an acknowledgment, and of the last one that has it. */
  #sentAt = -Infinity;
  #answered = -Infinity;
  #probes = 0;

  /** Something was sent that the peer acknowledges. */
  sent(now: number): void {
    this.#sentAt = now;
  }

  /** The peer has acknowledged what was sent at `sentAt`. */
  acknowledged(sentAt: number): void {
    if (sentAt > this.#answered) this.#answered = sentAt;
    this.#probes = 0;
  }

  get outstanding(): boolean {
    return this.#sentAt > this.#answered;
  }

  /** When to say something again; infinite when nothing is outstanding. `rtt`: 0 when unknown. */
  due(rtt: number): number {
    if (!this.outstanding) return Infinity;
    const pause = rtt === 0 ? FIRST_PROBE : Math.max(MIN_PROBE, 3 * rtt);
    return this.#sentAt + pause * 2 ** Math.min(this.#probes, MAX_BACKOFF);
  }

  /** It is being said again. */
  probed(now: number): void {
    this.#sentAt = now;
    this.#probes++;
  }
}
