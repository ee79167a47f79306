/**
 * A runtime's time, chance and turns, as effect knows them: fibers of actors and handlers live by the same clock as
 * everything else, so that `Effect.sleep`, `Effect.timeout` and `Schedule` are repeatable by seed in a simulation.
 *
 * Sleeping costs an entry in the runtime's timer lists. Whatever the wall clock does, durations are monotonic.
 */
import * as EffectClock from 'effect/Clock';
import * as Context from 'effect/Context';
import * as Duration from 'effect/Duration';
import * as Effect from 'effect/Effect';
import * as EffectRandom from 'effect/Random';
import * as Scheduler from 'effect/Scheduler';
import { MAX_DELAY, type Clock } from '../actor/clock.ts';
import type { Random } from '../actor/random.ts';
import type { Runtime } from '../actor/runtime.ts';
import type { Timers } from '../actor/timers.ts';

/** Identifies the runtime that actors are started in. */
export interface ActorRuntime {
  readonly service: 'espalier/ActorRuntime';
}
/** The runtime that actors are started in: what `layer` provides. */
export const ActorRuntime: Context.Service<ActorRuntime, Runtime> = Context.Service<ActorRuntime, Runtime>(
  'espalier/ActorRuntime',
);

const NANOS_PER_MS = 1_000_000;

/** A date in nanoseconds is no safe integer: the whole milliseconds are taken apart. */
function nanos(ms: number): bigint {
  const whole = Math.floor(ms);
  return BigInt(whole) * 1_000_000n + BigInt(Math.round((ms - whole) * NANOS_PER_MS));
}

const made = new WeakMap<Runtime, Context.Context<ActorRuntime>>();

/** What a fiber of this runtime runs with: the runtime itself, and its clock, its random and its turns. */
export function servicesOf(runtime: Runtime): Context.Context<ActorRuntime> {
  let services = made.get(runtime);
  if (services === undefined) {
    services = Context.make(ActorRuntime, runtime).pipe(
      Context.add(EffectClock.Clock, effectClock(runtime.clock, runtime.timers)),
      Context.add(EffectRandom.Random, effectRandom(runtime.random)),
      Context.add(Scheduler.Scheduler, effectScheduler(runtime.clock)),
    );
    made.set(runtime, services);
  }
  return services;
}

function effectClock(clock: Clock, timers: Timers): EffectClock.Clock {
  const sleep = (ms: number): Effect.Effect<void> => {
    if (ms <= 0) return Effect.yieldNow;
    if (ms === Infinity) return Effect.never;
    return Effect.callback((resume) => {
      const rest = ms > MAX_DELAY ? sleep(ms - MAX_DELAY) : Effect.void;
      const timer = timers.after(Math.min(ms, MAX_DELAY), () => {
        resume(rest);
      });
      return Effect.sync(() => {
        timer.unset();
      });
    });
  };
  return clockThatSleeps(clock, sleep);
}

/** For what is stepped, not run. */
export const clockWithoutSleep = (clock: Clock): EffectClock.Clock =>
  clockThatSleeps(clock, () => Effect.die(new TypeError('what is stepped must not sleep')));

function clockThatSleeps(clock: Clock, sleep: (ms: number) => Effect.Effect<void>): EffectClock.Clock {
  return {
    currentTimeMillisUnsafe: () => clock.wall(),
    currentTimeMillis: Effect.sync(() => clock.wall()),
    currentTimeNanosUnsafe: () => nanos(clock.wall()),
    currentTimeNanos: Effect.sync(() => nanos(clock.wall())),
    monotonicTimeNanosUnsafe: () => nanos(clock.now()),
    monotonicTimeNanos: Effect.sync(() => nanos(clock.now())),
    sleep: (duration) => sleep(Duration.toMillis(duration)),
  };
}

/** Effect draws its integers from the whole range of safe ones. */
export function effectRandom(random: Random): EffectRandom.Random {
  const span = Number.MAX_SAFE_INTEGER - Number.MIN_SAFE_INTEGER + 1;
  return {
    nextDoubleUnsafe: () => random.float(),
    nextIntUnsafe: () => Math.floor(random.float() * span) + Number.MIN_SAFE_INTEGER,
  };
}

/** A fiber that gives way goes on in a later turn of the runtime's event loop. */
function effectScheduler(clock: Clock): Scheduler.Scheduler {
  return new Scheduler.MixedScheduler('async', (run) => {
    let wanted = true;
    clock.later(() => {
      if (wanted) run();
    });
    return () => {
      wanted = false;
    };
  });
}
