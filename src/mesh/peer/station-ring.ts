/**
 * Which of a client's stations is dialed next, and when. Pure but for what it remembers; clock ms come in.
 *
 * They are tried in their order, round and round, each with a backoff of its own: one that was lost or did not answer
 * rests, and the next one is due. Even that waits a moment (attempt 0 of the backoff, at most 250 ms): a crowd that has
 * lost its station must not fall upon the next one in the same moment. A station that refuses is not asked again.
 * With one station this is the plain backoff. Source: SPEC §9 "several relays", RELIABILITY §9.
 */
import type { Random } from '../../actor/random.ts';
import { delay, nextAttempt } from './backoff.ts';

/** The next one to be dialed, by its place in the list. */
export interface NextDial {
  readonly at: number;
  /** Milliseconds until then. */
  readonly wait: number;
}

interface Place {
  /** Tries since it was healthy. */
  attempt: number;
  /** Until when it rests. */
  due: number;
  refused: boolean;
  tried: boolean;
}

export class StationRing {
  readonly #places: readonly Place[];

  constructor(count: number) {
    this.#places = Array.from({ length: count }, () => ({
      attempt: 0,
      due: -Infinity,
      refused: false,
      tried: false,
    }));
  }

  get size(): number {
    return this.#places.length;
  }

  /** All refuse us: none will be asked again. */
  get closed(): boolean {
    return this.#places.every(({ refused }) => refused);
  }

  /** Each has been tried. */
  get exhausted(): boolean {
    return this.#places.every(({ tried }) => tried);
  }

  refuse(at: number): void {
    const place = this.#places[at];
    if (place !== undefined) place.refused = place.tried = true;
  }

  /** It was lost, or did not answer. @param healthy ms for which there was a connection; undefined: there was none. */
  lost(at: number, now: number, healthy: number | undefined, random: Random): void {
    const place = this.#places[at];
    if (place === undefined) return;
    if (healthy !== undefined) place.attempt = nextAttempt(place.attempt, healthy);
    place.tried = true;
    place.due = now + delay(place.attempt++, random);
  }

  /** Undefined when all refuse us. @param last the one that was dialed last. */
  next(last: number, now: number, random: Random): NextDial | undefined {
    let soonest: NextDial | undefined;
    for (const at of this.#after(last)) {
      const { due } = this.#places[at] as Place;
      if (due <= now) return { at, wait: due === now ? 0 : delay(0, random) };
      if (soonest === undefined || due - now < soonest.wait) soonest = { at, wait: due - now };
    }
    return soonest;
  }

  /** The next one to be dialed beside a connection in doubt: that one's own turn comes last. */
  beside(last: number): number {
    return this.#after(last)[0] ?? last;
  }

  /** How many ms a dial may take before the next one's turn comes: longer with each try, for stations far away. */
  patience(at: number, least: number, most: number): number {
    return Math.min(most, least * 2 ** Math.min(this.#places[at]?.attempt ?? 0, 16));
  }

  /** Those that do not refuse us, in their order, from the one after `last` on. */
  #after(last: number): readonly number[] {
    const count = this.#places.length;
    const all = Array.from({ length: count }, (_, n) => (last + 1 + n) % count);
    return all.filter((at) => this.#places[at]?.refused === false);
  }
}
