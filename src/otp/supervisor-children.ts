/**
 * A supervisor's children: its state, and how one of them is started and stopped.
 */
import { describeReason, type ExitReason } from '../actor/exit-reason.ts';
import type { Process } from '../actor/process.ts';
import { Child, checkSpec, type ChildSpec } from './child-spec.ts';
import type { RestartWindow } from './restart-intensity.ts';
import { chain, eachInOrder, type MaybePromise } from './sequence.ts';
import type { StartResult } from './start.ts';
import { stopProcess } from './stop.ts';
import { reportable, type Strategy } from './strategy.ts';

export class SupervisorState {
  readonly strategy: Strategy;
  readonly window: RestartWindow;
  children: Child[] = [];
  constructor(strategy: Strategy, window: RestartWindow) {
    this.strategy = strategy;
    this.window = window;
  }
  find(id: string): Child | undefined {
    return this.children.find((child) => child.spec.id === id);
  }
}

export function stateOf(self: Process): SupervisorState {
  return self.state as SupervisorState;
}

/** Starts all in order; on a failure stops those started, in reverse (OTP S5). */
export function startAll(self: Process, specs: readonly ChildSpec[]): MaybePromise<ExitReason | undefined> {
  const state = stateOf(self);
  let failure: ExitReason | undefined;
  const done = eachInOrder(specs, (spec) => {
    const child = new Child(checkSpec(spec));
    return chain(startChild(self, child), (result) => {
      if (result.tag === 'error') {
        failure = { shutdown: { failed_to_start_child: child.spec.id, reason: result.reason } };
        report(self, child, 'start_error', result.reason, 'the supervisor does not start');
        return false;
      }
      if (result.tag === 'ok' || child.spec.restart !== 'temporary') state.children.push(child);
      return true;
    });
  });
  return chain(done, (ok): MaybePromise<ExitReason | undefined> => {
    if (ok) return undefined;
    const started = state.children.toReversed();
    return chain(
      eachInOrder(started, (child) => chain(stopChild(self, child), () => true)),
      () => failure,
    );
  });
}

export function startChild(self: Process, child: Child): MaybePromise<StartResult> {
  let result: MaybePromise<StartResult>;
  try {
    result = child.spec.start(self);
  } catch (error) {
    result = { tag: 'error', reason: error };
  }
  const settled = result instanceof Promise ? result.catch(asError) : result;
  return chain(settled, (outcome) => {
    if (outcome.tag !== 'ok') return outcome;
    const process = outcome.pid as Process;
    child.restarting = false;
    if (!process.alive) return { tag: 'error', reason: process.reason };
    child.process = process;
    process.child = child;
    self.runtime.report({
      tag: 'progress',
      at: self.clock.wall(),
      label: self.label,
      child: child.spec.id,
      pid: process,
    });
    return outcome;
  });
}

const asError = (reason: unknown): StartResult => ({ tag: 'error', reason });

/** Stops a child and reports when it did not go as it should (OTP S10, S11). */
export function stopChild(self: Process, child: Child): MaybePromise<void> {
  const process = child.process;
  child.process = null;
  child.restarting = false;
  if (process === null) return;
  process.child = null;
  const { shutdown, restart } = child.spec;
  return chain(process.alive ? stopProcess(process, self, shutdown) : process.reason, (reason) => {
    const expected = shutdown === 'brutalKill' ? reason === 'killed' : reason === 'shutdown';
    if (expected || (restart !== 'permanent' && !reportable(restart, reason))) return;
    report(self, child, 'shutdown_error', reason, 'the child is stopped');
  });
}

export function report(
  self: Process,
  child: Child,
  context: 'start_error' | 'child_terminated' | 'shutdown_error' | 'shutdown',
  reason: ExitReason,
  decision: string,
): void {
  self.runtime.report({
    tag: 'supervisor',
    at: self.clock.wall(),
    pid: self,
    label: self.label,
    context,
    child: child.spec.id,
    reason: describeReason(reason),
    decision,
  });
}
