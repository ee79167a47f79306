/**
 * DynamicSupervisor: children without ids, started on demand, addressed by pid; oneForOne (OTP T1, S12).
 *
 * ```ts
 * const sessions = await startDynamicSupervisor(runtime, { maxChildren: 1_000 });
 * const pid = await sessions.startChild(worker('session', session, { user }, { restart: 'temporary' }));
 * ```
 */
import type { NameScope } from '../actor/names.ts';
import type { Pid } from '../actor/pid.ts';
import type { Process, Self } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import type { ChildSpec } from './child-spec.ts';
import {
  dynamicBehavior,
  DynamicState,
  type DynamicRequest,
  type DynamicSupervisorSpec,
} from './dynamic-supervisor-behavior.ts';
import { ExitError, StartError } from './errors.ts';
import type { MaybePromise } from './sequence.ts';
import { TreeRef } from './process-ref.ts';
import { request, type CallOptions } from './server-ref.ts';
import { startedOrThrow, startProcess, type StartOptions, type StartResult } from './start.ts';

export { startDynamicChild, type DynamicSupervisorSpec } from './dynamic-supervisor-behavior.ts';

/** Starts a dynamic supervisor linked to the calling process, as a child specification does. */
export function startDynamicSupervisorLink(
  parent: Self,
  spec: DynamicSupervisorSpec,
  options: Omit<StartOptions, 'parent'> = {},
): MaybePromise<StartResult> {
  return start(parent.runtime, spec, { ...options, parent: parent as Process });
}

/** Starts a dynamic supervisor without a parent. Throws `StartError`. */
export async function startDynamicSupervisor(
  runtime: Runtime,
  spec: DynamicSupervisorSpec = {},
  options: StartOptions = {},
): Promise<DynamicSupervisorRef> {
  const result = await start(runtime, spec, options);
  const what = options.label ?? options.id ?? 'dynamic supervisor';
  return new DynamicSupervisorRef(runtime, startedOrThrow(result, what));
}

function start(
  runtime: Runtime,
  spec: DynamicSupervisorSpec,
  options: StartOptions,
): MaybePromise<StartResult> {
  return startProcess(
    runtime,
    dynamicBehavior,
    (self) => {
      self.state = new DynamicState(spec);
      return { tag: 'ok' };
    },
    { ...options, trapExit: true },
  );
}

export class DynamicSupervisorRef extends TreeRef {
  /** Starts a child. Undefined when its start gave `ignore`. Throws `StartError` (`max_children`, or its failure). */
  async startChild(spec: ChildSpec, options?: CallOptions): Promise<Pid | undefined> {
    const result = (await this.#ask({ tag: 'startChild', spec }, options)) as StartResult;
    if (result.tag === 'error') throw new StartError(spec.id, result.reason);
    return result.tag === 'ok' ? result.pid : undefined;
  }

  /** Stops a child; a dead one is fine. Throws `ExitError` `not_found` for a live process that is not its child. */
  async terminateChild(pid: Pid, options?: CallOptions): Promise<void> {
    if ((await this.#ask({ tag: 'terminateChild', pid }, options)) !== true)
      throw new ExitError(pid.toString(), 'not_found');
  }

  async count(options?: CallOptions): Promise<number> {
    return (await this.#ask({ tag: 'count' }, options)) as number;
  }

  #ask(message: DynamicRequest, options: CallOptions = { timeout: Infinity }): Promise<unknown> {
    return request(this, message.tag, message, options);
  }
}

/** A child specification for a dynamic supervisor below another supervisor. */
export function dynamicSupervisor(
  id: string,
  spec: DynamicSupervisorSpec = {},
  options: Pick<ChildSpec, 'restart' | 'shutdown'> & { readonly scope?: NameScope } = {},
): ChildSpec {
  const { scope, ...rest } = options;
  return {
    id,
    ...rest,
    type: 'supervisor',
    start: (parent) =>
      startDynamicSupervisorLink(parent, spec, { id, ...(scope === undefined ? {} : { name: id, scope }) }),
  };
}
