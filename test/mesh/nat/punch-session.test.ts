import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  PUNCH_FAILURES,
  isOver,
  MAX_AGE,
  MAX_ATTEMPTS,
  newPunch,
  PUNCH_DEADLINE,
  PunchSessions,
  stepPunch,
  type PunchEvent,
} from '../../../src/mesh/nat/punch/punch-session.ts';

const event: fc.Arbitrary<PunchEvent> = fc.oneof(
  fc.constantFrom<PunchEvent>(
    { tag: 'ready' },
    { tag: 'executing' },
    { tag: 'elapsed' },
    { tag: 'succeeded' },
  ),
  fc.constantFrom(...PUNCH_FAILURES).map((reason): PunchEvent => ({ tag: 'failed', reason })),
);

describe('stepPunch', () => {
  test('the deadline is armed on entering coordinating and spans executing', () => {
    const begun = stepPunch(newPunch(0), { tag: 'ready' }, 100);
    expect(begun).toMatchObject({
      act: 'coordinate',
      session: { tag: 'coordinating', attempts: 1, deadline: 100 + PUNCH_DEADLINE },
    });
    const executing = stepPunch(begun.session, { tag: 'executing' }, 3_000).session;
    expect(executing).toMatchObject({ tag: 'executing', deadline: 100 + PUNCH_DEADLINE });
    expect(stepPunch(executing, { tag: 'elapsed' }, 99 + PUNCH_DEADLINE).act).toBe('none');
    expect(stepPunch(executing, { tag: 'elapsed' }, 100 + PUNCH_DEADLINE)).toMatchObject({
      act: 'coordinate',
      session: { tag: 'coordinating', attempts: 2 },
    });
  });

  test('an attempt that did not get through is followed by the next, three in all', () => {
    let session = stepPunch(newPunch(0), { tag: 'ready' }, 0).session;
    const acts = [1, 2, 3].map((now) => {
      const step = stepPunch(session, { tag: 'failed', reason: 'unreachable' }, now);
      session = step.session;
      return step.act;
    });
    expect(acts).toEqual(['coordinate', 'coordinate', 'report']);
    expect(session).toMatchObject({ tag: 'failed', attempts: MAX_ATTEMPTS, reason: 'unreachable' });
  });

  test.each(['refused', 'udp_blocked', 'both_symmetric', 'peer_gone', 'canceled'] as const)(
    '%s is final at once',
    (reason) => {
      const { session } = stepPunch(newPunch(0), { tag: 'ready' }, 0);
      expect(stepPunch(session, { tag: 'failed', reason }, 1)).toMatchObject({
        act: 'report',
        session: { tag: 'failed', attempts: 1, reason },
      });
    },
  );

  test('whatever happens in whatever order, there are no more than three attempts and one report', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(event, fc.nat(6_000))), (events) => {
        let session = newPunch(0);
        let now = 0;
        let reports = 0;
        let coordinations = 0;
        for (const [what, wait] of events) {
          now += wait;
          const before = session;
          const step = stepPunch(session, what, now);
          session = step.session;
          if (step.act === 'report') reports++;
          if (step.act === 'coordinate') coordinations++;
          if (isOver(before)) expect(step).toEqual({ session: before, act: 'none' });
        }
        expect(coordinations).toBeLessThanOrEqual(MAX_ATTEMPTS);
        expect(reports).toBe(isOver(session) ? 1 : 0);
      }),
    );
  });
});

describe('PunchSessions', () => {
  test('an id is used once, and there is room for so many', () => {
    const sessions = new PunchSessions(2);
    expect(['a', 'a', 'b', 'c'].map((id) => sessions.begin(id, 0))).toEqual([true, false, true, false]);
  });

  test('time ends attempts, and at last the session itself', () => {
    const sessions = new PunchSessions();
    sessions.begin('a', 0);
    sessions.step('a', { tag: 'ready' }, 0);
    expect(sessions.elapse(PUNCH_DEADLINE)).toMatchObject([{ id: 'a', step: { act: 'coordinate' } }]);
    expect(sessions.elapse(PUNCH_DEADLINE)).toEqual([]);
    sessions.elapse(MAX_AGE);
    expect(sessions.size).toBe(0);
  });
});
