/**
 * Flow control arithmetic: how much a sender may still send, and when a receiver grants more.
 *
 * Both sides count bytes from the start of the stream (or connection) and exchange totals, as QUIC does
 * (RFC 9000 §4.1). Pure bookkeeping; units: bytes. Source of the grant rule: quiche `flowcontrol.rs` (a new
 * total goes out when less than half of the window is left to the sender).
 */

/** TRANSPORT §5. */
export const STREAM_WINDOW: number = 256 * 1_024;
/** TRANSPORT §5: four unread streams fill it. */
export const CONNECTION_WINDOW: number = 1_024 * 1_024;

export class SendCredit {
  #total: number;
  #used = 0;

  constructor(total: number) {
    this.#total = total;
  }

  get left(): number {
    return this.#total - this.#used;
  }

  use(bytes: number): void {
    this.#used += bytes;
  }

  /** Totals never shrink: an older grant that arrives late changes nothing. */
  raise(total: number): void {
    if (total > this.#total) this.#total = total;
  }
}

export class ReceiveCredit {
  readonly #window: number;
  #granted: number;
  #received = 0;
  #consumed = 0;

  constructor(window: number) {
    this.#window = window;
    this.#granted = window;
  }

  receive(bytes: number): void {
    this.#received += bytes;
  }

  /** The application has taken (or thrown away) this much. */
  consume(bytes: number): void {
    this.#consumed += bytes;
  }

  /** The new total to announce, or undefined when the sender still has room enough. */
  grant(): number | undefined {
    const next = this.#consumed + this.#window;
    if (next === this.#granted || this.#granted - this.#received >= this.#window / 2) return undefined;
    this.#granted = next;
    return next;
  }
}
