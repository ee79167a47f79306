/**
 * Addresses at which whoever is there has refused us, so that nobody is asked for ever who says no each time.
 *
 * A refusal is remembered as long as people take to correct a realm or a membership. Bounded: the oldest is forgotten.
 * Pure; times are clock ms.
 */
import { seconds } from '../../actor/clock.ts';

/** Milliseconds. */
export const REFUSED_FOR: number = seconds(600);
/** More than there are bootstraps and contacts that were lost. */
const MOST = 256;

export class RefusedAddresses {
  /** Until when, oldest first. */
  readonly #until = new Map<string, number>();

  get size(): number {
    return this.#until.size;
  }

  add(address: string, now: number): void {
    this.#until.delete(address);
    this.#until.set(address, now + REFUSED_FOR);
    for (const oldest of this.#until.keys()) {
      if (this.#until.size <= MOST) break;
      this.#until.delete(oldest);
    }
  }

  has(address: string, now: number): boolean {
    const until = this.#until.get(address);
    return until !== undefined && now < until;
  }
}
