/**
 * The supervisor process: starts children in order, watches them, restarts them by strategy, stops them in
 * reverse order. What to do is decided by `strategy.ts` and `restart-intensity.ts`; this performs it.
 *
 * It traps exits. While a child's start or stop takes time, it waits for it as OTP's does: further exits and
 * requests are handled afterwards, a kill acts at once. Source: Erlang/OTP `supervisor`; OTP §1.3.
 */
import type { Behavior } from '../actor/behavior.ts';
import type { Call } from '../actor/call.ts';
import type { ExitReason } from '../actor/exit-reason.ts';
import { Kind } from '../actor/mailbox.ts';
import type { Exit } from '../actor/monitor.ts';
import type { Process } from '../actor/process.ts';
import { endedChild, type Child } from './child-spec.ts';
import { restartWhenDue, type Due } from './restart-wait.ts';
import { chain, eachInOrder, type MaybePromise } from './sequence.ts';
import { stopStarting } from './stop.ts';
import { endsSupervisor, reportable, restartGroup, restarts } from './strategy.ts';
import { report, startChild, stateOf, stopAll, type SupervisorState } from './supervisor-children.ts';
import { answer, type SupervisorRequest } from './supervisor-requests.ts';

export const supervisorBehavior: Behavior = {
  type: 'Supervisor',
  supervises: true,

  receive(kind, message, self) {
    switch (kind) {
      case Kind.exit:
        return onExit(self, message as Exit);
      case Kind.call: {
        const call = message as Call;
        return ignoreValue(
          chain(answer(self, stateOf(self), call.request as SupervisorRequest), (value) => {
            call.reply(value);
          }),
        );
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

  terminate(_reason, self) {
    if (self.state === undefined) return undefined;
    return ignoreValue(chain(stopStarting(self), () => stopAll(self, [...stateOf(self).children.values()])));
  },

  inspect(self) {
    if (self.state === undefined) return {};
    const { strategy, autoShutdown, window } = stateOf(self);
    return { strategy, autoShutdown, ...window.limit, recent: window.recent(self.clock.now()) };
  },
};

function ignoreValue(value: MaybePromise<unknown>): void | Promise<void> {
  return value instanceof Promise ? value.then(() => {}) : undefined;
}

function onExit(self: Process, exit: Exit): void | Promise<void> {
  const child = endedChild(exit.from);
  if (child === undefined || stateOf(self).children.get(child.spec.id) !== child) return;
  const process = exit.from as Process;
  child.process = null;
  process.child = null;
  return ignoreValue(ended(self, child, process, exit.reason));
}

function ended(self: Process, child: Child, process: Process, reason: ExitReason): MaybePromise<void> {
  const state = stateOf(self);
  const { restart, significant } = child.spec;
  const again = restarts(restart, reason);
  if (reportable(restart, reason)) {
    const decision = again ? `restart (${state.strategy})` : 'no restart';
    report(self, child, 'child_terminated', reason, decision, process);
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
  const group = restartGroup(state.strategy, state.children.values(), child);
  return chain(stopAll(self, group), () => {
    const kept = group.filter((other) => other.spec.restart !== 'temporary');
    for (const other of group) if (other.spec.restart === 'temporary') state.forget(other);
    return startGroup(self, kept);
  });
}

/** When a start fails, oneForAll begins anew with all, restForOne with the one that failed (OTP S8). */
function startGroup(self: Process, group: readonly Child[]): MaybePromise<void> {
  let failed: Child | undefined;
  let why: ExitReason;
  const done = eachInOrder(group, (child) =>
    chain(startChild(self, child), (result) => {
      if (result.tag !== 'error') return true;
      report(self, child, 'start_error', result.reason, 'try again');
      failed = child;
      why = result.reason;
      return false;
    }),
  );
  return chain(done, () => {
    const again = failed;
    return again === undefined ? undefined : restartWhenDue(self, again, dueOf(self, again, null, why));
  });
}

const dueOf = (self: Process, child: Child, ended: Process | null, reason: ExitReason): Due => ({
  ended,
  reason,
  period: stateOf(self).window.limit.period,
  restart: () => restartChild(self, child),
});
