/**
 * What changed between two looks at a tree, and several of these as one. Pure.
 */
import { changed as withChange, type ActorChange, type ActorRow } from './row.ts';

/** To a tree as it was: first `removed`, then `added`, then `changed`. */
export interface Delta {
  /** One more than that of the delta before; of several that are told as one, that of the last. */
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Everything that was known is void: `added` is the whole tree. */
  readonly reset?: true;
  /** Parents before their children. */
  readonly added: readonly ActorRow[];
  readonly removed: readonly string[];
  readonly changed: readonly ActorChange[];
}

/** Several in their order, as one: who was slow is told no more than who comes late. Throws `RangeError` without any. */
export function merge(deltas: readonly Delta[]): Delta {
  const last = deltas.at(-1);
  if (last === undefined) throw new RangeError('there is nothing to merge');
  if (deltas.length === 1) return last;
  const added = new Map<string, ActorRow>();
  const removed = new Set<string>();
  const changed = new Map<string, ActorChange>();
  let reset = false;
  for (const delta of deltas) {
    if (delta.reset === true) {
      reset = true;
      for (const known of [added, removed, changed]) known.clear();
    }
    for (const row of delta.added) added.set(row.id, row);
    for (const change of delta.changed) {
      const row = added.get(change.id);
      if (row === undefined) changed.set(change.id, { ...changed.get(change.id), ...change });
      else added.set(change.id, withChange(row, change));
    }
    for (const id of delta.removed) {
      changed.delete(id);
      // who came and went in between was never there
      if (!added.delete(id)) removed.add(id);
    }
  }
  const { seq, at } = last;
  return {
    seq,
    at,
    ...(reset ? { reset } : {}),
    added: [...added.values()],
    removed: reset ? [] : [...removed],
    changed: [...changed.values()],
  };
}
