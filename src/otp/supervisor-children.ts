/**
 * A supervisor's children: its state, and how one of them is started and stopped.
 */
import { isOrderly, type ExitReason } from '../actor/exit-reason.ts';
import { Process, Status } from '../actor/process.ts';
import type { ReportedChild } from '../actor/report.ts';
import { keepShown, shownReason } from '../actor/shown-reason.ts';
import { Child, type CheckedSpec } from './child-spec.ts';
import { RestartWindow } from './restart-intensity.ts';
import { chain, eachInOrder, isPromiseLike, type MaybePromise } from './sequence.ts';
import { failed, notStarted, type Failed, type StartResult } from './start.ts';
import { stopProcess } from './stop.ts';
import { reportable, type AutoShutdown, type Strategy } from './strategy.ts';
import type { CheckedSupervisor, SupervisorInit } from './supervisor-spec.ts';

export class SupervisorState {
  /** What it was started with, or changed to. */
  init: SupervisorInit;
  strategy: Strategy;
  autoShutdown: AutoShutdown;
  window: RestartWindow;
  /** By id, in start order. */
  children: Map<string, Child> = new Map();
  constructor(init: SupervisorInit, { strategy, autoShutdown, limit }: CheckedSupervisor) {
    this.init = init;
    this.strategy = strategy;
    this.autoShutdown = autoShutdown;
    this.window = new RestartWindow(limit);
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
export function startAll(self: Process, specs: readonly CheckedSpec[]): MaybePromise<ExitReason | undefined> {
  const state = stateOf(self);
  let failure: ExitReason | undefined;
  const done = eachInOrder(specs, (spec) => {
    const child = new Child(spec);
    return chain(startChild(self, child), (result) => {
      if (result.tag === 'error') {
        failure = failedChild(child, result);
        // an orderly failure is told to the starter, who asked for the start; it is no fault to report
        if (!isOrderly(result.reason))
          report(self, child, 'start_error', startReason(result), 'the supervisor does not start');
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

/** What a supervisor fails with whose child does not start; shown as the reason of that child is. */
function failedChild(child: Child, result: Failed): ExitReason {
  const wrapped = (reason: ExitReason): object => ({
    shutdown: { failed_to_start_child: child.spec.id, reason },
  });
  const failure = wrapped(result.reason);
  const shown = shownReason(result.reason, result);
  if (!Object.is(shown, result.reason)) keepShown(failure, failure, wrapped(shown));
  return failure;
}

/** The reason of a failed start, for its report: what of an object is shown is known by the object. */
export const startReason = (result: Failed): ExitReason =>
  typeof result.reason === 'object' && result.reason !== null
    ? result.reason
    : shownReason(result.reason, result);

/** It has ended, or its end is ordered: it starts nobody any more, and what fails to start is not tried again. */
export const ending = ({ status, toldToEnd }: Process): boolean =>
  toldToEnd || status === Status.stopping || status === Status.dead;

/** Stops children, the last first. */
export function stopAll(self: Process, children: readonly Child[]): MaybePromise<boolean> {
  return eachInOrder(children.toReversed(), (child) => chain(stopChild(self, child), () => true));
}

const NOTHING: readonly unknown[] = [];

type Start = (parent: Process, ...args: readonly unknown[]) => MaybePromise<StartResult>;

/** @param before arguments that come before the child's own. */
export function startChild(
  self: Process,
  child: Child,
  before: readonly unknown[] = NOTHING,
): MaybePromise<StartResult> {
  // it was told to stop while it waited for the start or stop of another one
  if (ending(self)) return { tag: 'error', reason: 'shutdown' };
  let result: MaybePromise<StartResult>;
  try {
    const start = child.spec.start as unknown as Start;
    // most take nothing, and a spread costs as much as the rest of a restart
    const plain = before.length === 0 && child.args.length === 0;
    result = plain ? start(self) : start(self, ...before, ...child.args);
  } catch (error) {
    result = failed(error);
  }
  // most starts are synchronous, and a closure for each costs as much as the rest of it
  if (!isPromiseLike(result)) return begun(self, child, result);
  return Promise.resolve(result)
    .catch(failed)
    .then((given) => begun(self, child, given));
}

/** What its start gave, judged and written down. */
function begun(self: Process, child: Child, given: StartResult): StartResult {
  const outcome = isStartResult(given) ? given : failed(given);
  if (outcome.tag === 'error') {
    if (!isOrderly(outcome.reason)) child.crashes++;
    return outcome;
  }
  child.retry = null;
  if (outcome.tag === 'ignore') return outcome;
  const process = outcome.pid as Process;
  if (!process.alive) {
    if (!isOrderly(process.reason)) child.crashes++;
    return notStarted(process, process.reason);
  }
  if (child.first === 0) child.first = process.serial;
  child.process = process;
  process.child = child;
  if (!child.shared && self.runtime.wantsProgress) progress(self, child, process);
  if (child.spec.restart === 'temporary') child.forgetStart();
  return outcome;
}

/** OTP R1: not for the many of one template. */
function progress(self: Process, child: Child, pid: Process): void {
  const { id } = child.spec;
  const { label } = self;
  const at = self.clock.wall();
  self.runtime.report({ tag: 'progress', at, label, child: id, spec: reported(child, pid), pid });
}

/** Whatever else a start function gives is the reason it failed. */
export function isStartResult(value: unknown): value is StartResult {
  if (typeof value !== 'object' || value === null || !('tag' in value)) return false;
  if (value.tag === 'ok') return 'pid' in value && value.pid instanceof Process;
  return value.tag === 'ignore' || (value.tag === 'error' && 'reason' in value);
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

/** What a supervisor hears of a child that is dead already: nothing when it had left the link between them. */
const reasonHeard = (process: Process): ExitReason => (process.linkedToParent ? process.reason : 'noproc');

/** Stops a child and reports when it did not go as it should (OTP S10, S11). */
export function stopChild(self: Process, child: Child): MaybePromise<void> {
  const process = child.process;
  child.process = null;
  child.retry = null;
  if (process === null) return;
  process.child = null;
  const reason = process.alive ? stopLinked(self, child, process) : reasonHeard(process);
  if (reason instanceof Promise) return reason.then((died) => stopped(self, child, process, died));
  stopped(self, child, process, reason);
}

/** Ends a child's process as its specification says, and gives what it died of. */
export function stopLinked(
  self: Process,
  { spec: { shutdown } }: Child,
  process: Process,
): ExitReason | Promise<ExitReason> {
  // one that does not trap is dead before anything else happens: no signal has to come back
  if (!process.trapExit || shutdown === 'brutalKill') process.linkedToParent = false;
  return stopProcess(process, self, shutdown);
}

function stopped(self: Process, child: Child, process: Process, reason: ExitReason): void {
  if (stoppedWell(child, reason)) return;
  if (!isOrderly(reason)) child.crashes++;
  report(self, child, 'shutdown_error', reason, 'the child is stopped', process);
}

/** Whether a child that was told to stop ended as it should (OTP S11). */
export function stoppedWell(child: Child, reason: ExitReason): boolean {
  const { shutdown, restart } = child.spec;
  if (reason === (shutdown === 'brutalKill' ? 'killed' : 'shutdown')) return true;
  return restart !== 'permanent' && !reportable(restart, reason);
}

/**
 * @param pid the process it is about; default none.
 * @param restarts in the window of its supervisor, the one that is decided here among them.
 */
export function report(
  self: Process,
  child: Child,
  context: 'start_error' | 'child_terminated' | 'shutdown_error' | 'shutdown',
  reason: ExitReason,
  decision: string,
  pid?: Process,
  restarts?: number,
): void {
  self.runtime.report({
    tag: 'supervisor',
    at: self.clock.wall(),
    pid: self,
    label: self.label,
    context,
    child: child.spec.id,
    spec: reported(child, pid),
    reason,
    decision,
    ...(restarts === undefined ? {} : { restarts }),
  });
}

function reported({ spec }: Child, pid: Process | undefined): ReportedChild {
  const { id, restart, significant, shutdown, type } = spec;
  return { id, pid, restart, significant, shutdown, type };
}
