/**
 * A runtime as a layer: made with the scope, closed with it.
 *
 * ```ts
 * const program = Effect.scoped(Effect.gen(function* () {
 *   const counter = yield* startServer(counterServer, 0);
 *   return yield* call(counter, 'add', 2);
 * }));
 * await Effect.runPromise(program.pipe(Effect.provide(layer())));
 * ```
 */
import * as Effect from 'effect/Effect';
import * as Layer from 'effect/Layer';
import { Runtime, type RuntimeOptions } from '../actor/runtime.ts';
import { childrenOf } from '../actor/tree.ts';
import { killTree, stopProcess, type Shutdown } from '../otp/stop.ts';
import { ActorRuntime } from './services.ts';

export interface LayerOptions extends RuntimeOptions {
  /** How long closing waits for each process without a parent before it is killed. Default 5,000 ms. */
  readonly shutdown?: Shutdown | undefined;
}

/** Milliseconds that each tree has to end. */
const SHUTDOWN = 5_000;

/** Rounds of stopping: whoever starts others while it ends does not keep a runtime open for good. */
const ROUNDS = 3;

/** A runtime of its own: when the scope closes, every process in it ends, the youngest tree first. */
export function layer(options: LayerOptions = {}): Layer.Layer<ActorRuntime> {
  const { shutdown = SHUTDOWN, ...rest } = options;
  return Layer.effect(
    ActorRuntime,
    Effect.acquireRelease(
      Effect.sync(() => new Runtime(rest)),
      (runtime) => Effect.promise(() => closeRuntime(runtime, shutdown)),
    ),
  );
}

/** A runtime that somebody else made, and ends: a node's, or one in a test. */
export const layerOf = (runtime: Runtime): Layer.Layer<ActorRuntime> => Layer.succeed(ActorRuntime, runtime);

async function closeRuntime(runtime: Runtime, shutdown: Shutdown): Promise<void> {
  for (let round = 0; round < ROUNDS && runtime.alive > 0; round++) {
    for (const process of [...childrenOf(runtime)].toReversed()) {
      if (!process.alive) continue;
      await stopProcess(process, null, shutdown);
    }
  }
  for (const process of childrenOf(runtime)) killTree(process);
}
