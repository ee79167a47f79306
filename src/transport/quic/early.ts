/**
 * Relayed datagrams that came before word of their session did: control frames and datagrams are not ordered. Pure.
 *
 * Only peers are listened to, and each has little room, for a moment: who comes too late sends again.
 */

/** Datagrams and bytes kept of one source and in all, datagrams kept of one session, and for how long: ms. */
export const MAX_EARLY_PER_SOURCE = 16;
export const MAX_EARLY_BYTES_PER_SOURCE = 32_768;
export const MAX_EARLY = 128;
export const MAX_EARLY_BYTES = 262_144;
export const MAX_EARLY_PER_SESSION = 4;
export const EARLY = 1_000;

export interface Source {
  readonly address: string;
  readonly port: number;
}

export interface EarlyDatagram {
  /** 16 bytes as latin1. */
  readonly session: string;
  readonly datagram: Buffer;
  readonly from: Source;
  readonly at: number;
}

export class Early {
  /** In the order in which they came. */
  #held: EarlyDatagram[] = [];
  #bytes = 0;

  get size(): number {
    return this.#held.length;
  }

  /** Keeps a copy. False when there is no room. */
  hold(session: string, datagram: Buffer, from: Source, now: number): boolean {
    this.expire(now);
    const { address, port } = from;
    const same = this.#held.filter((one) => one.session === session).length;
    if (same >= MAX_EARLY_PER_SESSION || this.#held.length >= MAX_EARLY) return false;
    if (this.#bytes + datagram.length > MAX_EARLY_BYTES) return false;
    const theirs = this.#held.filter((one) => one.from.port === port && one.from.address === address);
    if (theirs.length >= MAX_EARLY_PER_SOURCE) return false;
    if (sum(theirs) + datagram.length > MAX_EARLY_BYTES_PER_SOURCE) return false;
    this.#held.push({ session, datagram: Buffer.from(datagram), from: { address, port }, at: now });
    this.#bytes += datagram.length;
    return true;
  }

  /** Takes out all, or those of one session. */
  take(session?: string): readonly EarlyDatagram[] {
    const taken = this.#held.filter((one) => session === undefined || one.session === session);
    this.#keep(this.#held.filter((one) => !taken.includes(one)));
    return taken;
  }

  /** Puts one back that was taken. */
  back(one: EarlyDatagram): void {
    this.#held.push(one);
    this.#bytes += one.datagram.length;
  }

  /** Drops what has been kept for too long; how many. */
  expire(now: number): number {
    const kept = this.#held.filter(({ at }) => now - at < EARLY);
    const dropped = this.#held.length - kept.length;
    if (dropped > 0) this.#keep(kept);
    return dropped;
  }

  #keep(kept: EarlyDatagram[]): void {
    this.#held = kept;
    this.#bytes = sum(kept);
  }
}

const sum = (held: readonly EarlyDatagram[]): number =>
  held.reduce((bytes, { datagram }) => bytes + datagram.length, 0);
