/**
 * How long a mailbox has kept somebody waiting, told from looks at it.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Waiting } from '../../src/inspect/waiting.ts';

describe('Waiting', () => {
  test('says nothing of an empty mailbox, nor of what came since the last look', () => {
    const waiting = new Waiting();
    expect(waiting.look('a', 0, 5, 5)).toBe(0);
    expect(waiting.look('a', 100, 7, 5)).toBe(0);
  });

  test('counts from the first look that saw the message', () => {
    const waiting = new Waiting();
    waiting.look('a', 100, 3, 0);
    expect(waiting.look('a', 350, 9, 2)).toBe(250);
    expect(waiting.look('a', 400, 9, 3)).toBe(50);
  });

  test('keeps actors apart and forgets those that are gone', () => {
    const waiting = new Waiting();
    waiting.look('a', 0, 1, 0);
    waiting.look('b', 50, 1, 0);
    waiting.forget('a');
    expect([waiting.look('a', 100, 1, 0), waiting.look('b', 100, 1, 0)]).toEqual([0, 50]);
  });

  test('is never more than the true wait, and less by one step between looks at most while looks are few', () => {
    const step = fc.record({ come: fc.nat(5), handle: fc.nat(5), ms: fc.integer({ min: 1, max: 1_000 }) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 14 }), (steps) => {
        const waiting = new Waiting();
        const arrivals: number[] = [];
        let [now, handled, longest] = [0, 0, 0];
        for (const { come, handle, ms } of steps) {
          // all come right after the look before
          for (let each = 0; each < come; each++) arrivals.push(now);
          handled = Math.min(arrivals.length, handled + handle);
          now += ms;
          longest = Math.max(longest, ms);
          const told = waiting.look('a', now, arrivals.length, handled);
          const truth = handled < arrivals.length ? now - (arrivals[handled] as number) : 0;
          expect(told).toBeLessThanOrEqual(truth);
          expect(told).toBeGreaterThanOrEqual(truth - longest);
        }
      }),
    );
  });

  test('remembers sixteen looks of an actor that never ends its first message, and still its first', () => {
    const waiting = new Waiting();
    let told = 0;
    for (let look = 0; look < 1_000; look++) told = waiting.look('a', look * 10, look + 1, 0);
    expect(told).toBe(9_990);
  });
});
