/**
 * A supervisor's children: its state, and how one of them is started and stopped.
 */
import { isOrderly, type ExitReason } from '../actor/exit-reason.ts';
import { Status, type Process } from '../actor/process.ts';
import { Child, checkSpec, type ChildSpec } from './child-spec.ts';
import type { RestartWindow } from './restart-intensity.ts';
import { chain, eachInOrder, type MaybePromise } from './sequence.ts';
import type { StartResult } from './start.ts';
import { stopProcess } from './stop.ts';
import { reportable, type Strategy } from './strategy.ts';

export class SupervisorState {
  readonly strategy: Strategy;
  readonly window: RestartWindow;
  /** By id, in start order. */
  readonly children: Map<string, Child> = new Map();
  constructor(strategy: Strategy, window: RestartWindow) {
    this.strategy = strategy;
    this.window = window;
  }
  keep(child: Child): void {
    this.children.set(child.spec.id, child);
  }
  forget(child: Child): void {
    this.children.delete(child.spec.id);
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
        // an orderly failure is told to the starter, who asked for the start; it is no fault to report
        if (!isOrderly(result.reason))
          report(self, child, 'start_error', result.reason, 'the supervisor does not start');
        return false;
      }
      if (result.tag === 'ok' || child.spec.restart !== 'temporary') state.keep(child);
      return true;
    });
  });
  return chain(done, (ok): MaybePromise<ExitReason | undefined> => {
    if (ok) return undefined;
    // it was stopped in the middle of its start: `terminate` stops the children, in order
    if (ending(self)) return failure;
    return chain(stopAll(self, [...state.children.values()]), () => failure);
  });
}

const ending = ({ status, toldToEnd }: Process): boolean =>
  toldToEnd || status === Status.stopping || status === Status.dead;

/** Stops children, the last first. */
export function stopAll(self: Process, children: readonly Child[]): MaybePromise<boolean> {
  return eachInOrder(children.toReversed(), (child) => chain(stopChild(self, child), () => true));
}

export function startChild(self: Process, child: Child): MaybePromise<StartResult> {
  // it was told to stop while it waited for the start or stop of another one
  if (ending(self)) return { tag: 'error', reason: 'shutdown' };
  let result: MaybePromise<StartResult>;
  try {
    result = child.spec.start(self);
  } catch (error) {
    result = { tag: 'error', reason: error };
  }
  const settled = result instanceof Promise ? result.catch(asError) : result;
  return chain(settled, (outcome) => {
    if (outcome.tag === 'error') return outcome;
    child.retry = null;
    if (outcome.tag === 'ignore') return outcome;
    const process = outcome.pid as Process;
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

/**
 * Runs `restart` later, by a message to itself, so that requests and a shutdown get their turn (OTP S7); not
 * when the child is stopped or started in between.
 */
export function tryAgain(self: Process, child: Child, restart: () => MaybePromise<void>): void {
  const ticket = {};
  child.retry = ticket;
  self.runtime.work(self, () => (child.retry === ticket ? restart() : undefined));
}

const asError = (reason: unknown): StartResult => ({ tag: 'error', reason });

/** Stops a child and reports when it did not go as it should (OTP S10, S11). */
export function stopChild(self: Process, child: Child): MaybePromise<void> {
  const process = child.process;
  child.process = null;
  child.retry = null;
  if (process === null) return;
  process.child = null;
  return chain(process.alive ? stopProcess(process, self, child.spec.shutdown) : process.reason, (reason) => {
    if (!stoppedWell(child, reason)) report(self, child, 'shutdown_error', reason, 'the child is stopped');
  });
}

/** Whether a child that was told to stop ended as it should (OTP S11). */
export function stoppedWell(child: Child, reason: ExitReason): boolean {
  const { shutdown, restart } = child.spec;
  if (reason === (shutdown === 'brutalKill' ? 'killed' : 'shutdown')) return true;
  return restart !== 'permanent' && !reportable(restart, reason);
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
    reason,
    decision,
  });
}
