/**
 * DynamicSupervisor: children without ids, started on demand, addressed by pid; oneForOne (OTP T1, S12).
 *
 * Children are found through the tree of processes, so that starting and losing one costs the same however
 * many there are. On stop all are asked at once and share one deadline each.
 */
import type { Behavior } from '../actor/behavior.ts';
import type { Call } from '../actor/call.ts';
import type { ExitReason } from '../actor/exit-reason.ts';
import { Kind } from '../actor/mailbox.ts';
import type { Exit } from '../actor/monitor.ts';
import type { Pid } from '../actor/pid.ts';
import { Process, type Self } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import { childrenOf } from '../actor/tree.ts';
import { Child, checkSpec, type ChildSpec } from './child-spec.ts';
import { ExitError, StartError } from './errors.ts';
import { DEFAULT_LIMIT, RestartWindow } from './restart-intensity.ts';
import { chain, type MaybePromise } from './sequence.ts';
import { request, type CallOptions, type Named } from './server-ref.ts';
import { startProcess, type StartOptions, type StartResult } from './start.ts';
import { stopProcess } from './stop.ts';
import { reportable, restarts } from './strategy.ts';
import { report, startChild } from './supervisor-children.ts';
import { StopRequest } from './system-messages.ts';

export interface DynamicSupervisorSpec {
  /** Children at most; more: `{ error: max_children }`. Default Infinity. */
  readonly maxChildren?: number;
  /** Restarts allowed within `period`. Default 1. */
  readonly intensity?: number;
  /** Milliseconds. Default 5,000. */
  readonly period?: number;
}

class DynamicState {
  readonly maxChildren: number;
  readonly window: RestartWindow;
  count = 0;
  constructor(spec: DynamicSupervisorSpec) {
    this.maxChildren = spec.maxChildren ?? Infinity;
    this.window = new RestartWindow({
      intensity: spec.intensity ?? DEFAULT_LIMIT.intensity,
      period: spec.period ?? DEFAULT_LIMIT.period,
    });
  }
}

type DynamicRequest =
  | { readonly tag: 'startChild'; readonly spec: ChildSpec }
  | { readonly tag: 'terminateChild'; readonly pid: Pid }
  | { readonly tag: 'count' };

const dynamicBehavior: Behavior = {
  type: 'DynamicSupervisor',

  receive(kind, message, self) {
    const state = self.state as DynamicState;
    switch (kind) {
      case Kind.exit:
        return onExit(self, state, message as Exit);
      case Kind.system:
        if (message instanceof StopRequest) self.runtime.stop(self, message.reason);
        return undefined;
      case Kind.call: {
        const call = message as Call;
        const done = chain(
          answer(self, state, call.request as DynamicRequest),
          (value) => void call.reply(value),
        );
        return done instanceof Promise ? done : undefined;
      }
      default:
        return self.runtime.report({
          tag: 'unhandled',
          at: self.clock.wall(),
          pid: self,
          label: self.label,
          kind: 'message',
        });
    }
  },

  async terminate(_reason, self) {
    const stops: MaybePromise<unknown>[] = [];
    for (const process of [...childrenOf(self)].toReversed()) {
      const child = process.child;
      if (!(child instanceof Child)) continue;
      child.process = null;
      stops.push(stopProcess(process, self, child.spec.shutdown));
    }
    await Promise.all(stops);
  },

  inspect(self) {
    const { window, maxChildren } = self.state as DynamicState;
    return { strategy: 'oneForOne', ...window.limit, recent: window.recent(self.clock.now()), maxChildren };
  },
};

/** Starts a child of a dynamic supervisor at once. For code of the runtime itself; others use the reference. */
export function startDynamicChild(self: Process, spec: ChildSpec): MaybePromise<StartResult> {
  if (!self.alive) return { tag: 'error', reason: 'noproc' };
  const state = self.state as DynamicState;
  if (state.count >= state.maxChildren) return { tag: 'error', reason: 'max_children' };
  const child = new Child(checkSpec(spec));
  state.count++;
  return chain(startChild(self, child), (result) => {
    if (result.tag !== 'ok') state.count--;
    return result;
  });
}

function answer(self: Process, state: DynamicState, message: DynamicRequest): MaybePromise<unknown> {
  switch (message.tag) {
    case 'startChild':
      return startDynamicChild(self, message.spec);
    case 'count':
      return state.count;
    case 'terminateChild': {
      const process = message.pid;
      if (!(process instanceof Process)) return false;
      const child = process.child;
      if (!(child instanceof Child) || process.parentProcess !== self) return !process.alive;
      child.process = null;
      state.count--;
      return chain(stopProcess(process, self, child.spec.shutdown), () => true);
    }
  }
}

function onExit(self: Process, state: DynamicState, exit: Exit): void | Promise<void> {
  if (exit.from === self.parentProcess) {
    self.runtime.stop(self, exit.reason);
    return undefined;
  }
  const child = (exit.from as Process).child;
  if (!(child instanceof Child) || child.process !== exit.from) return undefined;
  child.process = null;
  const { restart } = child.spec;
  const again = restarts(restart, exit.reason);
  if (reportable(restart, exit.reason)) {
    report(self, child, 'child_terminated', exit.reason, again ? 'restart (oneForOne)' : 'no restart');
  }
  if (!again) {
    state.count--;
    return undefined;
  }
  if (state.window.record(self.clock.now())) {
    report(self, child, 'shutdown', 'reached_max_restart_intensity', 'the supervisor gives up');
    self.runtime.stop(self, 'shutdown');
    return undefined;
  }
  child.restarts++;
  const done = chain(startChild(self, child), (result) => {
    if (result.tag === 'ok') return;
    state.count--;
    if (result.tag === 'error') report(self, child, 'start_error', result.reason, 'the child is dropped');
  });
  return done instanceof Promise ? done : undefined;
}

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
  if (result.tag !== 'ok') {
    throw new StartError(
      options.label ?? 'dynamic supervisor',
      result.tag === 'ignore' ? 'ignore' : result.reason,
    );
  }
  return new DynamicSupervisorRef(runtime, result.pid);
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

export class DynamicSupervisorRef {
  readonly runtime: Runtime;
  readonly #target: Pid | Named;

  constructor(runtime: Runtime, target: Pid | Named) {
    this.runtime = runtime;
    this.#target = target;
  }

  get pid(): Pid | undefined {
    const target = this.#target;
    return 'scope' in target ? target.scope.whereis(target.name) : target;
  }

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

  /** Stops all children at once, then itself, and waits. Gives the reason it ended with. */
  async stop(): Promise<ExitReason> {
    const process = this.pid;
    if (!(process instanceof Process) || !process.alive) return 'noproc';
    return stopProcess(process, process.parentProcess, Infinity);
  }

  #ask(message: DynamicRequest, options: CallOptions = { timeout: Infinity }): Promise<unknown> {
    return request(this, message.tag, message, options);
  }
}
