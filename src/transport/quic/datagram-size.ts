/**
 * How large the datagrams of one link are: as large as its path was seen to carry (TRANSPORT §5.1).
 *
 * The binding does not discover path sizes, and nobody reports a datagram that was too large: it disappears.
 * So a link begins with the size its address promises and falls back to what every path carries when large
 * datagrams are lost in number, or when nothing at all is answered. Later it tries one large datagram among small
 * ones; only when that one arrives does it go back up. A failed try costs one datagram, never a pause. A peer
 * that was merely busy is told from a path that shrank: its acknowledgments come, and nothing turns out to be lost.
 *
 * Pure: time (ms) and quiche's counters come in.
 */

/** quiche's counts of one connection, packets. */
export interface Counts {
  readonly lost: number;
  /** Authentic packets received. */
  readonly recv: number;
}

/** Every QUIC path carries this much (RFC 9000 §14), bytes. */
export const SAFE_SIZE = 1_200;
/** A datagram this close to the safe size shows that there is more to send, bytes. */
const FULL = SAFE_SIZE - 64;
/** Between two looks at the counters: a look costs as much as building a packet. */
const LOOK = 25;
/** Losses between two looks that are more than chance… */
const BURST = 3;
/** …when they are at least one in so many of the large datagrams. */
const SHARE = 4;
/** A probe timeout is held against large datagrams that were sent no longer ago. */
const BLAME = 1_000;
/** Until the first try to go back up; doubles with each that fails. */
const FIRST_PAUSE = 250;
const MAX_PAUSE = 60_000;
/** Large for so long, the size was right: the next pause is the first one again. */
const SETTLED = 10_000;
/** A try is judged after two round trips and this. */
const VERDICT = 50;
/** Longer round trips are not believed: after a path shrank quiche was seen to report the time since then. */
const MAX_RTT = 500;

type State =
  | { readonly tag: 'large'; readonly since: number }
  /** `wanted`: there was more to send than fits. */
  | { readonly tag: 'small'; readonly until: number; wanted: boolean }
  /** Small because nothing was answered; the next answers tell whether the large ones were lost. */
  | { readonly tag: 'doubting'; readonly since: number; readonly lost: number; readonly recv: number }
  /** The next datagram may be a large one. */
  | { readonly tag: 'ready'; readonly lost: number; readonly recv: number }
  /** It is on its way. */
  | { readonly tag: 'trying'; readonly lost: number; readonly recv: number; readonly since: number };

export class DatagramSize {
  readonly #largest: number;
  #state: State;
  #pause = FIRST_PAUSE;
  /** Large datagrams since the last look. */
  #large = 0;
  #largeAt = -Infinity;
  #lookAt = 0;
  #lost = 0;

  /** `largest` is what the address promises; up to `SAFE_SIZE` there is nothing to decide. */
  constructor(largest: number, now: number) {
    this.#largest = largest;
    this.#state = { tag: 'large', since: now };
  }

  /** Bytes the next datagram may have. */
  get limit(): number {
    const { tag } = this.#state;
    return tag === 'large' || tag === 'ready' ? this.#largest : Math.min(SAFE_SIZE, this.#largest);
  }

  /** A datagram has left. */
  sent(bytes: number, now: number): void {
    const state = this.#state;
    if (bytes > SAFE_SIZE) {
      this.#large++;
      this.#largeAt = now;
      if (state.tag === 'ready') this.#state = { ...state, tag: 'trying', since: now };
    } else if (state.tag === 'small' && bytes >= FULL) state.wanted = true;
  }

  /** Whether a probe timeout would tell something now. */
  doubtable(now: number): boolean {
    return this.#state.tag === 'large' && now - this.#largeAt <= BLAME;
  }

  /** A probe timeout: nothing was answered for so long that quiche asks again. */
  unanswered(now: number, { lost, recv }: Counts): void {
    if (this.doubtable(now)) this.#state = { tag: 'doubting', since: now, lost, recv };
  }

  /** Whether `look` would learn something now. */
  curious(now: number): boolean {
    const state = this.#state;
    switch (state.tag) {
      case 'large':
        return this.#large >= BURST && now >= this.#lookAt;
      case 'small':
        return state.wanted && now >= state.until;
      case 'doubting':
      case 'trying':
        return now >= state.since + VERDICT && now >= this.#lookAt;
      case 'ready':
        return false;
    }
  }

  /** What quiche has counted, and its smoothed round-trip time, when `curious`. */
  look(now: number, { lost, recv }: Counts, rtt: () => number): void {
    const state = this.#state;
    const more = lost - this.#lost;
    this.#lost = lost;
    this.#lookAt = now + LOOK;
    if (state.tag === 'large') {
      const many = more >= BURST && more * SHARE >= this.#large;
      this.#large = 0;
      if (many) this.#lower(now);
      else if (now - state.since >= SETTLED) this.#pause = FIRST_PAUSE;
    } else if (state.tag === 'small') this.#state = { tag: 'ready', lost, recv };
    else if (state.tag === 'doubting' || state.tag === 'trying') {
      if (lost > state.lost) this.#lower(now);
      else if (recv > state.recv && now >= state.since + VERDICT + 2 * Math.min(rtt(), MAX_RTT))
        this.#state = { tag: 'large', since: now };
    }
  }

  #lower(now: number): void {
    this.#state = { tag: 'small', until: now + this.#pause, wanted: false };
    this.#pause = Math.min(MAX_PAUSE, 2 * this.#pause);
    this.#large = 0;
  }
}
