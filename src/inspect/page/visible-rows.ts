/**
 * The list of the tree tab: what of the tree is open, in the order it is drawn. Pure, iterative.
 */
import type { Test } from './filter.ts';
import type { TreeModel } from './tree-model.ts';

export interface VisibleRow {
  readonly id: string;
  /** Of the root: 1, as `aria-level` counts. */
  readonly level: number;
  /** Among its siblings that are shown, from 1. */
  readonly position: number;
  readonly siblings: number;
  /** Whether it has children at all, shown or not. */
  readonly parent: boolean;
  readonly open: boolean;
  /** False for one that is only here because something below it matches the filter. */
  readonly match: boolean;
}

/** More children than this are folded when they are first seen: a crowd hides the tree around it. */
export const CROWD = 100;

/** Ids to begin with folded. */
export function crowds(model: TreeModel): Set<string> {
  const folded = new Set<string>();
  for (const id of model.rows.keys()) if (model.childrenOf(id).length > CROWD) folded.add(id);
  return folded;
}

/** While something is filtered, nothing is folded: what matches must be seen. */
export function visibleRows(
  model: TreeModel,
  folded: ReadonlySet<string>,
  test: Test | undefined,
): readonly VisibleRow[] {
  const kept = test === undefined ? undefined : withAncestors(model, test);
  const shown: VisibleRow[] = [];
  const open: VisibleRow[] = [];
  const push = (ids: readonly string[], level: number): void => {
    const stay = kept === undefined ? ids : ids.filter((id) => kept.has(id));
    for (let index = stay.length - 1; index >= 0; index -= 1) {
      const id = stay[index] ?? '';
      const children = model.childrenOf(id).length > 0;
      open.push({
        id,
        level,
        position: index + 1,
        siblings: stay.length,
        parent: children,
        open: children && (kept !== undefined || !folded.has(id)),
        match: kept === undefined || kept.get(id) === true,
      });
    }
  };
  push(model.roots, 1);
  for (let row = open.pop(); row !== undefined; row = open.pop()) {
    shown.push(row);
    if (row.open) push(model.childrenOf(row.id), row.level + 1);
  }
  return shown;
}

/** id → whether it matches itself. */
function withAncestors(model: TreeModel, test: Test): ReadonlyMap<string, boolean> {
  const kept = new Map<string, boolean>();
  for (const row of model.rows.values()) {
    if (!test(row)) continue;
    kept.set(row.id, true);
    for (let id = row.parent; id !== null && !kept.has(id); id = model.rows.get(id)?.parent ?? null) {
      kept.set(id, false);
    }
  }
  return kept;
}

/** What an arrow key does to the chosen row, as in every tree (WAI-ARIA, tree view pattern). */
export type Step =
  { readonly tag: 'choose' | 'fold' | 'unfold'; readonly id: string } | { readonly tag: 'stay' };

export function step(rows: readonly VisibleRow[], chosen: string | undefined, key: string): Step {
  const index = rows.findIndex(({ id }) => id === chosen);
  const row = rows[index];
  const to = (place: number): Step => {
    const target = rows[Math.max(0, Math.min(rows.length - 1, place))];
    return target === undefined ? { tag: 'stay' } : { tag: 'choose', id: target.id };
  };
  if (row === undefined) return key === 'End' ? to(rows.length - 1) : to(0);
  switch (key) {
    case 'ArrowDown':
      return to(index + 1);
    case 'ArrowUp':
      return to(index - 1);
    case 'PageDown':
      return to(index + 20);
    case 'PageUp':
      return to(index - 20);
    case 'Home':
      return to(0);
    case 'End':
      return to(rows.length - 1);
    case 'ArrowRight':
      if (!row.parent) return { tag: 'stay' };
      return row.open ? to(index + 1) : { tag: 'unfold', id: row.id };
    case 'ArrowLeft': {
      if (row.open) return { tag: 'fold', id: row.id };
      let above = index - 1;
      while (above >= 0 && (rows[above]?.level ?? 0) >= row.level) above -= 1;
      return above < 0 ? { tag: 'stay' } : to(above);
    }
    default:
      return { tag: 'stay' };
  }
}
