/**
 * One hole punch, as its coordinator sees it: a machine of plain data. Pure; times are clock ms.
 *
 * pending → coordinating → executing → completed | failed. The deadline of an attempt is armed on entering
 * coordinating and spans executing; an attempt that fails or times out is followed by the next, three in all. Some
 * failures are final at once: another attempt would end the same. Source: SPEC §8.4.
 */

/** Milliseconds from the coordination of an attempt to its result. */
export const PUNCH_DEADLINE = 5_000;
export const MAX_ATTEMPTS = 3;
/** Milliseconds after which a session is forgotten whatever its state. */
export const MAX_AGE = 300_000;
/** Sessions at once. */
const LIMIT = 1_000;

/** Why no hole came of it. */
export const PUNCH_FAILURES = [
  /** The last attempt was not reported in time. */
  'timeout',
  /** Both sides tried, and nothing came through. */
  'unreachable',
  /** The other side wants none. */
  'refused',
  /** One side gets no UDP out at all. */
  'udp_blocked',
  /** Neither side's ports can be foretold. */
  'both_symmetric',
  /** One side is gone. */
  'peer_gone',
  'canceled',
] as const;
export type PunchFailure = (typeof PUNCH_FAILURES)[number];

/** What somebody's word means; undefined when it is none of ours. */
export const punchFailure = (said: unknown): PunchFailure | undefined =>
  PUNCH_FAILURES.find((each) => each === said);

/** Another attempt may end otherwise. */
const AGAIN: ReadonlySet<PunchFailure> = new Set(['timeout', 'unreachable']);

export type PunchSession =
  | { readonly tag: 'pending'; readonly attempts: 0; readonly since: number }
  | {
      readonly tag: 'coordinating' | 'executing';
      /** Begun, this one included. */
      readonly attempts: number;
      readonly deadline: number;
      readonly since: number;
    }
  | { readonly tag: 'completed'; readonly attempts: number; readonly since: number; readonly port?: number }
  | {
      readonly tag: 'failed';
      readonly attempts: number;
      readonly since: number;
      readonly reason: PunchFailure;
    };

export type PunchEvent =
  /** Both sides can be told where the other is. */
  | { readonly tag: 'ready' }
  /** Both sides have begun. */
  | { readonly tag: 'executing' }
  | { readonly tag: 'succeeded'; readonly port?: number }
  | { readonly tag: 'failed'; readonly reason: PunchFailure }
  /** Time went by. */
  | { readonly tag: 'elapsed' };

/** What is to be done: both sides are told where the other is, or how it ended. */
export type PunchAct = 'none' | 'coordinate' | 'report';

export interface PunchStep {
  readonly session: PunchSession;
  readonly act: PunchAct;
}

export const newPunch = (now: number): PunchSession => ({ tag: 'pending', attempts: 0, since: now });

export const isOver = ({ tag }: PunchSession): boolean => tag === 'completed' || tag === 'failed';

/** Events that do not belong to a state change nothing. */
export function stepPunch(session: PunchSession, event: PunchEvent, now: number): PunchStep {
  const unchanged: PunchStep = { session, act: 'none' };
  if (session.tag === 'completed' || session.tag === 'failed') return unchanged;
  if (event.tag === 'failed') return failed(session, event.reason, now);
  if (session.tag === 'pending') return event.tag === 'ready' ? attempt(session, now) : unchanged;
  switch (event.tag) {
    case 'executing':
      return { session: { ...session, tag: 'executing' }, act: 'none' };
    case 'succeeded': {
      const { attempts, since } = session;
      const port = event.port === undefined ? {} : { port: event.port };
      return { session: { tag: 'completed', attempts, since, ...port }, act: 'report' };
    }
    case 'elapsed':
      return now >= session.deadline ? failed(session, 'timeout', now) : unchanged;
    case 'ready':
      return unchanged;
  }
}

function attempt({ attempts, since }: PunchSession, now: number): PunchStep {
  return {
    session: { tag: 'coordinating', attempts: attempts + 1, deadline: now + PUNCH_DEADLINE, since },
    act: 'coordinate',
  };
}

function failed(session: PunchSession, reason: PunchFailure, now: number): PunchStep {
  const { attempts, since } = session;
  if (AGAIN.has(reason) && attempts > 0 && attempts < MAX_ATTEMPTS) return attempt(session, now);
  return { session: { tag: 'failed', attempts, since, reason }, act: 'report' };
}

/** The sessions of a coordinator, by their id. Bounded in number and age. */
export class PunchSessions {
  readonly #sessions = new Map<string, PunchSession>();
  readonly #limit: number;

  constructor(limit: number = LIMIT) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#sessions.size;
  }

  find(id: string): PunchSession | undefined {
    return this.#sessions.get(id);
  }

  /** False when there are too many, or this one exists: an id is used once. */
  begin(id: string, now: number): boolean {
    if (this.#sessions.size >= this.#limit || this.#sessions.has(id)) return false;
    this.#sessions.set(id, newPunch(now));
    return true;
  }

  /** Nobody asks for it any more. */
  forget(id: string): void {
    this.#sessions.delete(id);
  }

  /** Undefined when there is no such session. One that is over is kept until it is forgotten. */
  step(id: string, event: PunchEvent, now: number): PunchStep | undefined {
    const session = this.#sessions.get(id);
    if (session === undefined) return undefined;
    const step = stepPunch(session, event, now);
    this.#sessions.set(id, step.session);
    return step;
  }

  /** Lets time go by: what has to be done now, and what is too old is gone. */
  elapse(now: number): readonly { readonly id: string; readonly step: PunchStep }[] {
    const due: { readonly id: string; readonly step: PunchStep }[] = [];
    for (const [id, session] of this.#sessions) {
      const step = stepPunch(session, { tag: 'elapsed' }, now);
      this.#sessions.set(id, step.session);
      if (step.act !== 'none') due.push({ id, step });
      if (now - session.since >= MAX_AGE) this.#sessions.delete(id);
    }
    return due;
  }
}
