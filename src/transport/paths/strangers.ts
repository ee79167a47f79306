/**
 * What a link gives to sources it does not know (TRANSPORT §12): few looks, and little trust. Pure.
 */

/** Datagrams per window accepted from sources that are no path: each costs a statistics call or a signature. */
export const STRANGERS = 64;
export const STRANGERS_WINDOW = 25;

/** Questions remembered, so that one that was copied does not make its copier a path. */
const MAX_SEEN = 64;

/** So many datagrams of strangers per window and no more. */
export class StrangerBudget {
  #count = 0;
  #window = -Infinity;

  take(now: number): boolean {
    if (now - this.#window >= STRANGERS_WINDOW) {
      this.#window = now;
      this.#count = 0;
    }
    this.#count++;
    return this.#count <= STRANGERS;
  }
}

/** The peer's last questions, by their nonces. */
export class SeenQuestions {
  readonly #seen = new Set<string>();

  /** True when it is seen for the first time. */
  take(nonce: Uint8Array): boolean {
    const name = Buffer.from(nonce).toString('latin1');
    if (this.#seen.has(name)) return false;
    this.#seen.add(name);
    if (this.#seen.size > MAX_SEEN) for (const oldest of this.#seen) return this.#seen.delete(oldest);
    return true;
  }
}

/**
 * Since when the known paths are silent, by genuine packets: by forged datagrams somebody may keep them alive in
 * appearance.
 */
export class OwnPackets {
  /** Genuine packets of strangers, in all. */
  #foreign = 0;
  /** Genuine packets of the known paths when they were last seen to grow, and when. */
  #own = -1;
  #at = 0;

  /** A stranger's datagram had `packets` genuine ones; `all` came so far. Clock time since which there were no others. */
  silentSince(packets: number, all: number, now: number): number {
    this.#foreign += packets;
    const own = all - this.#foreign;
    if (own !== this.#own) {
      this.#own = own;
      this.#at = now;
    }
    return this.#at;
  }
}

/** So many questions to addresses that were offered, however many offers there are: whoever makes them is not trusted. */
export class SearchBudget {
  readonly #burst: number;
  /** Milliseconds per question. */
  readonly #pause: number;
  #left: number;
  #at = -Infinity;

  constructor(burst: number, pause: number) {
    this.#burst = this.#left = burst;
    this.#pause = pause;
  }

  take(now: number): boolean {
    if (this.#at !== -Infinity)
      this.#left = Math.min(this.#burst, this.#left + (now - this.#at) / this.#pause);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
