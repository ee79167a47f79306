/** Runs a pure lookup: without time, or against simulated nodes in virtual time. */
import type { Contact } from '../../../src/mesh/dht/contact.ts';
import type { Lookup } from '../../../src/mesh/dht/lookup.ts';
import type { Waits } from '../../../src/mesh/dht/request-times.ts';

export const patient = (): Waits => ({ late: 1_000, hard: 4_000 });

export interface Reply {
  readonly closer: readonly Contact[];
  readonly hasValues?: boolean;
}

/** Each is answered at once; undefined has failed. Whom it asked, in this order. */
export function runAlone(lookup: Lookup, reply: (contact: Contact) => Reply | undefined): Contact[] {
  const asked: Contact[] = [];
  for (;;) {
    const questions = lookup.next(0);
    if (lookup.done) return asked;
    if (questions.length === 0) throw new Error('it is neither done nor asks');
    for (const { contact } of questions) {
      asked.push(contact);
      const answer = reply(contact);
      if (answer === undefined) lookup.failed(contact.nodeId);
      else lookup.answered(contact.nodeId, answer.closer, 0, answer.hasValues ?? false);
    }
  }
}

export interface Timed {
  readonly asked: readonly Contact[];
  readonly took: number;
  /** Most that were waited for at once. */
  readonly waitedFor: number;
}

/** Each answers after `delay` ms, or never when that is undefined. */
export function runTimed(
  lookup: Lookup,
  delay: (contact: Contact) => number | undefined,
  reply: (contact: Contact) => Reply,
  waits: (contact: Contact) => Waits = patient,
): Timed {
  const asked: Contact[] = [];
  let now = 0;
  let waitedFor = 0;
  const events: { at: number; lateAt: number; happen: () => void }[] = [];
  for (;;) {
    for (const { contact, timeout } of lookup.next(now)) {
      asked.push(contact);
      const after = delay(contact);
      const lateAt = now + waits(contact).late;
      if (after === undefined || after >= timeout) {
        events.push({ at: now + timeout, lateAt, happen: () => lookup.failed(contact.nodeId) });
      } else {
        const at = now + after;
        const happen = (): void => {
          const { closer, hasValues = false } = reply(contact);
          lookup.answered(contact.nodeId, closer, at, hasValues);
        };
        events.push({ at, lateAt, happen });
      }
    }
    if (lookup.done) return { asked, took: now, waitedFor };
    const time = now;
    waitedFor = Math.max(waitedFor, events.filter(({ lateAt }) => lateAt > time).length);
    events.sort((a, b) => a.at - b.at);
    const wake = lookup.nextWake ?? Infinity;
    const next = events[0]?.at ?? Infinity;
    if (wake === Infinity && next === Infinity) throw new Error('it is neither done nor waits');
    now = Math.min(wake, next);
    while (events[0] !== undefined && events[0].at <= now) events.shift()!.happen();
  }
}
