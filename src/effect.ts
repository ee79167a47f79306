/**
 * `espalier/effect`: actors for programs written with effect, and effects as actors and handlers. Never loaded by the
 * rest of the package; loads no network.
 */
export {
  Actor,
  effectWorker,
  startEffectLink,
  type ActorServices,
  type ActorShape,
  type Body,
  type EffectWorkerOptions,
} from './effect/actor.ts';
export { awaitExit, call, cast, send, type EffectCallOptions } from './effect/call.ts';
export {
  CallingSelf,
  CallTimeout,
  NoConnection,
  NoProc,
  Overloaded,
  ServerExit,
  StartFailed,
  type CallError,
} from './effect/errors.ts';
export {
  advertise,
  callProcedure,
  effectHandler,
  type EffectHandler,
  type HandlerServices,
} from './effect/handler.ts';
export type { Message } from './effect/inbox.ts';
export { layer, layerOf, type LayerOptions } from './effect/layer.ts';
export { scheduleDelay } from './effect/restart-schedule.ts';
export { ActorRuntime, servicesOf } from './effect/services.ts';
export {
  startActor,
  startDynamicSupervisor,
  startServer,
  startSupervisor,
  type ScopedStartOptions,
} from './effect/start.ts';
