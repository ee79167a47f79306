/**
 * What a dynamic supervisor answers (OTP T1, S17, S18, S20).
 */
import type { Pid } from '../actor/pid.ts';
import { Process, Status } from '../actor/process.ts';
import { wrongSelf } from './arguments.ts';
import { Child, checkSpec, countOf, type ChildCount, type ChildInfo, type ChildSpec } from './child-spec.ts';
import { checkDynamic, type DynamicSupervisorInit } from './dynamic-supervisor-spec.ts';
import { runningChildren, type DynamicState } from './dynamic-supervisor-state.ts';
import { chain, type MaybePromise } from './sequence.ts';
import { failed, type StartResult } from './start.ts';
import { startChild, stopChild } from './supervisor-children.ts';
import type { ChildAnswer, SpecAnswer } from './supervisor-requests.ts';
import { judged } from './supervisor-spec.ts';

export type DynamicRequest =
  | { readonly tag: 'startChild'; readonly spec: ChildSpec | readonly unknown[] }
  | { readonly tag: 'terminateChild' | 'getChildSpec'; readonly id: Pid | string }
  // asked by a `SupervisorRef`, which knows children by id
  | { readonly tag: 'restartChild' | 'deleteChild'; readonly id: string }
  | { readonly tag: 'countChildren' | 'whichChildren' | 'definition' }
  | { readonly tag: 'update'; readonly init: DynamicSupervisorInit | undefined };

/** A child of a dynamic supervisor: it has no id. */
export type DynamicChildInfo = Omit<ChildInfo, 'id'>;

export function answer(self: Process, state: DynamicState, message: DynamicRequest): MaybePromise<unknown> {
  switch (message.tag) {
    case 'startChild':
      return startDynamicChild(self, message.spec);
    case 'terminateChild':
      return terminate(self, state, message.id);
    case 'restartChild':
    case 'deleteChild':
      return failed('simple_one_for_one');
    case 'getChildSpec':
      return specOf(self, message.id);
    case 'countChildren':
      return countAll(self, state);
    case 'whichChildren':
      return [
        ...[...state.restarting].map((child) => infoOf(child, 'restarting')),
        ...runningChildren(self).map(([process, child]) => infoOf(child, process)),
      ].toReversed();
    case 'definition':
      return state.init;
    case 'update':
      return update(self, state, message.init);
  }
}

const infoOf = ({ spec }: Child, pid: Process | 'restarting'): DynamicChildInfo => ({
  pid,
  type: spec.type,
  restart: spec.restart,
});

/** Starts a child of a dynamic supervisor at once. For code of the runtime itself; others use the reference. */
export function startDynamicChild(
  self: Process,
  spec: ChildSpec | readonly unknown[],
): MaybePromise<StartResult> {
  const wrong = wrongSelf('self', self);
  if (wrong !== undefined) return failed(wrong);
  if (!self.alive || self.status === Status.stopping) return failed('noproc');
  const state = self.state as DynamicState;
  if (state.count >= state.maxChildren) return failed('max_children');
  let child: Child;
  try {
    child = newChild(state, spec);
  } catch (error) {
    return failed(error);
  }
  state.admit(child);
  return chain(startChild(self, child, state.extraArguments), (result) => {
    if (result.tag !== 'ok') state.forget(child);
    return result;
  });
}

function newChild({ template, autoShutdown }: DynamicState, given: ChildSpec | readonly unknown[]): Child {
  if (template === undefined) return new Child(checkSpec(given as ChildSpec, { autoShutdown }));
  // what runs is the template's affair: only arguments are taken
  if (!Array.isArray(given))
    throw new TypeError('dynamic supervisor: its children take an array of arguments');
  return new Child(template, [...template.args, ...(given as readonly unknown[])], true);
}

/** The record of a child, by its process or by the one it had before its restart. */
function childOf(self: Process, process: Process): Child | undefined {
  const { child } = process;
  if (!(child instanceof Child) || process.parentProcess !== self) return undefined;
  return child.process === process || child.restarting ? child : undefined;
}

function terminate(self: Process, state: DynamicState, process: Pid | string): MaybePromise<ChildAnswer> {
  if (typeof process === 'string') return failed('simple_one_for_one');
  if (!(process instanceof Process)) return failed('not_found');
  const child = childOf(self, process);
  // one that is dead is no child any more, whosever it was
  if (child === undefined) return process.alive ? failed('not_found') : { tag: 'ok', pid: undefined };
  state.forget(child);
  return chain(stopChild(self, child), () => ({ tag: 'ok', pid: undefined }));
}

function specOf(self: Process, process: Pid | string): SpecAnswer {
  if (typeof process === 'string') return failed('simple_one_for_one');
  const child = process instanceof Process ? childOf(self, process) : undefined;
  return child === undefined ? failed('not_found') : { tag: 'ok', spec: { ...child.spec } };
}

function countAll(self: Process, { template, count, restarting }: DynamicState): ChildCount {
  const children = [...restarting, ...runningChildren(self).map(([, child]) => child)];
  return countOf(children, children.length - restarting.size, template === undefined ? count : 1);
}

/** A supervisor with a template keeps having one, another one none. */
function update(
  self: Process,
  state: DynamicState,
  init: DynamicSupervisorInit | undefined,
): MaybePromise<ChildAnswer> {
  const next = init ?? state.init;
  return chain(judged(next, checkDynamic), (outcome): ChildAnswer => {
    if (outcome.tag === 'error') return outcome;
    if (outcome.tag === 'ok') {
      const { template, limit } = outcome.value;
      if ((template === undefined) !== (state.template === undefined))
        return failed({ bad_start_spec: template === undefined ? [] : [template.id] });
      state.init = next;
      state.maxChildren = outcome.value.maxChildren;
      state.autoShutdown = outcome.value.autoShutdown;
      state.extraArguments = outcome.value.extraArguments;
      state.window = state.window.withLimit(limit);
      if (template !== undefined) replaceTemplate(self, state, template);
    }
    return { tag: 'ok', pid: undefined };
  });
}

/** The children there are follow the new template, with the arguments they have. */
function replaceTemplate(
  self: Process,
  state: DynamicState,
  template: NonNullable<DynamicState['template']>,
): void {
  state.template = template;
  const children = [...state.restarting, ...runningChildren(self).map(([, child]) => child)];
  for (const child of children) child.become(template, child.args);
  state.significant = template.significant ? state.count : 0;
}
