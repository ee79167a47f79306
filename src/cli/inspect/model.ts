/**
 * The tree of actors as a client of the inspector knows it: snapshots and deltas in, a new tree out. Pure.
 *
 * Numbers of deltas go up; where some are left out, one delta tells what all of them did. One that does not fit (orphans, an
 * actor that is there already) is told as `gap`: then only a snapshot helps.
 */
import { changedRow, fieldsOf, isId, numberOf, readRow, textOf, type Fields, type Row } from './row.ts';

export interface Model {
  readonly seq: number;
  /** The node's address. */
  readonly node: string;
  /** The node's clock when this was true, milliseconds since 1970. */
  readonly at: number;
  readonly rows: ReadonlyMap<string, Row>;
  /** Ids of the children of each actor, in their order; of the roots under ''. */
  readonly children: ReadonlyMap<string, readonly string[]>;
}

/** Actors held: more than anybody reads, so that no server can fill our memory. */
const MAX_ROWS = 200_000;

const NONE: readonly string[] = [];

/** The body of `/api/tree`; undefined when it is none. */
export function readTree(body: unknown): Model | undefined {
  const { schema, seq, node, at, rows } = fieldsOf(body);
  if (schema !== 1 || !Array.isArray(rows) || rows.length > MAX_ROWS) return undefined;
  const tree = new Growing(new Map(), new Map());
  for (const value of rows as readonly unknown[]) {
    const row = readRow(value);
    if (row === undefined || !tree.add(row)) return undefined;
  }
  return { seq: numberOf(seq), node: textOf(node), at: numberOf(at), ...tree.done() };
}

export function applyDelta(model: Model, body: unknown): Model | 'gap' {
  const { seq, at, added, removed, changed, reset } = fieldsOf(body);
  if (typeof seq !== 'number' || !Number.isSafeInteger(seq)) return 'gap';
  // old news
  if (seq <= model.seq) return model;
  const whole = reset === true;
  const tree = new Growing(new Map(whole ? [] : model.rows), new Map(whole ? [] : model.children));
  for (const id of listOf(removed)) if (isId(id)) tree.remove(id);
  for (const value of listOf(added)) {
    const row = readRow(value);
    if (row === undefined || !tree.add(row)) return 'gap';
  }
  for (const value of listOf(changed)) {
    const change = fieldsOf(value);
    if (isId(change['id']) && !tree.change(change['id'], change)) return 'gap';
  }
  return tree.hasOrphans() ? 'gap' : { seq, node: model.node, at: numberOf(at), ...tree.done() };
}

export const childrenOf = (model: Model, id: string): readonly string[] => model.children.get(id) ?? NONE;

/** From the root down to the actor itself. */
export function lineOf({ rows }: Model, id: string): readonly Row[] {
  const line: Row[] = [];
  for (let row = rows.get(id); row !== undefined; row = rows.get(row.parent ?? '')) line.push(row);
  return line.reverse();
}

/** A tree in the making: its maps are its own, the lists in them are not. */
class Growing {
  readonly #rows: Map<string, Row>;
  readonly #children: Map<string, readonly string[]>;
  /** Children that joined, moved or left; where they stand is found in the end. */
  readonly #touched = new Map<string, Set<string>>();
  readonly #gone: string[] = [];

  constructor(rows: Map<string, Row>, children: Map<string, readonly string[]>) {
    this.#rows = rows;
    this.#children = children;
  }

  /** Siblings in their order: each stands behind the one it names. */
  done(): Pick<Model, 'rows' | 'children'> {
    for (const [parent, ids] of this.#touched) {
      if (ids.size === 0) this.#children.delete(parent);
      else this.#children.set(parent, ordered(ids, this.#rows));
    }
    return { rows: this.#rows, children: this.#children };
  }

  /** False when it is there already, or there is no room. Who has an unknown parent stands beside the root. */
  add(row: Row): boolean {
    if (this.#rows.has(row.id) || this.#rows.size === MAX_ROWS) return false;
    const placed = row.parent === null || this.#rows.has(row.parent) ? row : { ...row, parent: null };
    this.#rows.set(row.id, placed);
    this.#touch(placed).add(row.id);
    return true;
  }

  remove(id: string): void {
    const row = this.#rows.get(id);
    if (row === undefined) return;
    this.#rows.delete(id);
    this.#gone.push(id);
    this.#touch(row).delete(id);
  }

  /** False when it would have no place. */
  change(id: string, change: Fields): boolean {
    const row = this.#rows.get(id);
    if (row === undefined) return true;
    const changed = changedRow(row, change);
    if (changed === undefined) return false;
    if ('parent' in change && changed.parent !== row.parent) {
      if (changed.parent !== null && !this.#mayBeBelow(id, changed.parent)) return false;
      this.#touch(row).delete(id);
    }
    const placed = 'parent' in change ? changed : { ...changed, parent: row.parent };
    this.#rows.set(id, placed);
    if ('after' in change || 'parent' in change) this.#touch(placed).add(id);
    return true;
  }

  /** Whether children are left of one that is gone. */
  hasOrphans(): boolean {
    for (const id of this.#gone) {
      if (this.#rows.has(id)) continue;
      const left = this.#touched.get(id) ?? new Set(this.#children.get(id));
      if (left.size > 0) return true;
    }
    return false;
  }

  /** The parent is there, and not itself below the actor. */
  #mayBeBelow(id: string, parent: string): boolean {
    let row = this.#rows.get(parent);
    if (row === undefined) return false;
    while (row !== undefined && row.id !== id) row = this.#rows.get(row.parent ?? '');
    return row === undefined;
  }

  #touch({ parent }: Row): Set<string> {
    const key = parent ?? '';
    let ids = this.#touched.get(key);
    if (ids === undefined) this.#touched.set(key, (ids = new Set(this.#children.get(key))));
    return ids;
  }
}

/** From the first one on along the links; who has no place in them stands at the end. */
function ordered(ids: ReadonlySet<string>, rows: ReadonlyMap<string, Row>): readonly string[] {
  const next = new Map<string, string>();
  for (const id of ids) next.set(rows.get(id)?.after ?? '', id);
  const order = new Set<string>();
  for (let id = next.get(''); id !== undefined && ids.has(id) && !order.has(id); id = next.get(id))
    order.add(id);
  for (const id of ids) order.add(id);
  return [...order];
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);
