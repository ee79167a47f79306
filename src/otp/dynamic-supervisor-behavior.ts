/**
 * The process of a DynamicSupervisor: what it does about its children's ends and its own.
 *
 * On stop all children are asked at once, each with its own deadline. Source: OTP T1, S7, S11, S12.
 */
import type { Behavior } from '../actor/behavior.ts';
import type { Call } from '../actor/call.ts';
import { describeReason, type ExitReason } from '../actor/exit-reason.ts';
import { Kind } from '../actor/mailbox.ts';
import type { Exit } from '../actor/monitor.ts';
import type { Process } from '../actor/process.ts';
import { endedChild, type Child } from './child-spec.ts';
import { answer, type DynamicRequest } from './dynamic-supervisor-requests.ts';
import { runningChildren, type DynamicState } from './dynamic-supervisor-state.ts';
import { restartWhenDue, type Due } from './restart-wait.ts';
import { chain, type MaybePromise } from './sequence.ts';
import { stopProcess, stopStarting } from './stop.ts';
import { endsSupervisor, reportable, restarts } from './strategy.ts';
import { report, startChild, stoppedWell } from './supervisor-children.ts';

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
    if (self.state !== undefined) {
      for (const [process, child] of runningChildren(self).toReversed()) {
        child.process = null;
        stops.push(stopOne(self, process, child));
      }
    }
    reportStops(self, await Promise.all(stops));
    await starts;
  },

  inspect(self) {
    const state = self.state as DynamicState | undefined;
    if (state === undefined) return {};
    const { window, maxChildren, autoShutdown } = state;
    const recent = window.recent(self.clock.now());
    return { strategy: 'oneForOne', autoShutdown, ...window.limit, recent, maxChildren };
  },
};

type Stopped = readonly [child: Child, reason: ExitReason, process: Process];

/** Asks at once, then waits. */
async function stopOne(self: Process, process: Process, child: Child): Promise<Stopped> {
  return [child, await stopProcess(process, self, child.spec.shutdown), process];
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

function onExit(self: Process, state: DynamicState, exit: Exit): MaybePromise<void> {
  const child = endedChild(exit.from);
  const process = exit.from as Process;
  if (child === undefined || process.parentProcess !== self) return undefined;
  child.process = null;
  const type = child.spec.restart;
  const again = restarts(type, exit.reason);
  if (reportable(type, exit.reason)) {
    const decision = again ? 'restart (oneForOne)' : 'no restart';
    report(self, child, 'child_terminated', exit.reason, decision, process);
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
  return chain(startChild(self, child, state.extraArguments), (result) => {
    if (result.tag === 'ignore') state.forget(child);
    if (result.tag !== 'error') {
      state.restarting.delete(child);
      old.child = null;
      return;
    }
    state.restarting.add(child);
    report(self, child, 'start_error', result.reason, 'try again');
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
