/** The tree as a client knows it: deltas give what a snapshot would have given, and whatever comes, nothing breaks. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyDelta, childrenOf, lineOf, readTree, type Model } from '../../../src/cli/inspect/model.ts';
import { readRow } from '../../../src/cli/inspect/row.ts';
import { deltaOf, modelOf, rowOf, SMALL, treeOf, type Fields } from './rows.ts';

/** Ids in the order of the tree, each with its depth. */
function shapeOf(model: Model): readonly string[] {
  const shape: string[] = [];
  const walk = (id: string, depth: number): void => {
    for (const child of childrenOf(model, id)) {
      shape.push(`${' '.repeat(depth)}${child}`);
      walk(child, depth + 1);
    }
  };
  walk('', 0);
  return shape;
}

function applied(model: Model, delta: Fields): Model {
  const next = applyDelta(model, delta);
  if (next === 'gap') throw new Error('a gap');
  return next;
}

describe('readTree', () => {
  test('has each actor below its parent, siblings in their order', () => {
    const model = modelOf(SMALL);
    expect(shapeOf(model)).toEqual(['node', ' a', '  a1', '  a2', ' b']);
    expect(lineOf(model, 'a2').map(({ id }) => id)).toEqual(['node', 'a', 'a2']);
  });

  test('an actor whose parent is not there stands beside the root', () => {
    expect(shapeOf(modelOf([rowOf('node', null), rowOf('x', 'nobody', { after: 'node' })]))).toEqual([
      'node',
      'x',
    ]);
  });

  test('refuses other schemas, an id that is there twice, and what is no tree', () => {
    expect(readTree({ ...treeOf(SMALL), schema: 2 })).toBeUndefined();
    expect(readTree(treeOf([...SMALL, rowOf('a', 'node')]))).toBeUndefined();
    for (const body of [undefined, null, 1, 'x', [], {}, { schema: 1, rows: 'x' }, treeOf([{}])])
      expect(readTree(body)).toBeUndefined();
  });
});

describe('applyDelta', () => {
  test('who comes stands behind its sibling, who goes is gone, who changes has the new fields', () => {
    const before = modelOf(SMALL);
    const after = applied(
      before,
      deltaOf(1, {
        added: [rowOf('a0', 'a', { after: null }), rowOf('c', 'node', { after: 'a' })],
        removed: ['b'],
        changed: [
          { id: 'a1', after: 'a0', status: 'stopping' },
          { id: 'a2', rate: { in: 3, out: 1, handled: 2 } },
        ],
      }),
    );
    expect(shapeOf(after)).toEqual(['node', ' a', '  a0', '  a1', '  a2', ' c']);
    expect([after.rows.get('a1')?.status, after.rows.get('a2')?.rate]).toEqual([
      'stopping',
      { in: 3, out: 1, handled: 2 },
    ]);
    expect([after.seq, after.at]).toEqual([1, 10_001]);
    // the one before is as it was
    expect(shapeOf(before)).toEqual(['node', ' a', '  a1', '  a2', ' b']);
  });

  test('siblings that change places, and a child that gets another parent, stand where they say', () => {
    const turned = applied(
      modelOf(SMALL),
      deltaOf(1, {
        changed: [
          { id: 'a', after: 'b' },
          { id: 'b', after: null },
        ],
      }),
    );
    expect(shapeOf(turned)).toEqual(['node', ' b', ' a', '  a1', '  a2']);
    const moved = applied(turned, deltaOf(2, { changed: [{ id: 'a1', parent: 'b', after: null }] }));
    expect(shapeOf(moved)).toEqual(['node', ' b', '  a1', ' a', '  a2']);
  });

  test('numbers left out are several deltas in one, old news are none, and no number is a gap', () => {
    const model = applied(modelOf(SMALL), deltaOf(5, { removed: ['b'] }));
    expect([model.seq, model.rows.has('b')]).toEqual([5, false]);
    for (const seq of [5, 4, 0, -1]) expect(applied(model, deltaOf(seq, { removed: ['a2'] }))).toBe(model);
    for (const seq of ['6', undefined, null, NaN, Infinity, 6.5])
      expect(applyDelta(model, { ...deltaOf(6), seq })).toBe('gap');
  });

  test('with reset it is the whole tree', () => {
    const model = applied(modelOf(SMALL), deltaOf(3, { reset: true, added: [rowOf('other', null)] }));
    expect(shapeOf(model)).toEqual(['other']);
  });

  test('what does not fit is a gap: known ids, orphans, circles', () => {
    const model = modelOf(SMALL);
    const wrong: readonly Fields[] = [
      { added: [rowOf('a', 'node')] },
      { added: [{ id: 'x' }] },
      { removed: ['a'] },
      { changed: [{ id: 'a', parent: 'a2' }] },
      { changed: [{ id: 'a', parent: 'nobody' }] },
      { changed: [{ id: 'a', parent: 7 }] },
    ];
    for (const more of wrong) expect([more, applyDelta(model, deltaOf(1, more))]).toEqual([more, 'gap']);
  });

  test('news of strangers are no news', () => {
    const model = modelOf(SMALL);
    const next = applied(
      model,
      deltaOf(1, { removed: ['nobody'], changed: [{ id: 'nobody', status: 'x' }] }),
    );
    expect(shapeOf(next)).toEqual(shapeOf(model));
  });

  test('any deltas between any two trees lead from the one to the other', () => {
    fc.assert(
      fc.property(fc.array(anyTree(), { minLength: 1, maxLength: 6 }), (trees) => {
        const [first = [], ...others] = trees;
        let model = modelOf(first);
        let before = first;
        others.forEach((rows, index) => {
          model = applied(model, deltaOf(index + 1, between(before, rows)));
          before = rows;
          expect(shapeOf(model)).toEqual(shapeOf(modelOf(rows)));
          expect(model.rows).toEqual(modelOf(rows).rows);
        });
      }),
    );
  });

  test('nothing that comes over the wire throws', () => {
    const model = modelOf(SMALL);
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (one, other) => {
        readTree(one);
        readTree(treeOf([one as Fields, other as Fields]));
        applyDelta(model, one);
        const delta = applyDelta(model, {
          ...deltaOf(1),
          added: [one],
          removed: [other],
          changed: [{ ...(Object(other) as Fields), id: 'a' }],
        });
        if (delta !== 'gap') shapeOf(delta);
      }),
    );
  });
});

