/**
 * The invariants of a simulated mesh (RELIABILITY §12.5), by number, and which of them are looked at.
 */

/** What must not happen and did. */
export interface Violation {
  /** Its number in `INVARIANTS`. */
  readonly invariant: number;
  /** Virtual milliseconds. */
  readonly at: number;
  readonly detail: string;
}

export interface Invariant {
  readonly title: string;
  /** Why nobody looks at it; undefined when somebody does. */
  readonly notYet?: string;
}

/** 1 to 14 hold always, 15 to 20 when the faults are over. */
export const INVARIANTS: Readonly<Record<number, Invariant>> = {
  1: { title: 'messages of one pair come in order, once, without gap' },
  2: { title: 'each call settles exactly once, by its deadline' },
  3: { title: 'a handler runs at most once per call, once per provider and key when repeated' },
  4: { title: 'nobody lives whose supervisor is dead' },
  5: { title: 'restarts stay within the intensity, or the supervisor is dead' },
  6: { title: 'children stop in reverse start order' },
  7: { title: 'a mailbox holds its bound at most, and its books are right' },
  8: { title: 'exactly one DOWN per monitor, one EXIT per link' },
  9: { title: 'a name has one live holder at most' },
  10: { title: 'a bucket holds K contacts at most, none is ourselves, each was verified' },
  11: { title: 'no record is kept past its end or without a signature, and its sequence never falls' },
  12: {
    title: 'bytes out of a tunnel are a prefix of the bytes into it',
    notYet: 'there are no tunnels yet (part 7)',
  },
  13: { title: 'a connection queues its cap at most' },
  14: { title: 'no unhandled rejection, no uncaught exception, no real time or chance' },
  15: { title: 'every service with a live provider resolves from every live node' },
  16: { title: 'pools converge; no connection to the dead' },
  17: { title: 'every client and every node with a live station is attached to it' },
  18: { title: 'calls, invocations, actors and timers are as they were before' },
  19: { title: 'after the end no actor, timer or handle is left' },
  20: { title: 'after a healed partition everything is found from everywhere within one refresh' },
};
