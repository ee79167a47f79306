/**
 * Supervisor: starts its children in order, restarts them by strategy, stops them in reverse order.
 *
 * ```ts
 * const sup = await startSupervisor(runtime, {
 *   strategy: 'oneForOne',
 *   children: [worker('counter', counter, 0)],
 * });
 * ```
 * More than `intensity` restarts within `period` end it with `shutdown`, which is its own supervisor's
 * business. Source: Erlang/OTP `supervisor`; OTP §1.3.
 */
import type { Process, Self } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import { refuse, wrongInit, wrongSelf } from './arguments.ts';
import { childOf, type ChildOptions, type ServerChildOptions } from './child-options.ts';
import type { ChildSpec } from './child-spec.ts';
import { startServerLink, wrongChild, type AnyServer, type GenServer } from './gen-server.ts';
import { chain, type MaybePromise } from './sequence.ts';
import type { Protocol } from './server-ref.ts';
import {
  checkStart,
  startedOrThrow,
  startProcess,
  type InitResult,
  type StartOptions,
  type StartResult,
} from './start.ts';
import { supervisorBehavior } from './supervisor-behavior.ts';
import { SUPERVISOR_MAILBOX } from './supervising.ts';
import { startAll, SupervisorState } from './supervisor-children.ts';
import { SupervisorRef } from './supervisor-ref.ts';
import { checkSupervisor, judged, type SupervisorInit } from './supervisor-spec.ts';

export type { ChildOptions, ServerChildOptions } from './child-options.ts';
export { SpecError, type SpecPart, type SpecProblem } from './spec-error.ts';
export type { AutoShutdown } from './strategy.ts';
export { SupervisorRef, type StartedChild } from './supervisor-ref.ts';
export { checkChildSpecs, type SupervisorInit, type SupervisorSpec } from './supervisor-spec.ts';

/**
 * A child specification for a GenServer. `args` may be left out where its `init` takes none. Throws a `TypeError` for an
 * invalid definition or options, a `RangeError` for a duration or bound.
 */
export function worker<State, Calls extends Protocol, Casts extends Protocol>(
  id: string,
  server: GenServer<undefined, State, Calls, Casts>,
): ChildSpec;
export function worker<Args, State, Calls extends Protocol, Casts extends Protocol>(
  id: string,
  server: GenServer<Args, State, Calls, Casts>,
  args: Args,
  options?: ServerChildOptions,
): ChildSpec;
export function worker(
  id: string,
  server: object,
  args?: unknown,
  options: ServerChildOptions = {},
): ChildSpec {
  refuse(wrongChild(server, `worker ${id}`));
  return childOf(id, 'worker', options, (parent, each) =>
    startServerLink(parent, server as AnyServer, args as never, each),
  );
}

/** A child specification for a supervisor below this one. Throws a `TypeError` for arguments that make no sense. */
export function supervisor(id: string, init: SupervisorInit, options: ChildOptions = {}): ChildSpec {
  refuse(wrongInit(`supervisor ${id}: init`, init));
  return childOf(id, 'supervisor', options, (parent, each) => startSupervisorLink(parent, init, each));
}

/**
 * Starts a supervisor without a parent. Throws `StartError` with the first child's failure, or the `SpecError`, inside; a
 * `TypeError` or `RangeError` for other arguments that make no sense.
 */
export async function startSupervisor(
  runtime: Runtime,
  init: SupervisorInit,
  options: StartOptions = {},
): Promise<SupervisorRef> {
  checkStart(runtime, options);
  refuse(wrongInit('init', init));
  const result = await start(runtime, null, init, options);
  return new SupervisorRef(runtime, startedOrThrow(result, options, 'supervisor'));
}

/** Starts a supervisor linked to the calling process, as a child specification does. Never throws. */
export function startSupervisorLink(
  parent: Self,
  init: SupervisorInit,
  options: Omit<StartOptions, 'parent'> = {},
): MaybePromise<StartResult> {
  const wrong = wrongSelf('parent', parent);
  if (wrong !== undefined) return { tag: 'error', reason: wrong };
  return start(parent.runtime, parent as Process, init, options);
}

function start(
  runtime: Runtime,
  parent: Process | null,
  init: SupervisorInit,
  options: StartOptions,
): MaybePromise<StartResult> {
  return startProcess(
    runtime,
    supervisorBehavior,
    (self) => {
      // whatever the options say
      self.trapExit = true;
      return chain(judged(init, checkSupervisor), (outcome): MaybePromise<InitResult> => {
        if (outcome.tag === 'error') return { tag: 'stop', reason: outcome.reason };
        if (outcome.tag === 'ignore') return outcome;
        self.state = new SupervisorState(init, outcome.value);
        return chain(startAll(self, outcome.value.children), (failure) =>
          failure === undefined ? { tag: 'ok' } : { tag: 'stop', reason: failure },
        );
      });
    },
    options,
    parent,
    { mailbox: SUPERVISOR_MAILBOX },
  );
}
