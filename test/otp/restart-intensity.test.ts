import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  checkLimit,
  DEFAULT_LIMIT,
  RestartWindow,
  type RestartLimit,
} from '../../src/otp/restart-intensity.ts';

/** OTP's rule as it is written: all stamps at or after `now - period`, this one included, against `intensity`. */
function reference(limit: RestartLimit): (now: number) => boolean {
  let stamps: number[] = [];
  return (now) => {
    stamps = [...stamps.filter((at) => at >= now - limit.period), now];
    return stamps.length > limit.intensity;
  };
}

const outcomes = (limit: RestartLimit, ...times: number[]): boolean[] => {
  const window = new RestartWindow(limit);
  return times.map((at) => window.record(at));
};

describe('RestartWindow', () => {
  test('`intensity` restarts inside the period survive, one more is too many', () => {
    expect(outcomes({ intensity: 3, period: 1_000 }, 0, 1, 2, 3)).toEqual([false, false, false, true]);
  });

  test('the edge counts: exactly one period later is too much, 1 ms more is not, 1 ms less is', () => {
    expect(outcomes(DEFAULT_LIMIT, 0, 4_999)).toEqual([false, true]);
    expect(outcomes(DEFAULT_LIMIT, 0, 5_000)).toEqual([false, true]);
    expect(outcomes(DEFAULT_LIMIT, 0, 5_001)).toEqual([false, false]);
    const limit = { intensity: 4, period: 100 };
    expect(outcomes(limit, 0, 10, 20, 30, 99)).toEqual([false, false, false, false, true]);
    expect(outcomes(limit, 0, 10, 20, 30, 100)).toEqual([false, false, false, false, true]);
    expect(outcomes(limit, 0, 10, 20, 30, 101)).toEqual([false, false, false, false, false]);
  });

  test('with intensity 0 the first restart is too many', () => {
    expect(outcomes({ intensity: 0, period: 1 }, 0)).toEqual([true]);
  });

  test('agrees with a sliding window over any times, also at T - 1, T and T + 1', () => {
    const period = fc.integer({ min: 1, max: 50 });
    const near = (ms: number): fc.Arbitrary<number> =>
      fc.oneof(fc.nat(2 * ms), fc.constantFrom(0, 1, ms - 1, ms, ms + 1));
    fc.assert(
      fc.property(
        fc.nat(6),
        period.chain((ms) => fc.tuple(fc.constant(ms), fc.array(near(ms), { maxLength: 60, size: 'max' }))),
        (intensity, [ms, gaps]) => {
          const limit = { intensity, period: ms };
          const window = new RestartWindow(limit);
          const exceeded = reference(limit);
          let now = 0;
          for (const gap of gaps) {
            now += gap;
            const expected = exceeded(now);
            if (window.record(now) !== expected) expect.fail(`at ${now}: ${!expected}`);
            for (const later of [now, now + 1, now + ms - 1, now + ms, now + ms + 1])
              if (window.within(later) !== window.recent(later).length)
                expect.fail(`${window.within(later)} within the window at ${later}`);
          }
        },
      ),
      { numRuns: 10_000 },
    );
  });

  test('agrees with a sliding window through any changes of the limit', () => {
    const limit = fc.record({ intensity: fc.nat(4), period: fc.integer({ min: 1, max: 30 }) });
    const step = fc.record({ gap: fc.nat(12), change: fc.option(limit, { freq: 2 }) });
    fc.assert(
      fc.property(limit, fc.array(step, { maxLength: 40, size: 'max' }), (first, steps) => {
        let window = new RestartWindow(first);
        let given: RestartLimit = first;
        let stamps: number[] = [];
        let now = 0;
        for (const { gap, change } of steps) {
          now += gap;
          if (change !== null) {
            given = change;
            window = window.withLimit(change);
            continue;
          }
          // then the supervisor is gone
          if (given.intensity === 0) return;
          const since = now - given.period;
          stamps = [...stamps.filter((at) => at >= since), now];
          const exceeded = stamps.length > given.intensity;
          expect(window.record(now)).toBe(exceeded);
          if (exceeded) return;
        }
      }),
      { numRuns: 5_000 },
    );
  });

  test('keeps no more stamps than `intensity`, and lists those inside the window, oldest first', () => {
    const window = new RestartWindow({ intensity: 2, period: 10 });
    for (const at of [0, 1, 2, 3, 20]) window.record(at);
    expect(window.recent(20)).toEqual([20]);
    expect(window.recent(13)).toEqual([3, 20]);
  });

  test('a large intensity costs nothing until it is used', () => {
    const window = new RestartWindow({ intensity: 10_000_000, period: 1_000 });
    for (let i = 0; i < 70_000; i++) window.record(i);
    expect(window.recent(70_000).length).toBe(1_000);
  });
});

describe('checkLimit', () => {
  test("fills in OTP's defaults: 1 in 5 s", () => {
    expect(checkLimit({})).toEqual({ intensity: 1, period: 5_000 });
  });

  test.each([
    [{ intensity: -1 }],
    [{ intensity: 1.5 }],
    [{ intensity: Infinity }],
    [{ period: 0 }],
    [{ period: Infinity }],
    [{ period: Number.NaN }],
  ])('refuses %o', (limit) => {
    expect(() => checkLimit(limit)).toThrow(TypeError);
  });
});
