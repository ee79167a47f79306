/**
 * Which path packets take (TRANSPORT §12). Pure.
 *
 * A direct or punched path before one through a station, then the faster one. Between paths of a kind the present one
 * keeps its place unless another is clearly faster.
 */

/** What is known of a path that may be chosen. */
export interface Option {
  /** 0: packets travel by UDP all the way; 1: a station or TCP is in between. */
  readonly rank: number;
  /** ms; undefined when not measured. */
  readonly rtt: number | undefined;
}

/** A path is clearly faster when it saves this share of the round trip, and at least so many ms. */
const SHARE = 0.25;
const LEAST_GAIN = 3;

/** Milliseconds for which the first packet on a faster path waits at most: a slow peer must not silence us. */
const MAX_HOLD = 500;

/** The best of `options` for who uses `present` now; `present` when none is better. `present` may be out of the race. */
export function choose<Item extends Option>(options: readonly Item[], present: Item): Item {
  let best = options.includes(present) ? present : undefined;
  for (const option of options) if (best === undefined || isBetter(option, best)) best = option;
  return best ?? present;
}

/** Along which of `options` packets go as well when a path is in doubt: what hardly shares its fate, then the fastest. */
export function backup<Item extends Option>(options: readonly Item[], present: Item): Item | undefined {
  let best: Item | undefined;
  for (const option of options) {
    if (option === present) continue;
    if (
      best === undefined ||
      option.rank > best.rank ||
      (option.rank === best.rank && isBetter(option, best))
    )
      best = option;
  }
  return best;
}

/** How long the first packet on a faster path waits, so that it does not overtake what is under way: ms. */
export function holdOff(before: Option, after: Option): number {
  if (before.rtt === undefined || after.rtt === undefined || before.rtt <= after.rtt) return 0;
  return Math.min(MAX_HOLD, (before.rtt - after.rtt) / 2 + 1);
}

function isBetter(one: Option, other: Option): boolean {
  if (one.rank !== other.rank) return one.rank < other.rank;
  if (one.rtt === undefined || other.rtt === undefined) return false;
  return other.rtt - one.rtt > Math.max(LEAST_GAIN, other.rtt * SHARE);
}
