/**
 * The process of a DynamicSupervisor: what it does about its children's ends and its own.
 *
 * On stop all children are asked at once, each with its own deadline. Source: OTP T1, S7, S11, S12.
 */
import type { Behavior } from '../actor/behavior.ts';
import { describeReason, isOrderly, type ExitReason } from '../actor/exit-reason.ts';
import type { Exit } from '../actor/monitor.ts';
import type { Process } from '../actor/process.ts';
import { byFirstStart } from './child-order.ts';
import { endedChild, type Child } from './child-spec.ts';
import { answer, type DynamicRequest } from './dynamic-supervisor-requests.ts';
import { runningChildren, type DynamicState } from './dynamic-supervisor-state.ts';
import { restartWhenDue, type Due } from './restart-wait.ts';
import { chain, type MaybePromise } from './sequence.ts';
import { stopStarting } from './stop.ts';
import { endsSupervisor, reportable, restarts } from './strategy.ts';
import { ending, report, startChild, startReason, stopLinked, stoppedWell } from './supervisor-children.ts';
import { supervising } from './supervising.ts';

export const dynamicBehavior: Behavior = {
  type: 'DynamicSupervisor',
  supervises: true,

  receive: supervising(onExit, (self, request) => answer(self, stateOf(self), request as DynamicRequest)),

  async terminate(_reason, self) {
    const starts = stopStarting(self);
    const stops: MaybePromise<Stopped>[] = [];
    if (self.state !== undefined) {
      for (const [process, child] of runningChildren(self).toReversed()) {
        child.process = null;
        stops.push(stopOne(self, process, child));
      }
    }
    const ended: Stopped[] = [];
    for (const stopped of stops) ended.push(stopped instanceof Promise ? await stopped : stopped);
    reportStops(self, ended);
    await starts;
  },

  childrenInOrder: byFirstStart,

  inspect(self) {
    const state = self.state as DynamicState | undefined;
    if (state === undefined) return {};
    const { window, maxChildren, autoShutdown } = state;
    const recent = window.recent(self.clock.now());
    return { strategy: 'oneForOne', autoShutdown, ...window.limit, recent, maxChildren };
  },
};

const stateOf = (self: Process): DynamicState => self.state as DynamicState;

type Stopped = readonly [child: Child, reason: ExitReason, process: Process];

/** Asks at once; a promise only where that takes time. */
function stopOne(self: Process, process: Process, child: Child): MaybePromise<Stopped> {
  const reason = stopLinked(self, child, process);
  return reason instanceof Promise ? reason.then((died) => [child, died, process]) : [child, reason, process];
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
    report(self, first[0], 'shutdown_error', first[1], `${count} stopped`, first[2]);
  }
}

function onExit(self: Process, exit: Exit): MaybePromise<void> {
  const state = stateOf(self);
  const child = endedChild(exit.from);
  const process = exit.from as Process;
  if (child === undefined || process.parentProcess !== self) return undefined;
  child.process = null;
  const type = child.spec.restart;
  const again = restarts(type, exit.reason);
  if (!isOrderly(exit.reason)) child.crashes++;
  if (reportable(type, exit.reason)) {
    const decision = again ? 'restart (oneForOne)' : 'no restart';
    const within = state.window.within(self.clock.now()) + Number(again);
    report(self, child, 'child_terminated', exit.reason, decision, process, within);
  }
  if (again) {
    if (child.spec.restartDelay === undefined) return restart(self, state, child, process);
    state.restarting.add(child);
    return restartWhenDue(self, child, dueOf(self, state, child, process, process, exit.reason));
  }
  // nothing of a temporary child is kept, not even its arguments
  process.child = null;
  state.forget(child);
  if (endsSupervisor(state.autoShutdown, child.spec.significant, () => state.significant > 0))
    self.runtime.stop(self, 'shutdown');
  return undefined;
}

/** Every try counts for the intensity (OTP S7). Until one succeeds the child is known by the pid it had, `old`. */
function restart(self: Process, state: DynamicState, child: Child, old: Process): MaybePromise<void> {
  if (state.window.record(self.clock.now())) {
    report(self, child, 'shutdown', 'reached_max_restart_intensity', 'the supervisor gives up');
    self.runtime.stop(self, 'shutdown');
    return undefined;
  }
  child.restarts++;
  self.runtime.tally.restarts.oneForOne++;
  return chain(startChild(self, child, state.extraArguments), (result) => {
    if (result.tag === 'ignore') state.forget(child);
    if (result.tag !== 'error') {
      state.restarting.delete(child);
      old.child = null;
      return;
    }
    state.restarting.add(child);
    // it failed because of that, or nobody tries again because of it
    if (ending(self)) return;
    report(self, child, 'start_error', startReason(result), 'try again');
    return restartWhenDue(self, child, dueOf(self, state, child, old, null, result.reason));
  });
}

/** @param old the process by which the child is known; `ended` when that is the one that ended now. */
const dueOf = (
  self: Process,
  state: DynamicState,
  child: Child,
  old: Process,
  ended: Process | null,
  reason: ExitReason,
): Due => ({
  ended,
  reason,
  period: state.window.limit.period,
  restart: () => restart(self, state, child, old),
});
