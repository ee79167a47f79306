/** Rows for the tests of the page's rules. */
import type { ActorRow, Counters, Delta } from '../../../src/inspect/page/wire.ts';
import { TreeModel } from '../../../src/inspect/page/tree-model.ts';

/** Nothing was counted. */
export const NONE: Counters = { in: 0, out: 0, handled: 0, crashes: 0, restarts: 0 };

export const row = (id: string, parent: string | null, more: Partial<ActorRow> = {}): ActorRow => ({
  id,
  name: `name of ${id}`,
  type: 'GenServer',
  module: 'counter',
  state: { type: 'object', size: 1 },
  status: 'running',
  startedAt: 0,
  parent,
  after: null,
  mailbox: { length: 0, max: 1_000, dropped: 0 },
  counters: NONE,
  rate: NONE,
  busy: true,
  links: [],
  monitors: [],
  monitoredBy: [],
  trapExit: false,
  ...more,
});

/** `a` has `b` and `c`; `c` has `d` and `e`. */
export const FIVE: readonly ActorRow[] = [
  row('a', null),
  row('b', 'a'),
  row('c', 'a', { after: 'b' }),
  row('d', 'c'),
  row('e', 'c', { after: 'd' }),
];

export function modelOf(rows: readonly ActorRow[]): TreeModel {
  const model = new TreeModel();
  model.reset({ schema: 1, seq: 1, node: 'n', at: 0, rows });
  return model;
}

export const delta = (seq: number, more: Partial<Delta> = {}): Delta => ({
  seq,
  at: seq,
  added: [],
  removed: [],
  changed: [],
  ...more,
});
