/**
 * The process of a DynamicSupervisor: what it does about its children's ends and its callers' requests.
 *
 * Children are found through the tree of processes, so that starting and losing one costs the same however
 * many there are. On stop all are asked at once, each with its own deadline. Source: OTP T1, S7, S11, S12.
 */
import type { Behavior } from '../actor/behavior.ts';
import type { Call } from '../actor/call.ts';
import { describeReason, type ExitReason } from '../actor/exit-reason.ts';
import { Kind } from '../actor/mailbox.ts';
import type { Exit } from '../actor/monitor.ts';
import type { Pid } from '../actor/pid.ts';
import { Process, Status } from '../actor/process.ts';
import { childrenOf } from '../actor/tree.ts';
import { Child, checkSpec, endedChild, type ChildSpec } from './child-spec.ts';
import { checkLimit, RestartWindow } from './restart-intensity.ts';
import { chain, type MaybePromise } from './sequence.ts';
import type { StartResult } from './start.ts';
import { stopProcess, stopStarting } from './stop.ts';
import { reportable, restarts } from './strategy.ts';
import { report, startChild, stopChild, stoppedWell, tryAgain } from './supervisor-children.ts';

export interface DynamicSupervisorSpec {
  /** Children at most; more: `{ error: max_children }`. Default Infinity. */
  readonly maxChildren?: number;
  /** Restarts allowed within `period`. Default 1. */
  readonly intensity?: number;
  /** Milliseconds. Default 5,000. */
  readonly period?: number;
}

export class DynamicState {
  readonly maxChildren: number;
  readonly window: RestartWindow;
  count = 0;
  constructor(spec: DynamicSupervisorSpec) {
    this.maxChildren = spec.maxChildren ?? Infinity;
    this.window = new RestartWindow(checkLimit(spec));
  }
}

export type DynamicRequest =
  | { readonly tag: 'startChild'; readonly spec: ChildSpec }
  | { readonly tag: 'terminateChild'; readonly pid: Pid }
  | { readonly tag: 'count' };

export const dynamicBehavior: Behavior = {
  type: 'DynamicSupervisor',
  supervises: true,

  receive(kind, message, self) {
    const state = self.state as DynamicState;
    switch (kind) {
      case Kind.exit:
        return onExit(self, state, message as Exit);
      case Kind.call: {
        const call = message as Call;
        return chain(answer(self, state, call.request as DynamicRequest), (value) => {
          call.reply(value);
        });
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
    const starts = stopStarting(self);
    const stops: Promise<Stopped>[] = [];
    for (const process of [...childrenOf(self)].toReversed()) {
      const { child } = process;
      if (!(child instanceof Child) || child.process !== process) continue;
      child.process = null;
      stops.push(stopOne(self, process, child));
    }
    reportStops(self, await Promise.all(stops));
    await starts;
  },

  inspect(self) {
    const { window, maxChildren } = self.state as DynamicState;
    return { strategy: 'oneForOne', ...window.limit, recent: window.recent(self.clock.now()), maxChildren };
  },
};

type Stopped = readonly [child: Child, reason: ExitReason];

/** Asks at once, then waits. */
async function stopOne(self: Process, process: Process, child: Child): Promise<Stopped> {
  return [child, await stopProcess(process, self, child.spec.shutdown)];
}

/** One report for all that ended badly with the same reason (OTP S12). */
function reportStops(self: Process, stops: readonly Stopped[]): void {
  const bad = new Map<string, { readonly first: Stopped; count: number }>();
  for (const stopped of stops) {
    const [child, reason] = stopped;
    if (stoppedWell(child, reason)) continue;
    const text = describeReason(reason);
    const group = bad.get(text);
    if (group === undefined) bad.set(text, { first: stopped, count: 1 });
    else group.count++;
  }
  for (const { first, count } of bad.values()) {
    report(self, first[0], 'shutdown_error', first[1], `${count} stopped`);
  }
}

/** Starts a child of a dynamic supervisor at once. For code of the runtime itself; others use the reference. */
export function startDynamicChild(self: Process, spec: ChildSpec): MaybePromise<StartResult> {
  if (!self.alive || self.status === Status.stopping) return { tag: 'error', reason: 'noproc' };
  const state = self.state as DynamicState;
  if (state.count >= state.maxChildren) return { tag: 'error', reason: 'max_children' };
  let child: Child;
  try {
    child = new Child(checkSpec(spec));
  } catch (error) {
    return { tag: 'error', reason: error };
  }
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
      const { child } = process;
      if (!(child instanceof Child) || process.parentProcess !== self) return !process.alive;
      if (child.process !== process && !child.restarting) return true;
      state.count--;
      return chain(stopChild(self, child), () => true);
    }
  }
}

function onExit(self: Process, state: DynamicState, exit: Exit): MaybePromise<void> {
  const child = endedChild(exit.from);
  const process = exit.from as Process;
  if (child === undefined || process.parentProcess !== self) return undefined;
  child.process = null;
  const type = child.spec.restart;
  const again = restarts(type, exit.reason);
  if (reportable(type, exit.reason)) {
    report(self, child, 'child_terminated', exit.reason, again ? 'restart (oneForOne)' : 'no restart');
  }
  if (again) return restart(self, state, child);
  // nothing of a temporary child is kept, not even its arguments
  process.child = null;
  state.count--;
  return undefined;
}

/** Every try counts for the intensity (OTP S7). */
function restart(self: Process, state: DynamicState, child: Child): MaybePromise<void> {
  if (state.window.record(self.clock.now())) {
    report(self, child, 'shutdown', 'reached_max_restart_intensity', 'the supervisor gives up');
    self.runtime.stop(self, 'shutdown');
    return undefined;
  }
  child.restarts++;
  return chain(startChild(self, child), (result) => {
    if (result.tag === 'ignore') state.count--;
    if (result.tag !== 'error') return;
    report(self, child, 'start_error', result.reason, 'try again');
    tryAgain(self, child, () => restart(self, state, child));
  });
}
