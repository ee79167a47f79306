/** Runs effects in a runtime on a virtual clock. */
import * as Effect from 'effect/Effect';
import type * as Exit from 'effect/Exit';
import type * as Fiber from 'effect/Fiber';
import type * as Scope from 'effect/Scope';
import { servicesOf, type ActorRuntime } from '../../src/effect/services.ts';
import { world, type World } from '../actor/world.ts';

export interface EffectWorld extends World {
  /** Starts an effect in the runtime; its scope closes when it ends. */
  fork<A, E>(effect: Effect.Effect<A, E, ActorRuntime | Scope.Scope>): Fiber.Fiber<A, E>;
  /** Runs an effect, moving time until it has ended. */
  run<A, E>(effect: Effect.Effect<A, E, ActorRuntime | Scope.Scope>): Promise<Exit.Exit<A, E>>;
  /** The value it succeeds with. */
  value<A, E>(effect: Effect.Effect<A, E, ActorRuntime | Scope.Scope>): Promise<A>;
}

export function effectWorld(): EffectWorld {
  const made = world();
  const { runtime, clock } = made;
  const fork: EffectWorld['fork'] = (effect) =>
    Effect.runForkWith(servicesOf(runtime))(Effect.scoped(effect) as never);
  const run: EffectWorld['run'] = async (effect) => {
    const fiber = fork(effect);
    await clock.until(() => fiber.pollUnsafe() !== undefined);
    return fiber.pollUnsafe() as never;
  };
  return {
    ...made,
    fork,
    run,
    value: async (effect) => {
      const exit = await run(effect);
      if (exit._tag === 'Success') return exit.value;
      throw new Error(`it failed: ${String(exit.cause)}`);
    },
  };
}

/** The typed failure an effect ended with. */
export function failureOf(exit: Exit.Exit<unknown, unknown>): unknown {
  if (exit._tag === 'Success') return undefined;
  return exit.cause.reasons.find((reason) => reason._tag === 'Fail')?.error;
}
