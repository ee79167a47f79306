/** The table of actors: its columns, and the first of them in an order. Pure. */
import type { ActorRow } from './wire.ts';

export type Column =
  | 'id'
  | 'name'
  | 'type'
  | 'status'
  | 'mailbox'
  | 'dropped'
  | 'rate'
  | 'out'
  | 'handled'
  | 'crashes'
  | 'restarts'
  | 'age';

export interface Order {
  readonly column: Column;
  readonly down: boolean;
}

const WORDS = new Intl.Collator('en', { numeric: true });

/** A status that wants to be looked at comes first. */
const STATUS = ['crashed', 'restarting', 'suspended', 'stopping', 'starting', 'running'];

const FIGURE: Readonly<Record<Exclude<Column, 'id' | 'name' | 'type'>, (row: ActorRow) => number>> = {
  status: (row) => -STATUS.indexOf(row.status),
  mailbox: (row) => row.mailbox.length,
  dropped: (row) => row.mailbox.dropped,
  rate: (row) => row.rate.in,
  out: (row) => row.rate.out,
  handled: (row) => row.counters.handled,
  crashes: (row) => row.counters.crashes,
  restarts: (row) => row.counters.restarts,
  age: (row) => -row.startedAt,
};

/** What a first click on a heading means: figures from the top, words from A. */
export const firstOrder = (column: Column): Order => ({
  column,
  down: !(column === 'id' || column === 'name' || column === 'type'),
});

/**
 * The first `top` rows in that order, equal ones by id. One pass over all rows and a sort of the few that are kept, so
 * that it can run again with every delta.
 */
export function firstRows(rows: Iterable<ActorRow>, order: Order, top: number): readonly ActorRow[] {
  const compare = comparator(order);
  let kept: ActorRow[] = [];
  const room = Math.max(64, 2 * top);
  let last: ActorRow | undefined;
  for (const row of rows) {
    if (last !== undefined && compare(row, last) > 0) continue;
    kept.push(row);
    if (kept.length < room + top) continue;
    kept = kept.toSorted(compare).slice(0, top);
    last = kept.at(-1);
  }
  return kept.toSorted(compare).slice(0, top);
}

function comparator({ column, down }: Order): (a: ActorRow, b: ActorRow) => number {
  const sign = down ? -1 : 1;
  if (column === 'id') return (a, b) => sign * byId(a, b);
  if (column === 'name' || column === 'type') {
    return (a, b) => sign * WORDS.compare(a[column].slice(0, 200), b[column].slice(0, 200)) || byId(a, b);
  }
  const figure = FIGURE[column];
  return (a, b) => sign * (figure(a) - figure(b)) || byId(a, b);
}

/** `<0.9>` before `<0.10>`. */
const byId = (a: ActorRow, b: ActorRow): number => a.id.length - b.id.length || (a.id < b.id ? -1 : 1);
