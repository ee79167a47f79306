/**
 * What a link gives to sources it does not know (TRANSPORT §12): few looks, and little trust. Pure.
 */

/** Datagrams per window accepted from sources that are no path: each costs a statistics call or a signature. */
export const STRANGERS = 64;
export const STRANGERS_WINDOW = 25;

/** Questions remembered at least, so that one that was copied does not make its copier a path. */
export const SEEN = 4_096;
/** A nonce is so many 16-bit numbers, and as many bits of a table say that it was seen. */
const WORDS = 4;
const TABLE_BYTES = 2 ** 16 / 8;

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

/**
 * The peer's last questions, by their nonces. None is taken for a new one before 4,096 others were looked at; of the new
 * ones one in some hundred is taken for an old one, and the peer asks again. At most 16 KiB, whatever anybody does.
 */
export class SeenQuestions {
  #table: Uint8Array | undefined;
  /** The table before, which was full. */
  #before: Uint8Array | undefined;
  #count = 0;

  /** True when it is seen for the first time. `nonce`: 8 bytes. */
  take(nonce: Uint8Array): boolean {
    if (isIn(this.#table, nonce)) return false;
    // also one that is taken for an old one is remembered, longer than the table before is
    const fresh = !isIn(this.#before, nonce);
    if (this.#table === undefined || this.#count === SEEN) {
      this.#before = this.#table;
      this.#table = new Uint8Array(TABLE_BYTES);
      this.#count = 0;
    }
    this.#count++;
    for (let word = 0; word < WORDS; word++) {
      const bit = bitOf(nonce, word);
      this.#table[bit >> 3] = (this.#table[bit >> 3] ?? 0) | (1 << (bit & 7));
    }
    return fresh;
  }
}

function isIn(table: Uint8Array | undefined, nonce: Uint8Array): boolean {
  if (table === undefined) return false;
  for (let word = 0; word < WORDS; word++) {
    const bit = bitOf(nonce, word);
    if (((table[bit >> 3] ?? 0) & (1 << (bit & 7))) === 0) return false;
  }
  return true;
}

const bitOf = (nonce: Uint8Array, word: number): number =>
  ((nonce[2 * word] ?? 0) << 8) | (nonce[2 * word + 1] ?? 0);

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
