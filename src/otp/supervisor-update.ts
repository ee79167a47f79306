/**
 * Changing a running supervisor: its options and the specifications of its children (OTP S20).
 *
 * Nothing is started or stopped by it, and what makes no sense changes nothing.
 */
import { Child, type CheckedSpec } from './child-spec.ts';
import { chain, type MaybePromise } from './sequence.ts';
import type { SupervisorState } from './supervisor-children.ts';
import type { ChildAnswer } from './supervisor-requests.ts';
import { checkSupervisor, judged, type SupervisorInit } from './supervisor-spec.ts';

/** @param init the new definition; undefined asks the present one anew. */
export function update(state: SupervisorState, init: SupervisorInit | undefined): MaybePromise<ChildAnswer> {
  const next = init ?? state.init;
  return chain(judged(next, checkSupervisor), (outcome): ChildAnswer => {
    if (outcome.tag === 'error') return outcome;
    if (outcome.tag === 'ok') {
      const { strategy, autoShutdown, limit, children } = outcome.value;
      state.init = next;
      state.strategy = strategy;
      state.autoShutdown = autoShutdown;
      state.window = state.window.withLimit(limit);
      state.children = merged(state.children, children);
    }
    return { tag: 'ok', pid: undefined };
  });
}

/** The new list in its order, then those it does not name, in theirs; a process stays with its id. */
function merged(old: ReadonlyMap<string, Child>, specs: readonly CheckedSpec[]): Map<string, Child> {
  const children = new Map<string, Child>();
  for (const spec of specs) {
    const known = old.get(spec.id);
    children.set(spec.id, known === undefined ? new Child(spec) : known.become(spec));
  }
  for (const [id, child] of old) if (!children.has(id)) children.set(id, child);
  return children;
}
