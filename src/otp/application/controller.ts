/**
 * The process that starts and stops applications, and decides what the end of one means (OTP A1, A2, A4).
 *
 * One per set of applications, at the root; each application is a child of it. One request at a time. It traps exits
 * and stops all in reverse start order when it ends. Source: Erlang/OTP `application_controller`.
 */
import type { Behavior } from '../../actor/behavior.ts';
import type { ExitReason } from '../../actor/exit-reason.ts';
import type { Exit } from '../../actor/monitor.ts';
import type { Pid } from '../../actor/pid.ts';
import type { Process } from '../../actor/process.ts';
import { chain, eachInOrder, type MaybePromise } from '../sequence.ts';
import { killTree, stopProcess, stopStarting } from '../stop.ts';
import { supervising } from '../supervising.ts';
import { endsAll, nameOf, type ApplicationType } from './definition.ts';
import type { Environments } from './environment.ts';
import type { KeepAlive } from './keep-alive.ts';
import { startMaster } from './master.ts';
import { startOrder, type Definitions } from './start-order.ts';

/** An application that runs: `pid` is its own process, the parent of its tree. */
export interface ApplicationInfo {
  readonly name: string;
  readonly type: ApplicationType;
  readonly pid: Pid;
}

interface Running extends ApplicationInfo {
  readonly pid: Process;
}

/** How a start differs from the definition. */
export interface StartSettings {
  readonly type?: ApplicationType | undefined;
  readonly env?: object | undefined;
}

export class ControllerState {
  readonly definitions: Definitions;
  readonly environments: Environments;
  /** Milliseconds for all to stop when one that must not end did. */
  readonly deadline: number;
  /** In start order. */
  readonly running: Map<string, Running> = new Map();
  /** Null: the program has a life of its own. */
  readonly keepAlive: KeepAlive | null;
  constructor(
    definitions: Definitions,
    environments: Environments,
    deadline: number,
    keepAlive: KeepAlive | null,
  ) {
    this.definitions = definitions;
    this.environments = environments;
    this.deadline = deadline;
    this.keepAlive = keepAlive;
  }

  /** The program may end when nothing runs. */
  holdWhileNeeded(): void {
    this.keepAlive?.hold(this.running.size > 0);
  }
}

export type ControllerRequest =
  | { readonly tag: 'start'; readonly name: string; readonly settings: StartSettings }
  | {
      readonly tag: 'ensure';
      readonly name: string;
      readonly type: ApplicationType | undefined;
      readonly env: Readonly<Record<string, object>>;
    }
  | { readonly tag: 'stop'; readonly name: string };

export type ControllerAnswer =
  | { readonly tag: 'ok'; readonly started: readonly string[] }
  | { readonly tag: 'error'; readonly name: string; readonly reason: ExitReason };

export const controllerBehavior: Behavior = {
  type: 'Applications',
  supervises: true,

  receive: supervising(onExit, (self, request) => {
    const state = stateOf(self);
    // also while the first one starts, and the last one stops
    state.keepAlive?.hold(true);
    return chain(answer(self, state, request as ControllerRequest), (value) => {
      if (self.alive) state.holdWhileNeeded();
      return value;
    });
  }),

  terminate(_reason, self) {
    const last = [...stateOf(self).running.values()].toReversed();
    const stopped = chain(stopStarting(self), () =>
      eachInOrder(last, ({ pid }) => chain(stopProcess(pid, self, Infinity), () => true)),
    );
    return chain(stopped, () => {});
  },
};

const stateOf = (self: Process): ControllerState => self.state as ControllerState;

const failed = (name: string, reason: ExitReason): ControllerAnswer => ({ tag: 'error', name, reason });

