/**
 * The rows of a tree that a view asks for, in its order. Pure.
 *
 * As a tree they stay below their parents, and siblings are sorted by the greatest value in their subtrees, so that a busy
 * leaf brings its branch up. As a list each stands for itself. The inspector's own actors are never the busiest.
 */
import { childrenOf, lineOf, type Model } from './model.ts';
import type { Row } from './row.ts';
import { clean } from '../../inspect/text.ts';
import type { Sort, View } from './view.ts';

export interface Entry {
  readonly row: Row;
  /** Branches of the tree that lead to it, as `│  └─ `; empty in a list. */
  readonly lead: string;
  /** Children that a limit of depth left out. */
  readonly hidden: number;
}

export interface Limits {
  /** The actor the view begins at; default: the root. */
  readonly root?: string | undefined;
  /** Levels below it. */
  readonly depth?: number | undefined;
}

type Order = (one: string, other: string) => number;

/** Deeper than anybody reads: every level also widens the lines. */
const DEEPEST = 256;

export function entriesOf(
  model: Model,
  view: Pick<View, 'mode' | 'sort' | 'filter'>,
  limits: Limits,
): readonly Entry[] {
  const all = walk(model, limits, undefined, view.mode === 'tree' ? orderOf(model, view.sort) : undefined);
  const kept = view.filter === '' ? undefined : matching(model, all, view);
  if (view.mode === 'tree') {
    return kept === undefined ? all : walk(model, limits, kept, orderOf(model, view.sort));
  }
  const listed = all
    .filter(({ row }) => kept === undefined || kept.has(row.id))
    .map(({ row }) => ({ row, lead: '', hidden: 0 }));
  return view.sort === undefined ? listed : sorted(model, listed, view.sort);
}

/** The names from below the root to the actor, with `/` between; of the root its own. */
export function pathOf(model: Model, id: string): string {
  const line = lineOf(model, id);
  return (line.length > 1 ? line.slice(1) : line).map(({ name }) => clean(name)).join('/');
}

/** Depth first, parents before children, without recursion: a tree may be as deep as it likes. */
function walk(
  model: Model,
  { root, depth = DEEPEST }: Limits,
  kept: ReadonlySet<string> | undefined,
  order: Order | undefined,
): readonly Entry[] {
  const entries: Entry[] = [];
  const below = (id: string): readonly string[] => {
    const ids = childrenOf(model, id);
    const shown = kept === undefined ? ids : ids.filter((child) => kept.has(child));
    return order === undefined ? shown : [...shown].sort(order);
  };
  const roots = root === undefined ? below('') : [root];
  const open = roots.map((id) => ({ id, lead: '', indent: '', left: Math.min(depth, DEEPEST) })).reverse();
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const row = model.rows.get(next.id);
    if (row === undefined) continue;
    const { lead, indent, left } = next;
    const ids = below(row.id);
    entries.push({ row, lead, hidden: left === 0 ? ids.length : 0 });
    if (left === 0) continue;
    for (let index = ids.length - 1; index >= 0; index--) {
      const last = index === ids.length - 1;
      open.push({
        id: ids[index] ?? '',
        lead: `${indent}${last ? '└─ ' : '├─ '}`,
        indent: `${indent}${last ? '   ' : '│  '}`,
        left: left - 1,
      });
    }
  }
  return entries;
}

/** Those whose path or id has the filter in it; in a tree with those above them. */
function matching(
  model: Model,
  all: readonly Entry[],
  { filter, mode }: Pick<View, 'filter' | 'mode'>,
): ReadonlySet<string> {
  const wanted = filter.toLowerCase();
  const kept = new Set<string>();
  for (const { row } of all) {
    const { id, name } = row;
    const text = wanted.includes('/') ? pathOf(model, id) : `${id} ${clean(name)}`;
    if (!text.toLowerCase().includes(wanted)) continue;
    kept.add(id);
    if (mode === 'tree') for (const above of lineOf(model, id)) kept.add(above.id);
  }
  return kept;
}

/** Siblings by the greatest in their subtrees; undefined leaves them as they are. */
function orderOf(model: Model, sort: Sort | undefined): Order | undefined {
  if (sort === undefined) return undefined;
  const rowOf = (id: string): Row | undefined => model.rows.get(id);
  if (sort === 'name') return (one, other) => byText(rowOf(one)?.name ?? '', rowOf(other)?.name ?? '');
  const greatest = new Map<string, number>();
  const ids = [...model.rows.keys()];
  for (const id of ids) {
    const value = valueOf(rowOf(id), sort);
    // the value travels up, until somebody there has a greater one
    for (let at: string | null = id; at !== null; at = rowOf(at)?.parent ?? null) {
      const before = greatest.get(at);
      if (before !== undefined && before >= value) break;
      greatest.set(at, value);
    }
  }
  return (one, other) => (greatest.get(other) ?? 0) - (greatest.get(one) ?? 0);
}

/** Equal ones by their paths. */
function sorted(model: Model, entries: readonly Entry[], sort: Sort): readonly Entry[] {
  const keyed = entries.map((entry) => ({ entry, path: pathOf(model, entry.row.id) }));
  keyed.sort((one, other) => {
    const [left, right] = [one.entry.row, other.entry.row];
    const difference = sort === 'name' ? 0 : valueOf(right, sort) - valueOf(left, sort);
    return (
      difference ||
      (sort === 'name' ? 0 : right.rate.handled - left.rate.handled) ||
      byText(one.path, other.path)
    );
  });
  return keyed.map(({ entry }) => entry);
}

function valueOf(row: Row | undefined, sort: Exclude<Sort, 'name'>): number {
  if (row === undefined) return -1;
  if (sort === 'restarts') return row.restarts;
  if (!row.busy) return -1;
  return sort === 'mailbox' ? row.mailbox.length : row.rate.handled;
}

/** By code units, so that everybody sees the same order. */
function byText(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
