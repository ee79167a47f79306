/**
 * What a supervisor answers: the child management of OTP's `supervisor` (OTP S16, S18, S20).
 */
import type { Pid } from '../actor/pid.ts';
import type { Process } from '../actor/process.ts';
import {
  Child,
  checkSpec,
  countOf,
  type CheckedSpec,
  type ChildCount,
  type ChildInfo,
  type ChildSpec,
} from './child-spec.ts';
import { chain, type MaybePromise } from './sequence.ts';
import { failed, type Failed } from './start.ts';
import { startChild, stopChild, type SupervisorState } from './supervisor-children.ts';
import type { SupervisorInit } from './supervisor-spec.ts';
import { update } from './supervisor-update.ts';

export type SupervisorRequest =
  | { readonly tag: 'startChild'; readonly spec: ChildSpec }
  | { readonly tag: 'terminateChild'; readonly id: string }
  | { readonly tag: 'restartChild'; readonly id: string }
  | { readonly tag: 'deleteChild'; readonly id: string }
  | { readonly tag: 'getChildSpec'; readonly id: string }
  | { readonly tag: 'whichChildren' }
  | { readonly tag: 'countChildren' }
  | { readonly tag: 'definition' }
  | { readonly tag: 'update'; readonly init: SupervisorInit | undefined };

/** `ok`, or why not: `already_started`, `already_present`, `not_found`, `running`, `restarting`, or the start's reason. */
export type ChildAnswer = Started | Failed;

export interface Started {
  readonly tag: 'ok';
  /** Undefined when its start gave `ignore`. */
  readonly pid: Pid | undefined;
  /** What its start gave beside the pid. */
  readonly extra?: unknown;
}

export type SpecAnswer = { readonly tag: 'ok'; readonly spec: CheckedSpec } | Failed;

export function answer(
  self: Process,
  state: SupervisorState,
  request: SupervisorRequest,
): MaybePromise<ChildAnswer | SpecAnswer | readonly ChildInfo[] | ChildCount | SupervisorInit> {
  switch (request.tag) {
    case 'startChild':
      return startNew(self, state, request.spec);
    case 'terminateChild':
      return terminate(self, state, request.id);
    case 'restartChild': {
      const child = stopped(state, request.id);
      if (!(child instanceof Child)) return child;
      return start(self, child);
    }
    case 'deleteChild': {
      const child = stopped(state, request.id);
      if (!(child instanceof Child)) return child;
      state.forget(child);
      return DONE;
    }
    case 'getChildSpec': {
      const child = state.children.get(request.id);
      return child === undefined ? failed('not_found') : { tag: 'ok', spec: { ...child.spec } };
    }
    case 'whichChildren':
      return [...state.children.values()].toReversed().map(infoOf);
    case 'countChildren': {
      const children = [...state.children.values()];
      // one that left its supervisor's link may be dead unnoticed
      return countOf(children, children.filter((child) => child.process?.alive === true).length);
    }
    case 'definition':
      return state.init;
    case 'update':
      return update(state, request.init);
  }
}

const DONE: Started = { tag: 'ok', pid: undefined };
function infoOf({ spec, process, restarting }: Child): ChildInfo {
  return {
    id: spec.id,
    pid: restarting ? 'restarting' : (process ?? undefined),
    type: spec.type,
    restart: spec.restart,
  };
}

/** A child that has a specification and neither runs nor will. */
function stopped(state: SupervisorState, id: string): Child | ChildAnswer {
  const child = state.children.get(id);
  if (child === undefined) return failed('not_found');
  if (child.process !== null) return failed('running');
  return child.restarting ? failed('restarting') : child;
}

function terminate(self: Process, state: SupervisorState, id: string): MaybePromise<ChildAnswer> {
  const child = state.children.get(id);
  if (child === undefined) return failed('not_found');
  return chain(stopChild(self, child), () => {
    if (child.spec.restart === 'temporary') state.forget(child);
    return DONE;
  });
}

/** Starts a child for the one who asked, who hears of a failure; nobody tries again. */
function start(self: Process, child: Child, kept: () => void = () => {}): MaybePromise<ChildAnswer> {
  return chain(startChild(self, child), (result): ChildAnswer => {
    if (result.tag === 'error') return result;
    if (result.tag === 'ok' || child.spec.restart !== 'temporary') kept();
    return result.tag === 'ignore' ? DONE : result;
  });
}

function startNew(self: Process, state: SupervisorState, spec: ChildSpec): MaybePromise<ChildAnswer> {
  let child: Child;
  try {
    child = new Child(checkSpec(spec, { autoShutdown: state.autoShutdown }));
  } catch (error) {
    return failed(error);
  }
  const known = state.children.get(child.spec.id);
  if (known?.process) return failed({ already_started: known.process });
  if (known !== undefined) return failed('already_present');
  return start(self, child, () => state.keep(child));
}
