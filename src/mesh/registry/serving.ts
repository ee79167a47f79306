/**
 * What stands behind an advertisement: its procedure, and the server that answers it when one was given to be
 * supervised. Both are found by names made of the advertisement's id.
 */
import { seconds } from '../../actor/clock.ts';
import type { Process, Self } from '../../actor/process.ts';
import { childrenOf } from '../../actor/tree.ts';
import { WorkerPoolRef } from '../../isolation/worker-pool.ts';
import type { ChildSpec } from '../../otp/child-spec.ts';
import { startDynamicChild } from '../../otp/dynamic-supervisor.ts';
import { chain, type MaybePromise } from '../../otp/sequence.ts';
import { ServerRef } from '../../otp/server-ref.ts';
import type { RestartLimit } from '../../otp/restart-intensity.ts';
import type { StartResult } from '../../otp/start.ts';
import { requestStop } from '../../otp/stop.ts';
import { supervisor } from '../../otp/supervisor.ts';
import { actor, type MeshContext } from '../context.ts';
import { checkedHandler } from '../contract/checked-handler.ts';
import type { AnyHandler } from '../handlers/handler.ts';
import { procedureSpec, Retire } from '../handlers/procedure.ts';
import { serverCaller } from '../handlers/server-handler.ts';
import { workerCaller } from '../handlers/worker-handler.ts';
import type { Advertised } from '../intent/intent.ts';

/** A user's server that crashes more often than this rests before it is started again (`supervisors/handlers.ts`). */
export const SERVER_INTENSITY: RestartLimit = { intensity: 3, period: seconds(5) };

/** Milliseconds a user's server has for its start; then it is killed. */
export const SERVER_START = 5_000;

export const procedureName = (id: string): string => `procedure:${id}`;
const serverName = (id: string): string => `server:${id}`;
const keeperName = (id: string): string => `keeper:${id}`;

/** Starts what serves an advertisement, as far as it does not run already. */
export function serve(context: MeshContext, entry: Advertised): MaybePromise<StartResult> {
  if (typeof entry.handler === 'function') return startProcedure(context, entry, entry.handler);
  if ('pool' in entry.handler) return servePool(context, entry, entry.handler.pool, entry.handler.exported);
  const { server, tag } = entry.handler;
  if (server instanceof ServerRef) return startProcedure(context, entry, serverCaller(server, tag));
  return chain(startKeeper(context, entry.id, server), (keeper): MaybePromise<StartResult> => {
    if (keeper.tag !== 'ok') return keeper;
    const ref = new ServerRef(context.runtime, { scope: context.scope, name: serverName(entry.id) });
    return startProcedure(context, entry, serverCaller(ref, tag));
  });
}

function servePool(
  context: MeshContext,
  entry: Advertised,
  pool: ChildSpec,
  exported: string,
): MaybePromise<StartResult> {
  return chain(startKeeper(context, entry.id, pool), (keeper): MaybePromise<StartResult> => {
    if (keeper.tag !== 'ok') return keeper;
    const ref = new WorkerPoolRef(context.runtime, { scope: context.scope, name: serverName(entry.id) });
    return startProcedure(context, entry, workerCaller(ref, exported));
  });
}

/** The process that restarts an advertisement's own server; when it gives up it is gone for good. */
export const keeperOf = (context: MeshContext, id: string): Process | undefined =>
  context.scope.whereis(keeperName(id)) as Process | undefined;

/** Lets the calls that run finish; then the procedure and its own server end. Gives the procedure. */
export function retire(context: MeshContext, id: string): Process | undefined {
  const { runtime } = context;
  const procedure = context.scope.whereis(procedureName(id)) as Process | undefined;
  const keeper = keeperOf(context, id);
  if (procedure === undefined) {
    if (keeper !== undefined) requestStop(keeper, 'shutdown');
    return undefined;
  }
  if (keeper !== undefined) runtime.onExit(procedure, () => requestStop(keeper, 'shutdown'));
  runtime.send(procedure, new Retire());
  return procedure;
}

/** Ids of the advertisements that something serves, whether or not anybody still wants them. */
export function* servedIds(children: Iterable<Process>): Generator<string> {
  for (const { info } of children) {
    const [kind, id] = info?.id?.split(':') ?? [];
    if ((kind === 'procedure' || kind === 'keeper') && id !== undefined) yield id;
  }
}

function startProcedure(
  context: MeshContext,
  entry: Advertised,
  given: AnyHandler,
): MaybePromise<StartResult> {
  const handler = entry.checks === undefined ? given : checkedHandler(entry.checks, given);
  const { crashDetails, valueLimits, reasonLimits } = context.settings;
  const { procedure, authorize, limits } = entry;
  const { tracer } = context;
  const options = { procedure, handler, authorize, limits, crashDetails, valueLimits, reasonLimits, tracer };
  return start(context, procedureName(entry.id), (name) => procedureSpec(name, context.scope, options));
}

function startKeeper(context: MeshContext, id: string, server: ChildSpec): MaybePromise<StartResult> {
  const { scope } = context;
  let late = false;
  const named: ChildSpec = {
    ...server,
    start: (parent) =>
      chain(inTime(parent, server.start(parent)), (started) => {
        late = started === LATE;
        if (started.tag === 'ok') scope.register(serverName(id), started.pid as Process);
        return started;
      }),
  };
  const keeper = start(context, keeperName(id), (name) =>
    supervisor(name, { ...SERVER_INTENSITY, children: [named] }, { restart: 'transient', scope }),
  );
  return chain(keeper, (started) => (started.tag === 'error' && late ? LATE : started));
}

/** A start that took too long. */
export const LATE: StartResult = { tag: 'error', reason: 'timeout' };

/** Gives a start up that takes too long, and kills what it has begun: the keeper has no other child. */
function inTime(keeper: Self, starting: MaybePromise<StartResult>): MaybePromise<StartResult> {
  if (!(starting instanceof Promise)) return starting;
  const { runtime } = keeper;
  return new Promise((resolve, reject) => {
    const timer = runtime.timers.after(SERVER_START, () => {
      resolve(LATE);
      for (const child of childrenOf(keeper as Process)) runtime.exit(child, 'kill');
    });
    starting.finally(() => timer.unset()).then(resolve, reject);
  });
}

function start(
  context: MeshContext,
  name: string,
  spec: (name: string) => ChildSpec,
): MaybePromise<StartResult> {
  const running = context.scope.whereis(name);
  if (running !== undefined) return { tag: 'ok', pid: running };
  const handlers = actor(context, 'handlers');
  return handlers === undefined
    ? { tag: 'error', reason: 'noproc' }
    : startDynamicChild(handlers, spec(name));
}
