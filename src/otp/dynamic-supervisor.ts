/**
 * DynamicSupervisor: children without ids, started on demand, addressed by pid; oneForOne (OTP T1, S12).
 *
 * ```ts
 * const sessions = await startDynamicSupervisor(runtime, { maxChildren: 1_000 });
 * const pid = await sessions.startChild(worker('session', session, { user }, { restart: 'temporary' }));
 * ```
 */
import type { Pid } from '../actor/pid.ts';
import type { Process, Self } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import { refuse, wrongInit, wrongSelf } from './arguments.ts';
import { childOf, type ChildOptions } from './child-options.ts';
import type { CheckedSpec, ChildCount, ChildSpec } from './child-spec.ts';
import { dynamicBehavior } from './dynamic-supervisor-behavior.ts';
import type { DynamicChildInfo, DynamicRequest } from './dynamic-supervisor-requests.ts';
import { checkDynamic, type DynamicSupervisorInit } from './dynamic-supervisor-spec.ts';
import { DynamicState } from './dynamic-supervisor-state.ts';
import { StartError } from './errors.ts';
import { chain, type MaybePromise } from './sequence.ts';
import { TreeRef } from './process-ref.ts';
import { ask, type CallOptions } from './server-ref.ts';
import {
  checkStart,
  startedOrThrow,
  startProcess,
  type InitResult,
  type StartOptions,
  type StartResult,
} from './start.ts';
import { nameOf, orThrow, started, type StartedChild } from './supervisor-ref.ts';
import { SUPERVISOR_MAILBOX } from './supervising.ts';
import type { ChildAnswer, SpecAnswer } from './supervisor-requests.ts';
import { judged } from './supervisor-spec.ts';

export { startDynamicChild, type DynamicChildInfo } from './dynamic-supervisor-requests.ts';
export type { DynamicSupervisorInit, DynamicSupervisorSpec } from './dynamic-supervisor-spec.ts';

/** Starts a dynamic supervisor linked to the calling process, as a child specification does. Never throws. */
export function startDynamicSupervisorLink(
  parent: Self,
  init: DynamicSupervisorInit = {},
  options: Omit<StartOptions, 'parent'> = {},
): MaybePromise<StartResult> {
  const wrong = wrongSelf('parent', parent);
  if (wrong !== undefined) return { tag: 'error', reason: wrong };
  return start(parent.runtime, parent as Process, init, options);
}

/** Starts a dynamic supervisor without a parent. Throws `StartError`, a `TypeError` for invalid arguments. */
export async function startDynamicSupervisor(
  runtime: Runtime,
  init: DynamicSupervisorInit = {},
  options: StartOptions = {},
): Promise<DynamicSupervisorRef> {
  checkStart(runtime, options);
  refuse(wrongInit('init', init));
  const result = await start(runtime, null, init, options);
  return new DynamicSupervisorRef(runtime, startedOrThrow(result, options, 'dynamic supervisor'));
}

function start(
  runtime: Runtime,
  parent: Process | null,
  init: DynamicSupervisorInit,
  options: StartOptions,
): MaybePromise<StartResult> {
  return startProcess(
    runtime,
    dynamicBehavior,
    (self) => {
      // whatever the options say
      self.trapExit = true;
      return chain(judged(init, checkDynamic), (outcome): InitResult => {
        if (outcome.tag === 'error') return { tag: 'stop', reason: outcome.reason };
        if (outcome.tag === 'ok') self.state = new DynamicState(init, outcome.value);
        return { tag: outcome.tag };
      });
    },
    options,
    parent,
    { mailbox: SUPERVISOR_MAILBOX },
  );
}

/**
 * How others use a dynamic supervisor. All but `stop` take `CallOptions` (`timeout` by default without limit, as in
 * OTP) and reject with `ExitError` as a server's `call` does.
 */
export class DynamicSupervisorRef extends TreeRef {
  /**
   * Starts a child: of a specification, or, where the supervisor has a template, with these arguments after the
   * template's own. Undefined when its start gave `ignore`. Throws `StartError`: `max_children`, a `SpecError`, or
   * what its start failed with.
   */
  async startChild(child: ChildSpec | readonly unknown[], options?: CallOptions): Promise<Pid | undefined> {
    return (await this.startChildWithExtra(child, options)).pid;
  }

  /** As `startChild`, with what the start gave beside the pid. */
  async startChildWithExtra(
    child: ChildSpec | readonly unknown[],
    options?: CallOptions,
  ): Promise<StartedChild> {
    const result = (await this.#ask({ tag: 'startChild', spec: child }, options)) as StartResult;
    if (result.tag === 'error') throw new StartError(nameOf(child), result.reason);
    if (result.tag === 'ignore') return { pid: undefined };
    return started(result);
  }

  /** Stops a child; a dead one is fine. Throws `ExitError` `not_found` for a live process that is not its child. */
  async terminateChild(pid: Pid, options?: CallOptions): Promise<void> {
    const answer = await this.#ask({ tag: 'terminateChild', id: pid }, options);
    orThrow(String(pid), answer as ChildAnswer);
  }

  /** A child's specification with its defaults; a temporary child's without what starts it. Throws `ExitError` `not_found`. */
  async getChildSpec(pid: Pid, options?: CallOptions): Promise<CheckedSpec> {
    const answer = await this.#ask({ tag: 'getChildSpec', id: pid }, options);
    return orThrow(String(pid), answer as SpecAnswer).spec;
  }

  /** `specs` is 1 with a template, else the number of children; those being restarted are not active. */
  async countChildren(options?: CallOptions): Promise<ChildCount> {
    return (await this.#ask({ tag: 'countChildren' }, options)) as ChildCount;
  }

  /** Those that run, in reverse start order, then those being restarted. */
  async whichChildren(options?: CallOptions): Promise<readonly DynamicChildInfo[]> {
    return (await this.#ask({ tag: 'whichChildren' }, options)) as readonly DynamicChildInfo[];
  }

  /** What the supervisor was started with: the object or function itself. */
  async definition(options?: CallOptions): Promise<DynamicSupervisorInit> {
    return (await this.#ask({ tag: 'definition' }, options)) as DynamicSupervisorInit;
  }

  /**
   * Changes options and template while it runs; without `init` its own function is asked anew. Its children go on
   * and follow the new template from now on. Throws `ExitError` with a `SpecError`, or `{ bad_start_spec }` for a
   * template where there was none or none where there was one; then nothing has changed.
   */
  async update(init?: DynamicSupervisorInit, options?: CallOptions): Promise<void> {
    orThrow('update', (await this.#ask({ tag: 'update', init }, options)) as ChildAnswer);
  }

  #ask(message: DynamicRequest, options: CallOptions | undefined): Promise<unknown> {
    return ask(this, message, options);
  }
}

/** A child specification for a dynamic supervisor below another supervisor. */
export function dynamicSupervisor(
  id: string,
  init: DynamicSupervisorInit = {},
  options: ChildOptions = {},
): ChildSpec {
  refuse(wrongInit(`dynamic supervisor ${id}: init`, init));
  return childOf(id, 'supervisor', options, (parent, each) => startDynamicSupervisorLink(parent, init, each));
}
