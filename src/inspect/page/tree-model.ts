/**
 * The tree as the page holds it: rows by id and children in their order, kept current by deltas.
 *
 * Pure, but it changes in place: 10,000 rows are not copied for one that differs. Whoever draws asks what an
 * application did: `structure` when rows came or went, else only `touched` rows differ.
 */
import type { ActorRow, Delta, Tree } from './wire.ts';

export interface Applied {
  readonly structure: boolean;
  readonly touched: ReadonlySet<string>;
  /** Ids of actors that have just been restarted: under a new id, or under the one they had. */
  readonly restarted: ReadonlySet<string>;
  /** Ids that are gone → the id of the actor that has its place now. */
  readonly successors: ReadonlyMap<string, string>;
}

const NONE: Applied = {
  structure: false,
  touched: new Set(),
  restarted: new Set(),
  successors: new Map(),
};

/** Rows taken at most: what is beyond is not shown, and counted. */
export const MAX_ROWS = 200_000;

export class TreeModel {
  readonly rows: Map<string, ActorRow> = new Map();
  readonly #children = new Map<string | null, string[]>();
  /** Of the last snapshot or delta. */
  seq = -1;
  at = 0;
  node = '';
  /** Rows left out because there were too many. */
  left = 0;

  childrenOf(id: string | null): readonly string[] {
    return this.#children.get(id) ?? [];
  }

  get roots(): readonly string[] {
    return this.childrenOf(null);
  }

  /** Names from the root down to its parent, and the ids that go with them. */
  pathOf(id: string): readonly ActorRow[] {
    const path: ActorRow[] = [];
    let row = this.rows.get(id);
    while (row !== undefined && row.parent !== null && path.length < 1_000) {
      row = this.rows.get(row.parent);
      if (row !== undefined) path.unshift(row);
    }
    return path;
  }

  reset(tree: Tree): Applied {
    const before = new Map(this.rows);
    this.rows.clear();
    this.#children.clear();
    this.left = 0;
    this.node = tree.node;
    this.seq = tree.seq;
    this.at = tree.at;
    for (const row of tree.rows) this.#add(row, false);
    const gone = [...before.values()].filter(({ id }) => !this.rows.has(id));
    return { ...NONE, structure: true, successors: this.#successors(gone, tree.rows) };
  }

  /**
   * `undefined` when something is missing before this one, so that only a new snapshot helps. Numbers may be left out:
   * to whoever is slow, several deltas come as one.
   */
  apply(delta: Delta): Applied | undefined {
    if (delta.reset === true) {
      return this.reset({ schema: 1, seq: delta.seq, node: this.node, at: delta.at, rows: delta.added });
    }
    if (delta.seq <= this.seq) return NONE;
    if (this.left === 0 && this.#misses(delta)) return undefined;
    this.seq = delta.seq;
    this.at = delta.at;
    const touched = new Set<string>();
    const restarted = new Set<string>();
    const gone = this.#remove(delta.removed);
    for (const row of delta.added) {
      this.#add(row, true);
      touched.add(row.id);
      if (row.counters.restarts > 0) restarted.add(row.id);
    }
    let moved = false;
    for (const change of delta.changed) {
      const row = this.rows.get(change.id);
      if (row === undefined) continue;
      if ((change.counters?.restarts ?? 0) > row.counters.restarts) restarted.add(row.id);
      this.rows.set(row.id, { ...row, ...change, id: row.id, parent: row.parent });
      touched.add(row.id);
      if (change.after !== undefined || change.parent !== undefined) {
        moved = this.#move(row, change.parent === undefined ? row.parent : change.parent) || moved;
      }
    }
    return {
      structure: moved || gone.length > 0 || delta.added.length > 0,
      touched,
      restarted,
      successors: this.#successors(gone, delta.added),
    };
  }

  /** Whether it speaks of actors that are not known here. */
  #misses({ added, changed }: Delta): boolean {
    const born = new Set(added.map(({ id }) => id));
    const known = (id: string): boolean => this.rows.has(id) || born.has(id);
    return (
      changed.some(({ id }) => !known(id)) || added.some(({ parent }) => parent !== null && !known(parent))
    );
  }

  /** To where its row says it stands. False: it stands there. */
  #move({ id, parent: from }: ActorRow, to: string | null): boolean {
    const row = this.rows.get(id);
    if (row === undefined || (to !== null && !this.rows.has(to))) return false;
    const siblings = this.#children.get(from) ?? [];
    const place = siblings.indexOf(id);
    if (from === to && (siblings[place - 1] ?? null) === row.after) return false;
    siblings.splice(place, 1);
    if (siblings.length === 0) this.#children.delete(from);
    this.rows.delete(id);
    this.#add({ ...row, parent: to }, true);
    return true;
  }

  #add(row: ActorRow, ordered: boolean): void {
    if (this.rows.has(row.id)) {
      this.rows.set(row.id, { ...row, parent: this.rows.get(row.id)?.parent ?? null });
      return;
    }
    if (this.rows.size >= MAX_ROWS) {
      this.left += 1;
      return;
    }
    // what has no parent here is shown at the top rather than not at all
    const parent = row.parent !== null && this.rows.has(row.parent) ? row.parent : null;
    this.rows.set(row.id, row.parent === parent ? row : { ...row, parent });
    const siblings = this.#children.get(parent);
    if (siblings === undefined) this.#children.set(parent, [row.id]);
    else if (!ordered || siblings.at(-1) === row.after) siblings.push(row.id);
    else if (row.after === null) siblings.unshift(row.id);
    else {
      const place = siblings.indexOf(row.after);
      siblings.splice(place === -1 ? siblings.length : place + 1, 0, row.id);
    }
  }

  /** With all below them. */
  #remove(ids: readonly string[]): readonly ActorRow[] {
    const gone = new Set<string>();
    const rows: ActorRow[] = [];
    const parents = new Set<string | null>();
    const open = [...ids];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      const row = this.rows.get(id);
      if (row === undefined) continue;
      gone.add(id);
      rows.push(row);
      parents.add(row.parent);
      this.rows.delete(id);
      open.push(...this.childrenOf(id));
      this.#children.delete(id);
    }
    for (const parent of parents) {
      const siblings = this.#children.get(parent);
      if (siblings === undefined) continue;
      const stay = siblings.filter((id) => !gone.has(id));
      if (stay.length === 0) this.#children.delete(parent);
      else this.#children.set(parent, stay);
    }
    return rows;
  }

  /** A restart gives an actor a new id: whoever looked at the old one goes on with the new one. */
  #successors(gone: readonly ActorRow[], added: readonly ActorRow[]): ReadonlyMap<string, string> {
    if (gone.length === 0 || added.length === 0) return NONE.successors;
    const byPlace = new Map<string, string>();
    for (const row of added) byPlace.set(`${row.parent}\n${row.name}`, row.id);
    const found = new Map<string, string>();
    // parents first: a child's place is named by the new id of its parent
    for (const row of gone.toSorted((a, b) => a.startedAt - b.startedAt)) {
      const parent = row.parent === null ? null : (found.get(row.parent) ?? row.parent);
      const next = byPlace.get(`${parent}\n${row.name}`);
      if (next !== undefined) found.set(row.id, next);
    }
    return found;
  }
}
