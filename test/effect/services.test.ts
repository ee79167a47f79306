import * as Clock from 'effect/Clock';
import * as Effect from 'effect/Effect';
import { describe, expect, test } from 'vitest';
import { MAX_DELAY } from '../../src/actor/clock.ts';
import { silentLogger } from '../../src/actor/logger.ts';
import { Runtime } from '../../src/actor/runtime.ts';
import { servicesOf } from '../../src/effect/services.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import { effectWorld } from './world.ts';

describe('fibers of a runtime', () => {
  test('sleep in its timer lists, and leave nothing there when they are interrupted', async () => {
    const { clock, fork, runtime } = effectWorld();
    const woken: number[] = [];
    const sleeper = (ms: number) =>
      Effect.andThen(
        Effect.sleep(ms),
        Effect.sync(() => woken.push(clock.now())),
      );
    fork(sleeper(30));
    const interrupted = fork(sleeper(40));
    expect(runtime.timers.size).toBe(2);
    interrupted.interruptUnsafe();
    expect(runtime.timers.size).toBe(1);
    await clock.advance(100);
    expect([woken, runtime.timers.size]).toEqual([[30], 0]);
  });

  test('sleep longer than one timer lasts, and for ever', async () => {
    const { clock, fork, runtime } = effectWorld();
    const long = fork(Effect.sleep(MAX_DELAY + 1_000));
    const endless = fork(Effect.sleep('Infinity'));
    await clock.advance(MAX_DELAY);
    expect(long.pollUnsafe()).toBeUndefined();
    await clock.advance(1_000);
    expect(long.pollUnsafe()).toMatchObject({ _tag: 'Success' });
    expect([endless.pollUnsafe(), runtime.timers.size]).toEqual([undefined, 0]);
  });

  test('have a wall clock that jumps and durations that do not', async () => {
    const { clock, value } = effectWorld();
    const before = await value(Clock.currentTimeMillis);
    const begun = await value(Clock.monotonicTimeNanos);
    clock.jump(3_600_000);
    await clock.advance(5);
    expect((await value(Clock.currentTimeMillis)) - before).toBe(3_600_005);
    expect((await value(Clock.currentTimeNanos)) / 1_000_000n).toBe(BigInt(before + 3_600_005));
    expect((await value(Clock.monotonicTimeNanos)) - begun).toBe(5_000_000n);
  });

  test('give way to the runtime’s event loop: they go on in a later turn of its clock', () => {
    const turns: (() => void)[] = [];
    const clock = { ...virtualClock(), later: (run: () => void) => void turns.push(run) };
    const runtime = new Runtime({ clock, logger: silentLogger });
    const steps: number[] = [];
    const body = Effect.gen(function* () {
      for (let step = 0; step < 2; step++) {
        steps.push(step);
        yield* Effect.yieldNow;
      }
    });
    const fiber = Effect.runForkWith(servicesOf(runtime))(body);
    expect(steps).toEqual([0]);
    turns.shift()?.();
    expect(steps).toEqual([0, 1]);
    turns.shift()?.();
    expect(fiber.pollUnsafe()).toMatchObject({ _tag: 'Success' });
  });
});
