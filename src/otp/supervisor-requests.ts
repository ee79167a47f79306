/**
 * What a supervisor answers: the child management of OTP's `supervisor` (OTP S16, S18).
 */
import type { ExitReason } from '../actor/exit-reason.ts';
import type { Process } from '../actor/process.ts';
import { Child, checkSpec, type ChildCount, type ChildInfo, type ChildSpec } from './child-spec.ts';
import { chain, type MaybePromise } from './sequence.ts';
import { startChild, stopChild, type SupervisorState } from './supervisor-children.ts';

export type SupervisorRequest =
  | { readonly tag: 'startChild'; readonly spec: ChildSpec }
  | { readonly tag: 'terminateChild'; readonly id: string }
  | { readonly tag: 'restartChild'; readonly id: string }
  | { readonly tag: 'deleteChild'; readonly id: string }
  | { readonly tag: 'whichChildren' }
  | { readonly tag: 'countChildren' };

/** `ok`, or why not: `already_started`, `already_present`, `not_found`, `running`, `restarting`, or the start's reason. */
export type ChildAnswer =
  | { readonly tag: 'ok'; readonly pid: Process | undefined }
  | { readonly tag: 'error'; readonly reason: ExitReason };

export function answer(
  self: Process,
  state: SupervisorState,
  request: SupervisorRequest,
): MaybePromise<ChildAnswer | readonly ChildInfo[] | ChildCount> {
  switch (request.tag) {
    case 'startChild':
      return startNew(self, state, request.spec);
    case 'terminateChild': {
      const child = state.children.get(request.id);
      if (child === undefined) return failed('not_found');
      return chain(stopChild(self, child), () => {
        if (child.spec.restart === 'temporary') state.forget(child);
        return { tag: 'ok', pid: undefined };
      });
    }
    case 'restartChild': {
      const child = state.children.get(request.id);
      if (child === undefined) return failed('not_found');
      if (child.process !== null) return failed('running');
      if (child.restarting) return failed('restarting');
      return chain(startChild(self, child), (result) =>
        result.tag === 'error' ? failed(result.reason) : { tag: 'ok', pid: child.process ?? undefined },
      );
    }
    case 'deleteChild': {
      const child = state.children.get(request.id);
      if (child === undefined) return failed('not_found');
      if (child.process !== null) return failed('running');
      if (child.restarting) return failed('restarting');
      state.forget(child);
      return { tag: 'ok', pid: undefined };
    }
    case 'whichChildren':
      return [...state.children.values()].toReversed().map((child) => ({
        id: child.spec.id,
        pid: child.restarting ? 'restarting' : (child.process ?? undefined),
        type: child.spec.type,
        restart: child.spec.restart,
      }));
    case 'countChildren': {
      const children = [...state.children.values()];
      const supervisors = children.filter((child) => child.spec.type === 'supervisor').length;
      return {
        specs: children.length,
        active: children.filter((child) => child.process !== null).length,
        supervisors,
        workers: children.length - supervisors,
      };
    }
  }
}

const failed = (reason: ExitReason): ChildAnswer => ({ tag: 'error', reason });

function startNew(self: Process, state: SupervisorState, spec: ChildSpec): MaybePromise<ChildAnswer> {
  const known = state.children.get(spec.id);
  if (known?.process) return failed({ already_started: known.process });
  if (known !== undefined) return failed('already_present');
  let child: Child;
  try {
    child = new Child(checkSpec(spec));
  } catch (error) {
    return failed(error);
  }
  return chain(startChild(self, child), (result) => {
    if (result.tag === 'error') return failed(result.reason);
    if (result.tag === 'ok' || child.spec.restart !== 'temporary') state.keep(child);
    return { tag: 'ok', pid: child.process ?? undefined };
  });
}
