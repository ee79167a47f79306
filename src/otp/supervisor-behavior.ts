/**
 * The supervisor process: starts children in order, watches them, restarts them by strategy, stops them in
 * reverse order. What to do is decided by `strategy.ts` and `restart-intensity.ts`; this performs it.
 *
 * It traps exits. While a child's start or stop takes time, it waits for it as OTP's does: further exits and
 * requests are handled afterwards, a kill acts at once. Source: Erlang/OTP `supervisor`; OTP §1.3.
 */
import type { Behavior } from '../actor/behavior.ts';
import { isOrderly, type ExitReason } from '../actor/exit-reason.ts';
import type { Exit } from '../actor/monitor.ts';
import type { Process } from '../actor/process.ts';
import { bySpecification } from './child-order.ts';
import { endedChild, type Child } from './child-spec.ts';
import { restartWhenDue, type Due } from './restart-wait.ts';
import { chain, type MaybePromise } from './sequence.ts';
import { stopStarting } from './stop.ts';
import { endsSupervisor, reportable, restartGroup, restarts } from './strategy.ts';
import type { Failed } from './start.ts';
import {
  ending,
  report,
  startChild,
  startReason,
  stateOf,
  stopAll,
  type SupervisorState,
} from './supervisor-children.ts';
import { answer, type SupervisorRequest } from './supervisor-requests.ts';
import { supervising } from './supervising.ts';

export const supervisorBehavior: Behavior = {
  type: 'Supervisor',
  supervises: true,

  receive: supervising(onExit, (self, request) => answer(self, stateOf(self), request as SupervisorRequest)),

  terminate(_reason, self) {
    if (self.state === undefined) return undefined;
    const stopped = chain(stopStarting(self), () => stopAll(self, [...stateOf(self).children.values()]));
    return chain(stopped, () => {});
  },

  childrenInOrder: (self) =>
    bySpecification(self, self.state === undefined ? undefined : stateOf(self).children),

  inspect(self) {
    if (self.state === undefined) return {};
    const { strategy, autoShutdown, window } = stateOf(self);
    return { strategy, autoShutdown, ...window.limit, recent: window.recent(self.clock.now()) };
  },
};

function onExit(self: Process, exit: Exit): MaybePromise<void> {
  const child = endedChild(exit.from);
  if (child === undefined || stateOf(self).children.get(child.spec.id) !== child) return;
  const process = exit.from as Process;
  child.process = null;
  process.child = null;
  return ended(self, child, process, exit.reason);
}

function ended(self: Process, child: Child, process: Process, reason: ExitReason): MaybePromise<void> {
  const state = stateOf(self);
  const { restart, significant } = child.spec;
  const again = restarts(restart, reason);
  if (!isOrderly(reason)) child.crashes++;
  if (reportable(restart, reason)) {
    const decision = again ? `restart (${state.strategy})` : 'no restart';
    const within = state.window.within(self.clock.now()) + Number(again);
    report(self, child, 'child_terminated', reason, decision, process, within);
  }
  if (again) {
    if (child.spec.restartDelay === undefined) return restartChild(self, child);
    return restartWhenDue(self, child, dueOf(self, child, process, reason));
  }
  if (restart === 'temporary') state.forget(child);
  if (endsSupervisor(state.autoShutdown, significant, () => significantLeft(state)))
    self.runtime.stop(self, 'shutdown');
}

const significantLeft = ({ children }: SupervisorState): boolean =>
  [...children.values()].some((child) => child.spec.significant && child.present);

/** Restarts what the strategy says, unless the intensity is exceeded (OTP S2, S3). */
function restartChild(self: Process, child: Child): MaybePromise<void> {
  const state = stateOf(self);
  if (state.window.record(self.clock.now())) {
    report(self, child, 'shutdown', 'reached_max_restart_intensity', 'the supervisor gives up');
    self.runtime.stop(self, 'shutdown');
    return;
  }
  child.restarts++;
  self.runtime.tally.restarts[state.strategy]++;
  const group = restartGroup(state.strategy, state.children.values(), child);
  const stopped = stopAll(self, group);
  return stopped instanceof Promise ? stopped.then(() => startAgain(self, group)) : startAgain(self, group);
}

/** Starts a group that has been stopped; temporary children are not started again. */
function startAgain(self: Process, group: readonly Child[]): MaybePromise<void> {
  if (!group.some(isTemporary)) return startGroup(self, group, 0);
  const state = stateOf(self);
  for (const child of group) if (isTemporary(child)) state.forget(child);
  return startGroup(
    self,
    group.filter((child) => !isTemporary(child)),
    0,
  );
}

const isTemporary = ({ spec }: Child): boolean => spec.restart === 'temporary';

/**
 * Starts the children from this one on, without a promise while none is needed. When a start fails, oneForAll begins
 * anew with all, restForOne with the one that failed (OTP S8).
 */
function startGroup(self: Process, group: readonly Child[], from: number): MaybePromise<void> {
  for (let at = from; at < group.length; at++) {
    const child = group[at] as Child;
    const result = startChild(self, child);
    if (result instanceof Promise)
      return result.then((given) =>
        given.tag === 'error' ? startLater(self, child, given) : startGroup(self, group, at + 1),
      );
    if (result.tag === 'error') return startLater(self, child, result);
  }
  return undefined;
}

function startLater(self: Process, child: Child, result: Failed): MaybePromise<void> {
  // it failed because of that, or nobody tries again because of it
  if (ending(self)) return undefined;
  report(self, child, 'start_error', startReason(result), 'try again');
  return restartWhenDue(self, child, dueOf(self, child, null, result.reason));
}

const dueOf = (self: Process, child: Child, ended: Process | null, reason: ExitReason): Due => ({
  ended,
  reason,
  period: stateOf(self).window.limit.period,
  restart: () => restartChild(self, child),
});
