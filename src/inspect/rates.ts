/**
 * How much of each counter there was per second between two looks: known only while somebody looks (INSPECTOR §2). Pure.
 *
 * Messages are counted by the actor itself. Crashes and restarts belong to its place below its supervisor: the next actor there goes on
 * counting, so places are remembered from look to look, those where anything of the kind has happened.
 */
import type { Counters } from './snapshot.ts';

export const IDLE: Counters = { in: 0, out: 0, handled: 0, crashes: 0, restarts: 0 };

type Ends = Pick<Counters, 'crashes' | 'restarts'>;

const NONE: Ends = { crashes: 0, restarts: 0 };

export class Places {
  #seen = new WeakMap<object, Ends>();

  /** What came to it since the last look; a place that was never seen had nothing then. */
  look(place: object, { crashes, restarts }: Ends): Ends {
    if (crashes === 0 && restarts === 0) return NONE;
    const before = this.#seen.get(place) ?? NONE;
    if (before.crashes === crashes && before.restarts === restarts) return NONE;
    this.#seen.set(place, { crashes, restarts });
    return { crashes: crashes - before.crashes, restarts: restarts - before.restarts };
  }

  clear(): void {
    this.#seen = new WeakMap();
  }
}

/** @param known its counters in the look before, `elapsed` ms ago; undefined: it is new. `ends`: what came to its place since. */
export function ratesOf(now: Counters, known: Counters | undefined, ends: Ends, elapsed: number): Counters {
  if (elapsed <= 0) return IDLE;
  const per = (count: number): number => perSecond(count, elapsed);
  return {
    in: known === undefined ? 0 : per(now.in - known.in),
    out: known === undefined ? 0 : per(now.out - known.out),
    handled: known === undefined ? 0 : per(now.handled - known.handled),
    crashes: per(ends.crashes),
    restarts: per(ends.restarts),
  };
}

/** To a tenth: what is hardly busy need not be told again and again. */
const perSecond = (count: number, elapsed: number): number => Math.round((count * 10_000) / elapsed) / 10;
