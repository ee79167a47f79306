/**
 * A Schedule as the restart delay of a child.
 *
 * ```ts
 * const backoff = Schedule.jittered(Schedule.exponential('100 millis'));
 * const child = { ...worker('db', database, url), restartDelay: scheduleDelay(backoff) };
 * ```
 * The schedule is stepped, once a restart, with the exit reason as its input; effect's own clock, random and timers
 * have no part in it. Its time is the wall clock's at the first step, going on monotonically, so that `cron` means what
 * it says. It begins anew for each child, and when a child had lived for its supervisor's `period`. A schedule that has
 * ended, or waits without end, ends the supervisor as an exceeded intensity does: raise that for longer rows of
 * attempts.
 */
import * as Cause from 'effect/Cause';
import * as EffectClock from 'effect/Clock';
import * as Context from 'effect/Context';
import * as Duration from 'effect/Duration';
import * as Effect from 'effect/Effect';
import * as EffectRandom from 'effect/Random';
import * as Schedule from 'effect/Schedule';
import type { Clock } from '../actor/clock.ts';
import type { ExitReason } from '../actor/exit-reason.ts';
import type { DueRestart, RestartDelay } from '../otp/restart-delay.ts';
import { clockWithoutSleep, effectRandom } from './services.ts';

/** Makes the `restartDelay` of a child. A schedule that sleeps, waits or fails throws when it is asked. */
export function scheduleDelay<Output>(
  schedule: Schedule.Schedule<Output, ExitReason, unknown, never>,
): RestartDelay {
  const rows = new WeakMap<object, Row>();
  return (restart) => {
    let row = rows.get(restart.child);
    if (row === undefined || restart.attempt === 1) {
      row = new Row(schedule, restart);
      rows.set(restart.child, row);
    }
    return row.next(restart.reason);
  };
}

type Step = Effect.Success<ReturnType<typeof Schedule.toStep<unknown, ExitReason, unknown, never>>>;

/** The restarts of one child, one after the other. */
class Row {
  readonly #run: <A, E>(effect: Effect.Effect<A, E>) => ReturnType<typeof Effect.runSyncExit<A, E>>;
  readonly #step: Step;
  readonly #clock: Clock;
  /** Added to monotonic time. */
  readonly #offset: number;

  constructor(
    schedule: Schedule.Schedule<unknown, ExitReason, unknown, never>,
    { clock, random }: DueRestart,
  ) {
    this.#clock = clock;
    this.#offset = clock.wall() - clock.now();
    this.#run = Effect.runSyncExitWith(
      Context.make(EffectClock.Clock, clockWithoutSleep(clock)).pipe(
        Context.add(EffectRandom.Random, effectRandom(random)),
      ),
    );
    const begun = this.#run(Schedule.toStep(schedule));
    if (begun._tag === 'Failure') throw Cause.squash(begun.cause);
    this.#step = begun.value;
  }

  next(reason: ExitReason): number | undefined {
    const stepped = this.#run(this.#step(this.#clock.now() + this.#offset, reason));
    if (stepped._tag === 'Success') {
      const delay = Duration.toMillis(stepped.value[1]);
      return delay === Infinity ? undefined : Math.max(0, delay);
    }
    const over = stepped.cause.reasons.some((why) => why._tag === 'Fail' && Cause.isDone(why.error));
    if (over) return undefined;
    throw Cause.squash(stepped.cause);
  }
}
