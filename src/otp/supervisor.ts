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
import type { MailboxOptions } from '../actor/mailbox.ts';
import type { NameTable } from '../actor/names.ts';
import type { Process, Self } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import type { ChildSpec } from './child-spec.ts';
import { startServerLink, type GenServer } from './gen-server.ts';
import { chain, type MaybePromise } from './sequence.ts';
import type { Protocol } from './server-ref.ts';
import {
  startedOrThrow,
  startProcess,
  type InitResult,
  type StartOptions,
  type StartResult,
} from './start.ts';
import type { Shutdown } from './stop.ts';
import type { RestartDelay } from './restart-delay.ts';
import type { Restart } from './strategy.ts';
import { supervisorBehavior } from './supervisor-behavior.ts';
import { startAll, SupervisorState } from './supervisor-children.ts';
import { SupervisorRef } from './supervisor-ref.ts';
import { checkSupervisor, judged, type SupervisorInit } from './supervisor-spec.ts';

export { SpecError, type SpecPart, type SpecProblem } from './spec-error.ts';
export type { AutoShutdown } from './strategy.ts';
export { SupervisorRef, type StartedChild } from './supervisor-ref.ts';
export { checkChildSpecs, type SupervisorInit, type SupervisorSpec } from './supervisor-spec.ts';

/** Options of a child beside what it runs. */
export interface ChildOptions {
  readonly restart?: Restart;
  readonly shutdown?: Shutdown;
  /** Its own end may end the supervisor; default false. */
  readonly significant?: boolean;
  /** How long each restart waits; an extension of OTP. Default: not at all. */
  readonly restartDelay?: RestartDelay;
  /** Registers the child under its id in this scope, so that its siblings find it across restarts. */
  readonly scope?: NameTable;
  readonly mailbox?: number | MailboxOptions;
}

/** A child specification for a GenServer. */
export function worker<Args, State, Calls extends Protocol, Casts extends Protocol>(
  id: string,
  server: GenServer<Args, State, Calls, Casts>,
  args: Args,
  options: ChildOptions = {},
): ChildSpec {
  const { scope, mailbox, ...rest } = options;
  return {
    id,
    ...rest,
    type: 'worker',
    start: (parent) =>
      startServerLink(parent, server, args, {
        id,
        ...(scope === undefined ? {} : { name: id, scope }),
        ...(mailbox === undefined ? {} : { mailbox }),
      }),
  };
}

/** A child specification for a supervisor below this one. */
export function supervisor(id: string, init: SupervisorInit, options: ChildOptions = {}): ChildSpec {
  const { scope, mailbox: _, ...rest } = options;
  return {
    id,
    ...rest,
    type: 'supervisor',
    start: (parent) =>
      startSupervisorLink(parent, init, { id, ...(scope === undefined ? {} : { name: id, scope }) }),
  };
}

/** Starts a supervisor without a parent. Throws `StartError` with the first child's failure inside. */
export async function startSupervisor(
  runtime: Runtime,
  init: SupervisorInit,
  options: StartOptions = {},
): Promise<SupervisorRef> {
  const result = await start(runtime, init, options);
  return new SupervisorRef(runtime, startedOrThrow(result, options.label ?? options.id ?? 'supervisor'));
}

/** Starts a supervisor linked to the calling process, as a child specification does. Never throws. */
export function startSupervisorLink(
  parent: Self,
  init: SupervisorInit,
  options: Omit<StartOptions, 'parent'> = {},
): MaybePromise<StartResult> {
  return start(parent.runtime, init, { ...options, parent: parent as Process });
}

function start(runtime: Runtime, init: SupervisorInit, options: StartOptions): MaybePromise<StartResult> {
  return startProcess(
    runtime,
    supervisorBehavior,
    (self) =>
      chain(judged(init, checkSupervisor), (outcome): MaybePromise<InitResult> => {
        if (outcome.tag === 'error') return { tag: 'stop', reason: outcome.reason };
        if (outcome.tag === 'ignore') return outcome;
        self.state = new SupervisorState(init, outcome.value);
        return chain(startAll(self, outcome.value.children), (failure) =>
          failure === undefined ? { tag: 'ok' } : { tag: 'stop', reason: failure },
        );
      }),
    { ...options, trapExit: true },
  );
}
