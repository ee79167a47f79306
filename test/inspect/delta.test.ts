import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { merge, type Delta } from '../../src/inspect/delta.ts';
import { changed, changeOf, type ActorRow } from '../../src/inspect/row.ts';
import { applied, NOBODY, type Known } from './known-tree.ts';

const ROW: ActorRow = {
  id: '<0.1>',
  name: 'a',
  type: 'GenServer',
  module: 'a',
  state: { type: 'undefined' },
  status: 'running',
  startedAt: 0,
  parent: null,
  mailbox: { length: 0, max: 10, dropped: 0, oldestMs: 0 },
  counters: { in: 0, out: 0, handled: 0, crashes: 0, restarts: 0 },
  links: [],
  monitors: [],
  monitoredBy: [],
  trapExit: false,
  after: null,
  rate: { in: 0, out: 0, handled: 0, crashes: 0, restarts: 0 },
  busy: true,
};

const rowArb: fc.Arbitrary<ActorRow> = fc
  .record({
    id: fc.integer({ min: 1, max: 8 }).map((n) => `<0.${n}>`),
    name: fc.constantFrom('a', 'b'),
    after: fc.constantFrom(null, '<0.1>', '<0.2>'),
    links: fc.array(fc.constantFrom('<0.1>', '<0.2>'), { maxLength: 2 }),
    currentMessage: fc.constantFrom(undefined, { type: 'call', forMs: 1 }, { type: 'call', forMs: 20 }),
    restart: fc.constantFrom(undefined, { policy: 'permanent' as const }, { recent: [1, 2] }),
    details: fc.constantFrom(undefined, { running: 1 }, { running: 2, deep: [{ a: [1] }] }),
    state: fc.constantFrom({ type: 'object', size: 1 }, { type: 'object' }, { type: 'Map', size: 1 }),
  })
  .map(({ restart, details, currentMessage, ...given }) => ({
    ...ROW,
    ...given,
    ...(currentMessage === undefined ? {} : { currentMessage }),
    ...(restart === undefined ? {} : { restart }),
    ...(details === undefined ? {} : { details }),
  }));

/** Trees one after the other, each as what an honest look gives: rows by id. */
const treesArb = fc.array(
  fc.array(rowArb, { maxLength: 8 }).map((rows): Known => new Map(rows.map((row) => [row.id, row]))),
  { minLength: 1, maxLength: 8 },
);

/** What changed from one tree to the next; one of them may be told as a whole. */
function deltasOf(trees: readonly Known[], resets: ReadonlySet<number>): Delta[] {
  let before: Known = NOBODY;
  return trees.map((tree, index) => {
    const known = before;
    before = tree;
    const base = { seq: index + 1, at: index };
    if (resets.has(index))
      return { ...base, reset: true, added: [...tree.values()], removed: [], changed: [] };
    const both = [...tree.values()].filter(({ id }) => known.has(id));
    return {
      ...base,
      added: [...tree.values()].filter(({ id }) => !known.has(id)),
      removed: [...known.keys()].filter((id) => !tree.has(id)),
      changed: both.flatMap((row) => changeOf(known.get(row.id)!, row) ?? []),
    };
  });
}

const sorted = (known: Known): ActorRow[] => [...known.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));

describe('changeOf', () => {
  test('says nothing of two rows that say the same', () => {
    fc.assert(
      fc.property(rowArb, (row) => {
        expect(changeOf(row, structuredClone(row))).toBe(undefined);
      }),
    );
  });

  test('is all that is needed to make the later row of the earlier, also where something is gone', () => {
    fc.assert(
      fc.property(rowArb, rowArb, (before, later) => {
        const after = { ...later, id: before.id };
        const change = changeOf(before, after);
        expect(change === undefined ? before : changed(before, change)).toEqual(after);
        // and as JSON tells it
        const told = change === undefined ? undefined : (JSON.parse(JSON.stringify(change)) as typeof change);
        expect(told === undefined ? before : changed(before, told)).toEqual(after);
      }),
    );
  });

  test('names only the fields that differ', () => {
    expect(changeOf(ROW, { ...ROW, rate: { in: 0, out: 0, handled: 1, crashes: 0, restarts: 0 } })).toEqual({
      id: ROW.id,
      rate: { in: 0, out: 0, handled: 1, crashes: 0, restarts: 0 },
    });
  });
});

describe('merge', () => {
  test('deltas one after the other give the later tree, and so do several as one', () => {
    fc.assert(
      fc.property(treesArb, fc.array(fc.nat(7)), fc.nat(7), (trees, resets, from) => {
        const deltas = deltasOf(trees, new Set(resets));
        const states = [NOBODY];
        for (const delta of deltas) states.push(applied(states.at(-1)!, delta));
        expect(sorted(states.at(-1)!)).toEqual(sorted(trees.at(-1)!));
        const first = Math.min(from, deltas.length - 1);
        const one = merge(deltas.slice(first));
        expect(sorted(applied(states[first]!, one))).toEqual(sorted(trees.at(-1)!));
        expect([one.seq, one.at]).toEqual([deltas.at(-1)!.seq, deltas.at(-1)!.at]);
      }),
      { numRuns: 1_000 },
    );
  });

  test('who came and went in between was never there', () => {
    const nothing = { removed: [], changed: [], added: [] };
    const come = { ...nothing, seq: 1, at: 1, added: [ROW] };
    const change = { ...nothing, seq: 2, at: 2, changed: [{ id: ROW.id, name: 'b' }] };
    const go = { ...nothing, seq: 3, at: 3, removed: [ROW.id] };
    expect(merge([come, change, go])).toEqual({ ...nothing, seq: 3, at: 3 });
    expect(merge([change, go])).toEqual({ ...nothing, seq: 3, at: 3, removed: [ROW.id] });
  });

  test('what was told before the whole tree is void', () => {
    const other = { ...ROW, id: '<0.2>' };
    const come = { seq: 1, at: 1, added: [ROW], removed: ['<0.7>'], changed: [{ id: '<0.9>', name: 'x' }] };
    const all: Delta = { seq: 2, at: 2, reset: true, added: [other], removed: [], changed: [] };
    expect(merge([come, all])).toEqual(all);
  });

  test('of nothing there is no delta', () => {
    expect(() => merge([])).toThrow(RangeError);
  });
});
