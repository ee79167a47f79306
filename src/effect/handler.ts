/**
 * An effect as the handler of a procedure.
 *
 * ```ts
 * await client.advertise('users.get', effectHandler(({ id }: { id: string }) =>
 *   Effect.tryPromise({ try: () => db.find(id), catch: () => 'no_database' }),
 * ));
 * ```
 * | the effect | the caller gets |
 * |---|---|
 * | succeeds | the value, or a declared failure when that is `err(reason)` |
 * | fails | `handler_error` with the failure as its reason |
 * | dies of a defect | `handler_crash`, reason `error`; the log has the crash report |
 * | is interrupted by itself | `handler_crash`, reason `killed` |
 *
 * The fiber is interrupted when its invocation ends before it: the caller cancels, the deadline passes, the invocation
 * is killed, the provider leaves. Its finalizers run then, its result is dropped. One that never waits costs no
 * promise.
 */
import * as Context from 'effect/Context';
import * as Effect from 'effect/Effect';
import type * as Scope from 'effect/Scope';
import type {
  Advertisement,
  AdvertiseOptions,
  CallArgs,
  CallOptions,
  Client,
} from '../mesh/client/client.ts';
import { err, RpcError } from '../mesh/errors/rpc-error.ts';
import type { Handler, HandlerContext } from '../mesh/handlers/handler.ts';
import { endOf, type FiberEnd } from './fiber-end.ts';
import { resource } from './resource.ts';
import { servicesOf, type ActorRuntime } from './services.ts';

/** Answers one call with an effect. `R` is what it needs beside a scope of its own and the invocation's runtime. */
export type EffectHandler<Args, R = never> = (
  args: Args,
  context: HandlerContext,
) => Effect.Effect<unknown, unknown, R>;

/** What every handler is given. */
export type HandlerServices = ActorRuntime | Scope.Scope;

type Lacks<R> = Exclude<R, HandlerServices>;

/** Makes a handler for `advertise`. `services` is what its effects need beside what every handler is given. */
export function effectHandler<Args, R = never>(
  handle: EffectHandler<Args, R>,
  ...[services]: [Lacks<R>] extends [never] ? [] : [services: Context.Context<Lacks<R>>]
): Handler {
  const given = (services ?? Context.empty()) as Context.Context<never>;
  return (args: never, context: HandlerContext): unknown => {
    const { runtime } = context.self;
    const all = Context.merge(given, servicesOf(runtime)) as Context.Context<never>;
    const body = Effect.scoped(Effect.suspend(() => handle(args, context))) as Effect.Effect<
      unknown,
      unknown
    >;
    const fiber = Effect.runForkWith(all)(body, { signal: context.signal });
    const done = fiber.pollUnsafe();
    if (done !== undefined) return answer(endOf(done), context);
    return new Promise((resolve, reject) => {
      fiber.addObserver((exit) => {
        try {
          resolve(answer(endOf(exit), context));
        } catch (error) {
          reject(error as Error);
        }
      });
    });
  };
}

function answer(end: FiberEnd, { self, signal }: HandlerContext): unknown {
  switch (end.tag) {
    case 'done':
      return end.value;
    case 'failed':
      if (end.declared) return err(reasonOf(end.reason));
      throw end.reason;
    case 'interrupted':
      // by its own doing: else the invocation has ended, and nobody listens
      if (!signal.aborted) self.runtime.exit(self.pid, 'kill');
      return undefined;
  }
}

/**
 * What a caller is told of a failure. An error is no plain value: it is told by its own fields, `_tag` among them,
 * without its message, its stack and its cause, which may hold secrets.
 */
function reasonOf(failure: unknown): unknown {
  if (!(failure instanceof Error)) return failure;
  const {
    cause: _cause,
    message: _message,
    stack: _stack,
    ...fields
  } = failure as Error & Record<string, unknown>;
  return Object.keys(fields).length === 0 ? failure.name : fields;
}

/** Serves a procedure until the scope closes; running calls finish then. Fails with `RpcError`. */
export function advertise<Args, R = never>(
  client: Client,
  procedure: string,
  handle: EffectHandler<Args, R>,
  options: Omit<AdvertiseOptions, 'signal'> = {},
): Effect.Effect<Advertisement, RpcError, Scope.Scope | Lacks<R>> {
  return Effect.contextWith((services: Context.Context<Lacks<R>>) => {
    const handler = effectHandler(handle as EffectHandler<Args>, ...([services] as unknown as []));
    return resource(
      (signal) => client.advertise(procedure, handler, { ...options, signal }),
      rpcError,
      // it is withdrawn here in any case; what the node did not hear in time it hears later
      (advertisement) => advertisement.unadvertise().catch(() => undefined),
    );
  });
}

/** Calls a procedure. Fails with `RpcError`; a fiber that is interrupted cancels the call, here and at the handler. */
export const callProcedure = <Value = unknown>(
  client: Client,
  procedure: string,
  args?: CallArgs,
  options: Omit<CallOptions, 'signal'> = {},
): Effect.Effect<Value, RpcError> =>
  Effect.tryPromise({
    try: (signal) => client.call<Value>(procedure, args, { ...options, signal }),
    catch: (error) => error,
  }).pipe(
    Effect.catch((error) => {
      const failure = rpcError(error);
      return failure === undefined ? Effect.die(error) : Effect.fail(failure);
    }),
  );

const rpcError = (error: unknown): RpcError | undefined => (error instanceof RpcError ? error : undefined);
