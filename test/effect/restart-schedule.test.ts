import * as Cause from 'effect/Cause';
import * as Effect from 'effect/Effect';
import * as Schedule from 'effect/Schedule';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { seededRandom } from '../../src/actor/random.ts';
import { scheduleDelay } from '../../src/effect.ts';
import type { RestartDelay } from '../../src/otp/restart-delay.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';

/** Asks for the delays of one child's restarts, `every` ms apart. */
async function delays(
  delay: RestartDelay,
  count: number,
  { every = 0, child = {}, seed = 'a' }: { every?: number; child?: object; seed?: string } = {},
): Promise<(number | undefined)[]> {
  const clock = virtualClock();
  const random = seededRandom(seed);
  const asked: (number | undefined)[] = [];
  for (let attempt = 1; attempt <= count; attempt++) {
    asked.push(delay({ attempt, reason: 'boom', child, clock, random }));
    await clock.advance(every);
  }
  return asked;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a schedule as restart delay', () => {
  test('is stepped once a restart', async () => {
    expect(await delays(scheduleDelay(Schedule.exponential(100)), 5)).toEqual([100, 200, 400, 800, 1_600]);
    expect(await delays(scheduleDelay(Schedule.spaced('2 seconds')), 2)).toEqual([2_000, 2_000]);
  });

  test('begins anew at attempt 1, and for each child', async () => {
    const delay = scheduleDelay(Schedule.exponential(100));
    const [one, other] = [{}, {}];
    expect(await delays(delay, 3, { child: one })).toEqual([100, 200, 400]);
    expect(await delays(delay, 2, { child: other })).toEqual([100, 200]);
    const next = { reason: 'x', clock: virtualClock(), random: seededRandom('a') };
    expect(delay({ ...next, attempt: 4, child: one })).toBe(800);
    expect(delay({ ...next, attempt: 3, child: other })).toBe(400);
    expect(delay({ ...next, attempt: 1, child: one })).toBe(100);
  });

  test('one that has ended, or waits without end, gives undefined', async () => {
    expect(await delays(scheduleDelay(Schedule.recurs(2)), 4)).toEqual([0, 0, undefined, undefined]);
    expect(await delays(scheduleDelay(Schedule.spaced('Infinity')), 1)).toEqual([undefined]);
  });

  test('its time is ours: elapsed time ends it, a wall clock that jumps does not', async () => {
    const limited = scheduleDelay(Schedule.upTo(Schedule.spaced(10), { duration: 250 }));
    expect(await delays(limited, 5, { every: 100 })).toEqual([10, 10, 10, undefined, undefined]);
    const clock = virtualClock();
    const restart = { reason: 'x', child: {}, clock, random: seededRandom('a') };
    expect(limited({ ...restart, attempt: 1 })).toBe(10);
    clock.jump(1_000_000);
    expect(limited({ ...restart, attempt: 2 })).toBe(10);
  });

  test('cron means the date', () => {
    // 2026-01-01T00:00:00Z plus 10 s: the next full minute is 50 s away
    const clock = virtualClock(1_767_225_610_000);
    const delay = scheduleDelay(Schedule.cron('* * * * *'));
    expect(delay({ attempt: 1, reason: 'x', child: {}, clock, random: seededRandom('a') })).toBe(50_000);
  });

  test('jitter is our random: repeatable by seed, and different for another', async () => {
    const jittered = (): RestartDelay => scheduleDelay(Schedule.jittered(Schedule.exponential(100)));
    const first = await delays(jittered(), 6);
    expect(await delays(jittered(), 6)).toEqual(first);
    expect(await delays(jittered(), 6, { seed: 'b' })).not.toEqual(first);
    first.forEach((delay, at) => {
      expect(delay).toBeGreaterThanOrEqual(80 * 2 ** at);
      expect(delay).toBeLessThanOrEqual(120 * 2 ** at);
    });
  });

  test('effect’s own clock, random and timers have no part in it', async () => {
    const spies = [
      vi.spyOn(Math, 'random'),
      vi.spyOn(Date, 'now'),
      vi.spyOn(performance, 'now'),
      vi.spyOn(globalThis, 'setTimeout'),
    ];
    const delay = scheduleDelay(Schedule.jittered(Schedule.upTo(Schedule.fibonacci(5), { times: 4 })));
    const asked = await delays(delay, 5);
    expect(asked.map((ms) => ms === undefined)).toEqual([false, false, false, false, true]);
    for (const spy of spies) expect(spy).not.toHaveBeenCalled();
  });

  test('the reason is its input', () => {
    const slowAfterOom = Schedule.identity<unknown>().pipe(
      Schedule.modifyDelay(({ input }) => Effect.succeed(input === 'oom' ? 1_000 : 10)),
    );
    const delay = scheduleDelay(slowAfterOom);
    const restart = { child: {}, clock: virtualClock(), random: seededRandom('a') };
    expect(delay({ ...restart, attempt: 1, reason: 'boom' })).toBe(10);
    expect(delay({ ...restart, attempt: 2, reason: 'oom' })).toBe(1_000);
  });

  test('one that sleeps, or has a defect, throws', () => {
    const restart = { attempt: 1, reason: 'x', clock: virtualClock(), random: seededRandom('a') };
    const asleep = Schedule.modifyDelay(Schedule.spaced(1), () => Effect.as(Effect.sleep(5), 1));
    expect(() => scheduleDelay(asleep)({ ...restart, child: {} })).toThrow('must not sleep');
    const waiting = Schedule.modifyDelay(Schedule.spaced(1), () =>
      Effect.as(
        Effect.promise(() => Promise.resolve()),
        1,
      ),
    );
    expect(() => scheduleDelay(waiting)({ ...restart, child: {} })).toThrow();
    const broken = Schedule.fromStep(Effect.succeed(() => Effect.die(new Error('broken'))));
    expect(() => scheduleDelay(broken)({ ...restart, child: {} })).toThrow('broken');
    expect(Cause.isDone(Cause.Done())).toBe(true);
  });
});
