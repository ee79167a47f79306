/**
 * Invariant 17, and what is promised of relay sessions and of those who seek ways through NATs (part of 18). Pure.
 */

/** Whom a member is attached to. */
export interface AttachmentFacts {
  readonly member: string;
  /** Stations it was given that live. */
  readonly live: readonly string[];
  /** Hex ids of those it has a connection to that is good for calls. */
  readonly connected: ReadonlySet<string>;
  /** Whether one of them is enough: a client has one at a time. */
  readonly one: boolean;
}

/** Invariant 17, when the faults are over. */
export function* attachedToLiving(facts: Iterable<AttachmentFacts>): Generator<string> {
  for (const { member, live, connected, one } of facts) {
    const missing = live.filter((station) => !connected.has(station));
    if (missing.length === 0 || (one && missing.length < live.length)) continue;
    yield `${member} is not attached to ${missing.map((id) => id.slice(0, 8)).join(', ')}, which live`;
  }
}

/** One session in which a member is an end, or which a station passes on. */
export interface SessionFacts {
  /** The same object each time it is looked at. */
  readonly session: object;
  readonly name: string;
  /** Whether anybody is there who may use it. */
  readonly used: boolean;
}

/** Of 18: no session outlives both its ends by more than `most` ms. `since`: when it was first seen unused. */
export function* givenBack(
  member: string,
  sessions: Iterable<SessionFacts>,
  now: number,
  most: number,
  since: WeakMap<object, number>,
): Generator<string> {
  for (const { session, name, used } of sessions) {
    if (used) {
      since.delete(session);
      continue;
    }
    const first = since.get(session) ?? now;
    since.set(session, first);
    if (now - first > most) yield `${member} keeps session ${name}, whose ends are gone`;
  }
}

/** Of 18: how much there is of what has a limit. */
export interface WayFacts {
  readonly member: string;
  readonly own: number;
  readonly mostOwn: number;
  readonly passed: number;
  readonly mostPassed: number;
}

export function* withinLimits({ member, own, mostOwn, passed, mostPassed }: WayFacts): Generator<string> {
  if (own > mostOwn) yield `${member} has ${own} relay sessions, ${mostOwn} at most`;
  if (passed > mostPassed) yield `${member} passes on ${passed} sessions, ${mostPassed} at most`;
}
