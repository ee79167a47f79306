/**
 * The process of one application: starts its tree, ends with it, and runs its stop callback (OTP A2).
 *
 * Supervised by the applications' controller, which never restarts it. It traps exits; its one child is the top
 * supervisor. Source: Erlang/OTP `application_master`.
 */
import type { Behavior } from '../../actor/behavior.ts';
import type { ExitReason } from '../../actor/exit-reason.ts';
import type { Process } from '../../actor/process.ts';
import { isObject } from '../arguments.ts';
import type { ChildSpec } from '../child-spec.ts';
import { chain, chainLike, type MaybePromise } from '../sequence.ts';
import { failed, startProcess, type InitResult, type StartResult } from '../start.ts';
import { stopProcess, stopStarting } from '../stop.ts';
import { isStartResult } from '../supervisor-children.ts';
import { supervising } from '../supervising.ts';
import { startSupervisorLink, type SupervisorSpec } from '../supervisor.ts';
import type { Application, ApplicationContext } from './definition.ts';

class MasterState {
  readonly application: Application;
  readonly context: ApplicationContext;
  top: Process | undefined;
  /** Whether the start succeeded: only then is there something to stop. */
  started = false;
  constructor(application: Application, context: ApplicationContext) {
    this.application = application;
    this.context = context;
  }
}

const stateOf = (self: Process): MasterState => self.state as MasterState;

const masterBehavior: Behavior = {
  type: 'Application',
  supervises: true,

  receive: supervising((self, { from, reason }) => {
    const { top } = stateOf(self);
    if (from === top && top?.alive === false) self.runtime.stop(self, reason);
  }),

  terminate(reason, self) {
    const state = stateOf(self);
    const down = chain(stopStarting(self), () => stopTop(self, state));
    return chain(down, () => (state.started ? stopped(state, reason) : undefined));
  },

  inspect: (self) => ({ application: stateOf(self).application.name }),
};

function stopTop(self: Process, { top }: MasterState): MaybePromise<ExitReason> {
  return top?.alive === true ? stopProcess(top, self, Infinity) : undefined;
}

function stopped({ application, context }: MasterState, reason: ExitReason): MaybePromise<void> {
  return application.stop?.(context, reason);
}

/** Starts an application below `controller`. The failure is its callback's, or its top supervisor's with all inside. */
export function startMaster(
  controller: Process,
  application: Application,
  env: Readonly<object>,
): MaybePromise<StartResult> {
  const { runtime } = controller;
  const { name } = application;
  const init = (self: Process): MaybePromise<InitResult> => {
    const context = { name, env, self, runtime };
    const state = new MasterState(application, context);
    self.state = state;
    if (application.start === undefined) return begin(state, undefined);
    const top = chainLike(application.start(context), (spec) => startTop(self, spec));
    return chain(top, (result) => begin(state, result));
  };
  return startProcess(runtime, masterBehavior, init, { parent: controller, id: name, trapExit: true });
}

function begin(state: MasterState, result: StartResult | undefined): InitResult {
  if (result?.tag === 'error') return { tag: 'stop', reason: result.reason };
  if (result?.tag === 'ignore') return { tag: 'stop', reason: 'ignore' };
  state.top = result?.pid as Process | undefined;
  state.started = true;
  return { tag: 'ok' };
}

function startTop(self: Process, spec: unknown): MaybePromise<StartResult> {
  // it was told to end while its callback had not answered
  if (!self.alive) return failed('shutdown');
  if (isSupervisorSpec(spec)) return startSupervisorLink(self, spec, { label: 'supervisor' });
  if (!isChildSpec(spec)) return badReturn(spec);
  return chainLike(spec.start(self), judged);
}

const judged = (result: unknown): StartResult => (isStartResult(result) ? result : badReturn(result));
const badReturn = (value: unknown): StartResult => failed({ bad_return_value: value });

const isSupervisorSpec = (value: unknown): value is SupervisorSpec => isObject(value) && 'children' in value;
const isChildSpec = (value: unknown): value is ChildSpec =>
  isObject(value) && 'start' in value && typeof value.start === 'function';
