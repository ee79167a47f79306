/**
 * The race of the ways to one peer: when the next of them begins, and how long each may take. Pure; times are clock ms.
 *
 * The best way has a head start, then the others join one by one, and each that fails is replaced at once; the first whose peer has
 * proven itself wins. So a way that is silent delays a call by a moment, and one that works costs no dial but its own. Each gets
 * a part of the time that is left, so that dead ones do not eat the deadline of those behind them. Source: RFC 8305 §5.
 */
import type { Route } from './pool-plan.ts';

/** Milliseconds for which a way is alone before the next joins: the Connection Attempt Delay of RFC 8305. */
export const HEAD_START = 250;
/** Ways to one peer that are tried at once. */
export const LANES = 4;
/** Milliseconds for one address at most (the reference's figure), and at least: a handshake nearby. */
export const LONGEST_ATTEMPT = 3_000;
const SHORTEST_ATTEMPT = 250;

export interface Race {
  readonly dials: number;
  /** A way through a station is sought, and none is being tried. */
  readonly seeking: boolean;
  /** When the last one joined; -Infinity when none has, or one has failed since. */
  readonly begunAt: number;
}

/** Ways that are being tried, and whether one is sought. */
export const underWay = ({ dials, seeking }: Race): number => (seeking ? dials + 1 : dials);

/** Milliseconds until `next` joins, 0: now; undefined: not before one that is under way has failed. */
export function joinsIn(race: Race, next: Route | undefined, now: number): number | undefined {
  if (next === undefined) return undefined;
  // it takes the place of what was sought
  if (next.tag === 'relayed') return race.dials < LANES ? 0 : undefined;
  const lanes = underWay(race);
  if (lanes === 0) return 0;
  if (lanes >= LANES || (next.tag === 'nat' && next.lastResort)) return undefined;
  return Math.max(0, race.begunAt + HEAD_START - now);
}

/**
 * Milliseconds for the next way. Those that are tried side by side share the time that is left.
 * @param left until the last caller gives up; `ways`: under way or still to come, this one included.
 */
export const attemptTime = (left: number, ways: number, longest: number = LONGEST_ATTEMPT): number =>
  Math.max(SHORTEST_ATTEMPT, Math.min(longest, (left * Math.min(LANES, ways)) / ways));

/** The same for an attempt to get through its NAT, which may ask several stations: its equal part, if that is longer. */
export const traversalTime = (left: number, ways: number): number =>
  attemptTime(left, ways, Math.max(LONGEST_ATTEMPT, left / ways));
