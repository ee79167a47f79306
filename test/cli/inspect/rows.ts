/** Rows and trees as the inspector's API tells them, for tests. */
import { readTree, type Model } from '../../../src/cli/inspect/model.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** An actor that is at peace; whatever differs is given. */
export const rowOf = (id: string, parent: string | null, more: Fields = {}): Fields => ({
  id,
  name: id,
  type: 'GenServer',
  module: 'GenServer',
  state: { type: 'object' },
  status: 'running',
  startedAt: 1,
  parent,
  after: null,
  mailbox: { length: 0, max: 100, dropped: 0 },
  counters: { in: 0, out: 0, handled: 0, crashes: 0, restarts: 0 },
  rate: { in: 0, out: 0, handled: 0, crashes: 0, restarts: 0 },
  links: [],
  monitors: [],
  monitoredBy: [],
  trapExit: false,
  busy: true,
  ...more,
});

export const treeOf = (rows: readonly Fields[], seq = 0): Fields => ({
  schema: 1,
  seq,
  node: 'https://127.0.0.1:9443',
  at: 10_000,
  rows,
});

export function modelOf(rows: readonly Fields[]): Model {
  const model = readTree(treeOf(rows));
  if (model === undefined) throw new Error('no tree');
  return model;
}

export const deltaOf = (seq: number, more: Fields = {}): Fields => ({
  seq,
  at: 10_000 + seq,
  added: [],
  removed: [],
  changed: [],
  ...more,
});

/**
 * node
 * ├─ a
 * │  ├─ a1
 * │  └─ a2
 * └─ b
 */
export const SMALL: readonly Fields[] = [
  rowOf('node', null),
  rowOf('a', 'node'),
  rowOf('a1', 'a'),
  rowOf('a2', 'a', { after: 'a1' }),
  rowOf('b', 'node', { after: 'a' }),
];
