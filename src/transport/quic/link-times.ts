/**
 * What one link measures its peer's silence by: when it was heard, when it must be asked, when it is given up.
 *
 * Pure: clock time (ms) and quiche's counters come in. quiche's own idle timer is not enough: it begins anew with a
 * keep-alive that nobody answers. Nor is any datagram a sign of life, for anybody can send one to our port; what
 * counts is that quiche found authentic packets among them. Asking it costs a native call, so it is asked now and
 * then, and before a link is given up.
 */
import type { Limits } from '../limits.ts';

/** Keep-alives per idle timeout, also when the peer's timeout is the shorter one. */
const KEEP_ALIVES = 3;

/**
 * Who was dialed is kept alive by the dialer, and waits so many times longer before it does that itself: never, then,
 * when the dialer is one of ours.
 */
const ACCEPTOR_PATIENCE = 1.2;

/** Milliseconds after its deadline from which our own event loop was late: silence then proves nothing. */
const LATE = 20;

/** Milliseconds between two doubts about one link: hints can be forged. */
const DOUBT_PAUSE = 1_000;

/** Milliseconds between two looks at whether what came was authentic. */
const LOOK = 1_000;

export class LinkTimes {
  readonly handshakeDue: number;
  idleTimeout: number;
  /** Since when something is in flight and nothing has come; infinite when that is not so. */
  unanswered: number = Infinity;
  #keepAlive: number;
  readonly #patience: number;
  /** When the last datagram came, and when the last one that counts. */
  #heardAt: number;
  #provenAt: number;
  #arrivals = 0;
  #lookAt: number;
  #doubtedAt = -Infinity;

  constructor(
    { idleTimeout, keepAlive, handshakeTimeout }: Limits,
    now: number,
    role: 'dialer' | 'acceptor' = 'dialer',
  ) {
    this.idleTimeout = idleTimeout;
    this.#patience = role === 'dialer' ? 1 : ACCEPTOR_PATIENCE;
    this.#keepAlive = keepAlive * this.#patience;
    this.handshakeDue = now + handshakeTimeout;
    this.#heardAt = this.#provenAt = now;
    this.#lookAt = now + LOOK;
  }

  /** The handshake is over; `theirs` is the peer's idle timeout, 0 for none. */
  agreed(theirs: number): void {
    if (theirs > 0) this.idleTimeout = Math.min(this.idleTimeout, theirs);
    this.#keepAlive = Math.min(this.#keepAlive, (this.idleTimeout / KEEP_ALIVES) * this.#patience);
  }

  /** A datagram came. `arrivals`: authentic packets so far. */
  heard(now: number, arrivals: () => number): void {
    this.#heardAt = now;
    this.unanswered = Infinity;
    if (now >= this.#lookAt) this.#look(now, arrivals());
  }

  isLate(due: number, now: number): boolean {
    return now - due > LATE;
  }

  /** Whether the peer has been silent for the idle timeout. */
  isSilent(now: number, arrivals: () => number): boolean {
    if (now < this.#provenAt + this.idleTimeout) return false;
    this.#look(now, arrivals());
    return now >= this.#provenAt + this.idleTimeout;
  }

  /** Whether it is time to say something, so that the peer does not give us up. */
  mustSpeak(now: number, lastSent: number): boolean {
    return now - lastSent >= this.#keepAlive;
  }

  /** Whether a hint that the peer forgot us is heard, or comes too soon after another. */
  mayDoubt(now: number): boolean {
    if (now - this.#doubtedAt < DOUBT_PAUSE) return false;
    this.#doubtedAt = now;
    return true;
  }

  /** quiche wants to be woken in `timeout` ms, or not at all; when that is. */
  armed(now: number, timeout: number | null): number {
    this.unanswered = this.isInFlight(timeout) ? Math.min(this.unanswered, now) : Infinity;
    // it truncates to whole milliseconds
    return timeout === null ? Infinity : now + timeout + 1;
  }

  /** Whether something waits for an acknowledgment, as quiche's timer tells: else it waits for the idle timeout. */
  isInFlight(timeout: number | null): boolean {
    return timeout !== null && timeout <= this.idleTimeout / 2;
  }

  /** When an open link has to be looked after. */
  due(lastSent: number): number {
    return Math.min(lastSent + this.#keepAlive, this.#provenAt + this.idleTimeout);
  }

  #look(now: number, arrivals: number): void {
    this.#lookAt = now + LOOK;
    if (arrivals > this.#arrivals) this.#provenAt = this.#heardAt;
    this.#arrivals = arrivals;
  }
}
