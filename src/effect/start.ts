/**
 * Processes as resources: started in a scope, stopped when it closes, in reverse order of their start.
 *
 * A start that is interrupted is given up and leaves nothing. Closing the scope asks the process to end with the
 * reason `shutdown`, waits as long as `shutdown` says (default 5,000 ms, supervisors without limit), then kills it.
 * What is dead already is fine.
 */
import type * as Context from 'effect/Context';
import * as Effect from 'effect/Effect';
import type * as Scope from 'effect/Scope';
import { Process } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import {
  startDynamicSupervisor as startDynamic,
  type DynamicSupervisorInit,
  type DynamicSupervisorRef,
} from '../otp/dynamic-supervisor.ts';
import { StartError } from '../otp/errors.ts';
import {
  startServer as startGenServer,
  type AnyServer,
  type GenServer,
  type ServerOptions,
} from '../otp/gen-server.ts';
import type { ProcessRef } from '../otp/process-ref.ts';
import { ServerRef, type Protocol } from '../otp/server-ref.ts';
import { checkStart, startedOrThrow, type StartOptions } from '../otp/start.ts';
import { stopProcess, type Shutdown } from '../otp/stop.ts';
import {
  startSupervisor as startStatic,
  type SupervisorInit,
  type SupervisorRef,
} from '../otp/supervisor.ts';
import { startEffectProcess, type Body, type Needs } from './actor.ts';
import { startFailed, type StartFailed } from './errors.ts';
import { resource } from './resource.ts';
import { ActorRuntime } from './services.ts';

/** Interruption takes the place of `signal`. */
export interface ScopedStartOptions extends Omit<StartOptions, 'signal'> {
  /** How long the end of the scope waits for the process. Default 5,000 ms; for supervisors Infinity. */
  readonly shutdown?: Shutdown | undefined;
}

/** OTP's default for workers, milliseconds. */
const WORKER_SHUTDOWN = 5_000;

type Started<Ref> = Effect.Effect<Ref, StartFailed, ActorRuntime | Scope.Scope>;

type StartedServer<
  Args,
  State,
  Calls extends Protocol,
  Casts extends Protocol,
  Server extends object,
> = Started<Awaited<ReturnType<typeof startGenServer<Args, State, Calls, Casts, Server>>>>;

/** Starts a GenServer that is stopped when the scope closes. `args` may be left out where its `init` takes none. */
export function startServer<
  State,
  Calls extends Protocol,
  Casts extends Protocol,
  Server extends object = object,
>(
  server: GenServer<undefined, State, Calls, Casts> & Server,
): StartedServer<undefined, State, Calls, Casts, Server>;
export function startServer<
  Args,
  State,
  Calls extends Protocol,
  Casts extends Protocol,
  Server extends object = object,
>(
  server: GenServer<Args, State, Calls, Casts> & Server,
  args: Args,
  options?: ScopedStartOptions & Pick<ServerOptions, 'hibernateAfter'>,
): StartedServer<Args, State, Calls, Casts, Server>;
export function startServer(
  server: AnyServer,
  args?: unknown,
  options: ScopedStartOptions = {},
): Started<ServerRef<never, never>> {
  const { shutdown = WORKER_SHUTDOWN, ...start } = options;
  return process(shutdown, (runtime, signal) =>
    startGenServer(runtime, server, args as never, { ...start, signal }),
  );
}

/** Starts a supervisor; its tree is stopped when the scope closes. */
export function startSupervisor(
  init: SupervisorInit,
  options: ScopedStartOptions = {},
): Started<SupervisorRef> {
  const { shutdown = Infinity, ...start } = options;
  return process(shutdown, (runtime, signal) => startStatic(runtime, init, { ...start, signal }));
}

/** Starts a dynamic supervisor; its children are stopped when the scope closes. */
export function startDynamicSupervisor(
  init: DynamicSupervisorInit = {},
  options: ScopedStartOptions = {},
): Started<DynamicSupervisorRef> {
  const { shutdown = Infinity, ...start } = options;
  return process(shutdown, (runtime, signal) => startDynamic(runtime, init, { ...start, signal }));
}

/** Starts an actor whose body is an effect, with the services that are here. Its answers are what it replies. */
export function startActor<A, E, R = never>(
  body: Effect.Effect<A, E, R>,
  options: ScopedStartOptions = {},
): Effect.Effect<ServerRef, StartFailed, ActorRuntime | Scope.Scope | Needs<R>> {
  const { shutdown = WORKER_SHUTDOWN, ...start } = options;
  return Effect.contextWith((services: Context.Context<Needs<R>>) =>
    process(shutdown, async (runtime, signal) => {
      checkStart(runtime, start);
      const result = await startEffectProcess(runtime, body as Body, services as never, { ...start, signal });
      return new ServerRef(runtime, startedOrThrow(result, start, 'EffectActor'));
    }),
  );
}

function process<Ref extends ProcessRef>(
  shutdown: Shutdown,
  start: (runtime: Runtime, signal: AbortSignal) => Promise<Ref>,
): Started<Ref> {
  return Effect.flatMap(ActorRuntime, (runtime) =>
    resource(
      (signal) => start(runtime, signal),
      (error) => (error instanceof StartError ? startFailed(error) : undefined),
      async ({ pid }) => {
        if (pid instanceof Process) await stopProcess(pid, pid.parentProcess, shutdown);
      },
    ),
  );
}
