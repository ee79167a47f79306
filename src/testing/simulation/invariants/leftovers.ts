/**
 * Invariants 18 and 19: what is left when all is quiet, and when all is over. Pure.
 */

/** How much there is of everything that grows with what a member does. */
export interface Load {
  /** Calls of its users that are not settled. */
  readonly calls: number;
  readonly invocations: number;
  /** Those that outlive their time: younger ones come and go, a node keeps its table fresh. */
  readonly lookups: number;
  /** Attempts to find a way to a peer, and hole punches; likewise. */
  readonly seekers: number;
  /** Actors, without connections and procedures: those come and go with peers and services. */
  readonly actors: number;
  /** Of those actors, without the one of each name that is published. The timer of a call ends with its time. */
  readonly timers: number;
}

/** Timers more than before: of pauses before one thing or another is tried again. */
const SPARE_TIMERS = 4;

/** Invariant 18: a quiet member against itself before the storm; undefined: it was not there then. */
export function* asBefore(member: string, now: Load, before: Load | undefined): Generator<string> {
  if (now.calls > 0) yield `${member} has ${now.calls} open calls`;
  if (now.invocations > 0) yield `${member} has ${now.invocations} invocations`;
  if (now.lookups > 0) yield `${member} has ${now.lookups} lookups that do not end`;
  if (now.seekers > 0) yield `${member} has ${now.seekers} attempts to find a way that do not end`;
  if (before !== undefined && now.actors !== before.actors)
    yield `${member} has ${now.actors} actors, it had ${before.actors}`;
  if (before !== undefined && now.timers > before.timers + SPARE_TIMERS)
    yield `${member} has ${now.timers} timers, it had ${before.timers}`;
}

/** What is left of one life of one member. */
export interface Remains {
  readonly member: string;
  readonly actors: number;
  readonly timers: number;
}

/** Invariant 19. `sockets`: of the whole network; `timers`: of the clock that all share. */
export function* nothingLeft(
  lives: Iterable<Remains>,
  sockets: number,
  clockTimers: number,
): Generator<string> {
  for (const { member, actors, timers } of lives) {
    if (actors > 0) yield `${actors} actors of ${member} are left`;
    if (timers > 0) yield `${timers} timers of ${member} are left`;
  }
  if (sockets > 0) yield `${sockets} sockets are left`;
  if (clockTimers > 0) yield `${clockTimers} timers of the clock are left`;
}
