/** What a client knows of a tree: rows as snapshots and deltas tell of them, and the order they say. */
import { expect } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import { childrenOf } from '../../src/actor/tree.ts';
import type { Delta } from '../../src/inspect/delta.ts';
import { changed, type ActorRow } from '../../src/inspect/row.ts';

export type Known = ReadonlyMap<string, ActorRow>;

export const NOBODY: Known = new Map();

/** Takes a delta as its documentation says: what is removed first, then what is added, then what has changed. */
export function applied(known: Known, delta: Delta): Known {
  const rows = new Map(delta.reset === true ? [] : known);
  for (const id of delta.removed) rows.delete(id);
  for (const row of delta.added) rows.set(row.id, row);
  for (const change of delta.changed) {
    const row = rows.get(change.id);
    if (row !== undefined) rows.set(row.id, changed(row, change));
  }
  return rows;
}

/** A process and all below it as they are shown: children of a supervisor as their specifications stand, others behind them. */
export function standing(process: Process): Process[] {
  const ids = [...((process.state as { children?: ReadonlyMap<string, unknown> })?.children?.keys() ?? [])];
  const place = ({ info }: Process): number =>
    ids.includes(info?.id ?? '') ? ids.indexOf(info?.id ?? '') : Infinity;
  const children = [...childrenOf(process)].toSorted((a, b) => place(a) - place(b) || 0);
  return [process, ...children.flatMap((child) => standing(child))];
}

/** The rows, parents first and siblings as their `after` says. Fails where a row stands nowhere, or two in one place. */
export function inOrder(known: Known): ActorRow[] {
  const next = new Map<string, ActorRow>();
  for (const row of known.values()) {
    const place = `${row.parent} ${row.after}`;
    expect(next.get(place), `two rows stand after ${place}`).toBe(undefined);
    next.set(place, row);
  }
  const rows: ActorRow[] = [];
  const walk = (parent: string | null): void => {
    for (let row = next.get(`${parent} null`); row !== undefined; row = next.get(`${parent} ${row.id}`)) {
      rows.push(row);
      walk(row.id);
    }
  };
  walk(null);
  expect(rows.length, 'every row stands somewhere').toBe(known.size);
  return rows;
}
