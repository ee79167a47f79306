/**
 * When a peer that owes us answers is suspected to be gone. Pure.
 *
 * It is asked every max(100 ms, 1.5 × smoothed round trip); anything that provably came from it since the last
 * question counts as an answer. Three questions in a row without one make it suspect. A look that comes late
 * because our own event loop was busy counts nothing: the answer may lie in the socket. Source: DESIGN §8, QUIC;
 * TRANSPORT §12, rule 4.
 */

const SHORTEST = 100;
const ROUND_TRIPS = 1.5;
/**
 * Round trips are not believed above this, ms: quiche 0.18 stamps packets with the time of its pacer, also when
 * pacing is off, and that one stands still for seconds once losses have shrunk the congestion window.
 */
const LONGEST_ROUND_TRIP = 1_000;
/** Unanswered questions in a row. */
export const MISSES = 3;
/** Milliseconds by which a look may come late and still count. */
const TOLERANCE = 50;

export interface Liveness {
  /** Packets that had arrived at the last look. */
  readonly arrivals: number;
  /** Clock time of the next look. */
  readonly due: number;
  /** Questions in a row without an answer. */
  readonly misses: number;
}

export interface Look {
  readonly now: number;
  readonly arrivals: number;
  /** Smoothed round trip in ms, 0 when unknown. */
  readonly rtt: number;
}

/** Milliseconds between two questions. */
export const probeEvery = (rtt: number): number => Math.max(SHORTEST, ROUND_TRIPS * believed(rtt));

/** Begins to look: what was sent just now is the first question. */
export const watchFrom = ({ now, arrivals, rtt }: Look): Liveness => ({
  arrivals,
  due: now + probeEvery(rtt),
  misses: 0,
});

/** A look at the time it was due, or later. */
export function look(before: Liveness, { now, arrivals, rtt }: Look): Liveness {
  const due = now + probeEvery(rtt);
  if (arrivals > before.arrivals) return { arrivals, due, misses: 0 };
  const late = isLate(before.due, now);
  return { arrivals, due, misses: late ? before.misses : before.misses + 1 };
}

/**
 * A link that may go another way does so after three misses, and has as many again to be answered there: only then the
 * peer is in doubt (TRANSPORT §12).
 */
export const patienceOf = (paths: number): number => (paths > 1 ? 2 * MISSES : MISSES);

export const isSuspect = ({ misses }: Liveness, patience: number = MISSES): boolean => misses >= patience;

export const isLate = (due: number, now: number): boolean => now - due > TOLERANCE;

/** How long a peer that seems to have forgotten us has to answer one last question. */
export const lastChance = (rtt: number): number => Math.max(500, 3 * believed(rtt));

/** The same for one that is only silent: a burst of losses on a slow line takes a second or two. */
export const longChance = (rtt: number): number => Math.max(2_000, 12 * believed(rtt));

/**
 * The same when another station has answered meanwhile: our line is good, and callers wait. A station whose event loop
 * stands still for a moment keeps its clients all the same.
 */
export const shortChance = (rtt: number): number => Math.max(800, 3 * believed(rtt));

/** What is made of a round trip that the transport has measured, ms. */
export const believed = (rtt: number): number => Math.min(rtt, LONGEST_ROUND_TRIP);
