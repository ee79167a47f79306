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
import type { NameScope } from '../actor/names.ts';
import type { Pid } from '../actor/pid.ts';
import type { Process, Self } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import { checkSpec, type ChildCount, type ChildInfo, type ChildSpec } from './child-spec.ts';
import { ExitError, StartError } from './errors.ts';
import { startServerLink, type GenServer } from './gen-server.ts';
import { TreeRef } from './process-ref.ts';
import { checkLimit, RestartWindow, type RestartLimit } from './restart-intensity.ts';
import { chain, type MaybePromise } from './sequence.ts';
import { request, type CallOptions, type Protocol } from './server-ref.ts';
import { startedOrThrow, startProcess, type StartOptions, type StartResult } from './start.ts';
import type { Shutdown } from './stop.ts';
import type { Restart, Strategy } from './strategy.ts';
import { supervisorBehavior } from './supervisor-behavior.ts';
import { startAll, SupervisorState } from './supervisor-children.ts';
import type { ChildAnswer, SupervisorRequest } from './supervisor-requests.ts';

export interface SupervisorSpec {
  /** Default `oneForOne`. */
  readonly strategy?: Strategy;
  /** Restarts allowed within `period`. Default 1. */
  readonly intensity?: number;
  /** Milliseconds. Default 5,000. */
  readonly period?: number;
  readonly children: readonly ChildSpec[];
}

/** Options of a child beside what it runs. */
export interface ChildOptions {
  readonly restart?: Restart;
  readonly shutdown?: Shutdown;
  /** Registers the child under its id in this scope, so that its siblings find it across restarts. */
  readonly scope?: NameScope;
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
export function supervisor(id: string, spec: SupervisorSpec, options: ChildOptions = {}): ChildSpec {
  const { scope, mailbox: _, ...rest } = options;
  return {
    id,
    ...rest,
    type: 'supervisor',
    start: (parent) =>
      startSupervisorLink(parent, spec, { id, ...(scope === undefined ? {} : { name: id, scope }) }),
  };
}

/** Starts a supervisor without a parent. Throws `StartError` with the first child's failure inside. */
export async function startSupervisor(
  runtime: Runtime,
  spec: SupervisorSpec,
  options: StartOptions = {},
): Promise<SupervisorRef> {
  const result = await start(runtime, spec, options);
  return new SupervisorRef(runtime, startedOrThrow(result, options.label ?? options.id ?? 'supervisor'));
}

/** Starts a supervisor linked to the calling process, as a child specification does. Never throws. */
export function startSupervisorLink(
  parent: Self,
  spec: SupervisorSpec,
  options: Omit<StartOptions, 'parent'> = {},
): MaybePromise<StartResult> {
  return start(parent.runtime, spec, { ...options, parent: parent as Process });
}

function start(runtime: Runtime, spec: SupervisorSpec, options: StartOptions): MaybePromise<StartResult> {
  return startProcess(
    runtime,
    supervisorBehavior,
    (self) => {
      const { strategy, limit } = checkSupervisor(spec);
      self.state = new SupervisorState(strategy, new RestartWindow(limit));
      return chain(startAll(self, spec.children), (failure) =>
        failure === undefined ? { tag: 'ok' as const } : { tag: 'stop' as const, reason: failure },
      );
    },
    { ...options, trapExit: true },
  );
}

function checkSupervisor(spec: SupervisorSpec): {
  strategy: Strategy;
  limit: RestartLimit;
} {
  const { strategy = 'oneForOne' } = spec;
  if (!['oneForOne', 'oneForAll', 'restForOne'].includes(strategy)) {
    throw new TypeError('supervisor: strategy must be oneForOne, oneForAll or restForOne');
  }
  const ids = new Set<string>();
  for (const child of spec.children) {
    const { id } = checkSpec(child);
    if (ids.has(id)) throw new TypeError(`supervisor: two children have the id ${id}`);
    ids.add(id);
  }
  return { strategy, limit: checkLimit(spec) };
}

/** How others manage a supervisor's children. */
export class SupervisorRef extends TreeRef {
  /** Starts one more child, last in order. Undefined when its start gave `ignore`. Throws `StartError`. */
  async startChild(spec: ChildSpec, options?: CallOptions): Promise<Pid | undefined> {
    const answer = (await this.#ask({ tag: 'startChild', spec }, options)) as ChildAnswer;
    if (answer.tag === 'error') throw new StartError(spec.id, answer.reason);
    return answer.pid;
  }

  /** Stops a child; its specification stays (unless temporary). Throws `ExitError` `not_found`. */
  async terminateChild(id: string, options?: CallOptions): Promise<void> {
    orThrow(id, (await this.#ask({ tag: 'terminateChild', id }, options)) as ChildAnswer);
  }

  /** Starts a stopped child again. Throws `ExitError`: `not_found`, `running`, `restarting`, or its failure. */
  async restartChild(id: string, options?: CallOptions): Promise<Pid | undefined> {
    return orThrow(id, (await this.#ask({ tag: 'restartChild', id }, options)) as ChildAnswer);
  }

  /** Forgets a stopped child. Throws `ExitError`: `not_found`, `running`, `restarting`. */
  async deleteChild(id: string, options?: CallOptions): Promise<void> {
    orThrow(id, (await this.#ask({ tag: 'deleteChild', id }, options)) as ChildAnswer);
  }

  /** Children in reverse start order. */
  async whichChildren(options?: CallOptions): Promise<readonly ChildInfo[]> {
    return (await this.#ask({ tag: 'whichChildren' }, options)) as readonly ChildInfo[];
  }

  async countChildren(options?: CallOptions): Promise<ChildCount> {
    return (await this.#ask({ tag: 'countChildren' }, options)) as ChildCount;
  }

  #ask(message: SupervisorRequest, options: CallOptions = { timeout: Infinity }): Promise<unknown> {
    return request(this, message.tag, message, options);
  }
}

function orThrow(id: string, answer: ChildAnswer): Pid | undefined {
  if (answer.tag === 'error') throw new ExitError(id, answer.reason);
  return answer.pid;
}