describe('readRow', () => {
  test('fields that are missing or of another kind have a plain value', () => {
    expect(
      readRow({ id: 'x', parent: null, rate: 7, mailbox: { length: -1, max: '9' }, name: 3 }),
    ).toMatchObject({
      id: 'x',
      name: '',
      rate: { in: 0, handled: 0 },
      mailbox: { length: 0, max: 0, dropped: 0 },
      rules: '',
      details: {},
      busy: true,
    });
  });

  test('a supervisor is told by its rules', () => {
    const rules = { strategy: 'restForOne', restart: { intensity: 3, period: 5_000, recent: [] } };
    expect(readRow(rowOf('x', null, rules))?.rules).toBe('restForOne 3/5s');
  });
});

/** Rows of a tree: each below one of those before it, with the sibling that stands before it. */
function anyTree(): fc.Arbitrary<readonly Fields[]> {
  return fc
    .array(fc.tuple(fc.nat(20), fc.nat(30), fc.nat(3)), { minLength: 1, maxLength: 12 })
    .map((choices) => {
      const rows: Fields[] = [];
      const last = new Map<unknown, string>();
      for (const [place, number, restarts] of choices) {
        const id = `n${number}`;
        if (rows.some((row) => row['id'] === id)) continue;
        // below the last branch only: rows come depth first, but any parent that is there will do
        const parent = rows.length === 0 ? null : (rows[place % rows.length]?.['id'] as string);
        rows.push(
          rowOf(id, parent, { after: last.get(parent) ?? null, counters: { in: 0, handled: 0, restarts } }),
        );
        last.set(parent, id);
      }
      return rows;
    });
}

/** As the server tells it. One with another parent is another actor: actors do not move. */
function between(before: readonly Fields[], after: readonly Fields[]): Fields {
  const known = new Map(before.map((row) => [row['id'], row]));
  const next = new Map(after.map((row) => [row['id'], row]));
  const gone = new Set<unknown>();
  for (const { id, parent } of before as readonly { id: unknown; parent: unknown }[])
    if (next.get(id)?.['parent'] !== parent || gone.has(parent)) gone.add(id);
  // who stays below one that goes comes again
  return {
    removed: [...gone],
    added: after.filter(({ id }) => !known.has(id) || gone.has(id)),
    changed: after.filter(({ id }) => known.has(id) && !gone.has(id)),
  };
}
