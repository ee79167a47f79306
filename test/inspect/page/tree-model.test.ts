import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import type { Delta as NodeDelta } from '../../../src/inspect/delta.ts';
import type { ActorChange as NodeChange, ActorRow as NodeRow } from '../../../src/inspect/row.ts';
import type { TreeModel } from '../../../src/inspect/page/tree-model.ts';
import { visibleRows } from '../../../src/inspect/page/visible-rows.ts';
import type { ActorChange, ActorRow, Delta } from '../../../src/inspect/page/wire.ts';
import { NONE, delta, FIVE, modelOf, row } from './rows.ts';

const order = (model: TreeModel): string[] => visibleRows(model, new Set(), undefined).map(({ id }) => id);

describe('TreeModel', () => {
  test('what the node sends is what the page reads', () => {
    expectTypeOf<NodeRow>().toExtend<ActorRow>();
    expectTypeOf<NodeChange>().toExtend<ActorChange>();
    expectTypeOf<NodeDelta>().toExtend<Delta>();
  });

  test('puts a new actor behind the sibling it names, or first', () => {
    const model = modelOf(FIVE);
    model.apply(delta(2, { added: [row('x', 'c', { after: 'd' }), row('y', 'c')] }));
    expect(model.childrenOf('c')).toEqual(['y', 'd', 'x', 'e']);
  });

  test('takes all below with one that goes, and says so', () => {
    const model = modelOf(FIVE);
    expect(model.apply(delta(2, { removed: ['c'] }))?.structure).toBe(true);
    expect([...model.rows.keys()]).toEqual(['a', 'b']);
    expect(model.childrenOf('c')).toEqual([]);
  });

  test('a change of figures touches its row and nothing else', () => {
    const model = modelOf(FIVE);
    const applied = model.apply(delta(2, { changed: [{ id: 'd', status: 'suspended' }] }));
    expect(applied?.structure).toBe(false);
    expect([...(applied?.touched ?? [])]).toEqual(['d']);
    expect(model.rows.get('d')?.status).toBe('suspended');
  });

  test('moves an actor whose place or parent is another one', () => {
    const model = modelOf(FIVE);
    expect(model.apply(delta(2, { changed: [{ id: 'e', after: 'b', parent: 'a' }] }))?.structure).toBe(true);
    expect(order(model)).toEqual(['a', 'b', 'e', 'c', 'd']);
    // stands there already
    expect(model.apply(delta(3, { changed: [{ id: 'e', after: 'b' }] }))?.structure).toBe(false);
  });

  test('several deltas in one are no gap, an older one is ignored, an unknown actor is a gap', () => {
    const model = modelOf(FIVE);
    expect(model.apply(delta(9, { changed: [{ id: 'b', trapExit: true }] }))).toBeDefined();
    expect(model.apply(delta(4, { removed: ['b'] }))?.structure).toBe(false);
    expect(model.rows.has('b')).toBe(true);
    expect(model.apply(delta(10, { changed: [{ id: 'z', trapExit: true }] }))).toBeUndefined();
    expect(model.apply(delta(10, { added: [row('y', 'z')] }))).toBeUndefined();
    expect(model.apply(delta(10, { added: [row('z', 'a'), row('y', 'z')] }))).toBeDefined();
  });

  test('a delta with reset is the whole tree', () => {
    const model = modelOf(FIVE);
    model.apply(delta(2, { reset: true, added: [row('k', null)] }));
    expect([...model.rows.keys()]).toEqual(['k']);
  });

  test('tells restarts: under the old id by its counter, under a new one by its place', () => {
    const model = modelOf(FIVE);
    const counters = { ...NONE, restarts: 1 };
    const same = model.apply(delta(2, { changed: [{ id: 'b', counters }] }));
    expect([...(same?.restarted ?? [])]).toEqual(['b']);
    const fresh = model.apply(
      delta(3, {
        removed: ['c'],
        added: [
          row('c2', 'a', { name: 'name of c', after: 'b', counters }),
          row('d2', 'c2', { name: 'name of d' }),
        ],
      }),
    );
    expect([...(fresh?.restarted ?? [])]).toEqual(['c2']);
    expect(fresh?.successors).toEqual(
      new Map([
        ['c', 'c2'],
        ['d', 'd2'],
      ]),
    );
  });

  test('shows at the top what has no parent here', () => {
    expect(modelOf([...FIVE, row('z', 'unknown')]).roots).toEqual(['a', 'z']);
  });

  test('after any deltas every row stands once below its parent', () => {
    const change = fc.record({ id: fc.nat(30), parent: fc.nat(30), gone: fc.boolean() });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const model = modelOf([row('0', null)]);
        let seq = 1;
        for (const { id, parent, gone } of changes) {
          seq += 1;
          const news = gone ? { removed: [`${id + 1}`] } : { added: [row(`${id + 1}`, `${parent}`)] };
          model.apply(delta(seq, news));
        }
        expect(order(model).toSorted()).toEqual([...model.rows.keys()].toSorted());
      }),
    );
  });
});