function answer(
  self: Process,
  state: ControllerState,
  request: ControllerRequest,
): MaybePromise<ControllerAnswer> {
  const { name } = request;
  if (!state.definitions.has(name)) return failed(name, { not_found: name });
  switch (request.tag) {
    case 'start':
      return start(self, state, name, request.settings);
    case 'ensure':
      return ensure(self, state, request.name, request);
    case 'stop':
      return stop(self, state, name);
  }
}

function start(
  self: Process,
  state: ControllerState,
  name: string,
  settings: StartSettings,
): MaybePromise<ControllerAnswer> {
  const { definitions, environments, running } = state;
  const definition = definitions.get(name);
  if (definition === undefined) return failed(name, { not_found: name });
  if (running.has(name)) return failed(name, { already_started: name });
  const missing = definition.dependencies?.map(nameOf).find((dependency) => !running.has(dependency));
  if (missing !== undefined) return failed(name, { not_started: missing });
  environments.override(name, settings.env);
  return chain(startMaster(self, definition, environments.of(name)), (result) => {
    if (result.tag !== 'ok') {
      environments.override(name, undefined);
      return failed(name, result.tag === 'error' ? result.reason : 'ignore');
    }
    const type = settings.type ?? definition.type ?? 'temporary';
    running.set(name, { name, type, pid: result.pid as Process });
    return { tag: 'ok', started: [name] };
  });
}

/** When one does not start, those started for it stop again. */
function ensure(
  self: Process,
  state: ControllerState,
  name: string,
  { type, env }: Extract<ControllerRequest, { tag: 'ensure' }>,
): MaybePromise<ControllerAnswer> {
  const wanted = startOrder(state.definitions, name).filter((one) => !state.running.has(one));
  const started: string[] = [];
  let failure: ControllerAnswer | undefined;
  const all = eachInOrder(wanted, (one) => {
    const settings = {
      ...(type === undefined ? {} : { type }),
      ...(Object.hasOwn(env, one) ? { env: env[one] as object } : {}),
    };
    return chain(start(self, state, one, settings), (result) => {
      if (result.tag === 'error') failure = result;
      else started.push(one);
      return failure === undefined;
    });
  });
  return chain(all, (): MaybePromise<ControllerAnswer> => {
    const why = failure;
    if (why === undefined) return { tag: 'ok', started };
    const back = eachInOrder(started.toReversed(), (one) => chain(stop(self, state, one), () => true));
    return chain(back, () => why);
  });
}

/** What is asked for never affects others. */
function stop(self: Process, state: ControllerState, name: string): MaybePromise<ControllerAnswer> {
  const application = state.running.get(name);
  if (application === undefined) return failed(name, { not_started: name });
  forget(state, name);
  return chain(stopProcess(application.pid, self, Infinity), (): ControllerAnswer => ({
    tag: 'ok',
    started: [],
  }));
}

function forget(state: ControllerState, name: string): void {
  state.running.delete(name);
  state.environments.override(name, undefined);
}

/** One ended that nobody had told to. */
function onExit(self: Process, { from, reason }: Exit): void {
  const state = stateOf(self);
  const ended = [...state.running.values()].find(({ pid }) => pid === from && !pid.alive);
  if (ended === undefined) return;
  const { name, type } = ended;
  forget(state, name);
  const all = endsAll(type, reason);
  self.runtime.report({
    tag: 'supervisor',
    at: self.clock.wall(),
    pid: self,
    label: self.label,
    context: 'child_terminated',
    child: name,
    reason,
    decision: all ? `all stop (${type})` : `the others go on (${type})`,
  });
  if (!all) {
    state.holdWhileNeeded();
    return;
  }
  endWithin(self, state.deadline);
  self.runtime.stop(self, { shutdown: { application_ended: name, reason } });
}

/** Kills all that is left of it in `deadline` ms. */
export function endWithin(controller: Process, deadline: number): void {
  const { runtime } = controller;
  if (!controller.alive) return;
  const timer = runtime.timers.within(deadline, () => killTree(controller));
  if (timer !== undefined) runtime.onExit(controller, () => timer.unset());
}
