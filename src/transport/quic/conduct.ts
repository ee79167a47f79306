/**
 * How much of its endpoint one peer may use up (TRANSPORT §9, SECURITY §13).
 *
 * Pure. Anyone with a key pair finishes a handshake, so a verified peer is not a trusted one. Three bounds: what
 * may come before the peer is admitted, what may come between two turns of its link, and how long packets may
 * keep coming that achieve nothing.
 */

/** Bytes of datagrams a peer may send before it is admitted: a handshake and a hello are below 10 KiB. */
export const BYTES_BEFORE_ADMISSION = 65_536;

/** Datagrams taken between two turns of a link; what comes beyond is lost, as in a full socket buffer. */
export const DATAGRAMS_PER_TURN = 256;

/**
 * A link whose peer sent so many genuine datagrams, while no stream moved, is closed when that took less than
 * the window: 500 a second. Probes, keep-alives and their acknowledgments are below 50.
 */
export const IDLE_DATAGRAMS = 5_000;
const IDLE_WINDOW = 10_000;

/** Datagram of an idle window from which it is counted how many are genuine: asking costs microseconds. */
const COUNTED_FROM = 1_000;

/** `too_much`: for a peer that is not admitted. `no_progress`: it talks and says nothing. */
export type Misconduct = 'too_much' | 'no_progress';

export class Conduct {
  #admitted = false;
  #bytes = 0;
  #thisTurn = 0;
  #moved = 0;
  #since = -Infinity;
  #idle = 0;
  #genuine = 0;

  get admitted(): boolean {
    return this.#admitted;
  }

  admit(): void {
    this.#admitted = true;
  }

  /** The link has its turn. */
  turn(): void {
    this.#thisTurn = 0;
  }

  /** Whether one more datagram may be looked at before the next turn. */
  mayReceive(): boolean {
    return ++this.#thisTurn <= DATAGRAMS_PER_TURN;
  }

  /**
   * A datagram of `bytes` was looked at. `moved` grows whenever a stream of the link gets anywhere; `genuine` tells
   * how many packets of the link were authentic so far, and is asked seldom.
   */
  arrived(bytes: number, now: number, moved: number, genuine: () => number): Misconduct | undefined {
    if (!this.#admitted) {
      this.#bytes += bytes;
      if (this.#bytes > BYTES_BEFORE_ADMISSION) return 'too_much';
    }
    if (moved !== this.#moved || now - this.#since > IDLE_WINDOW) {
      this.#moved = moved;
      this.#since = now;
      this.#idle = 0;
    }
    this.#idle++;
    if (this.#idle === COUNTED_FROM) this.#genuine = genuine();
    if (this.#idle < IDLE_DATAGRAMS) return undefined;
    // Forged ones are nothing the peer can help.
    this.#idle = 0;
    return genuine() - this.#genuine >= (IDLE_DATAGRAMS - COUNTED_FROM) / 2 ? 'no_progress' : undefined;
  }
}
