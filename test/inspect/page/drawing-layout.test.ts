import { describe, expect, test } from 'vitest';
import { LABEL, layout, shortLabel, type Drawing } from '../../../src/inspect/page/drawing-layout.ts';
import { visibleRows } from '../../../src/inspect/page/visible-rows.ts';
import type { ActorRow } from '../../../src/inspect/page/wire.ts';
import { FIVE, modelOf, row } from './rows.ts';

const draw = (rows: readonly ActorRow[], folded: readonly string[] = []): Drawing => {
  const model = modelOf(rows);
  return layout(model, visibleRows(model, new Set(folded), undefined));
};

describe('layout', () => {
  test('draws every actor once, children right of their parents, an edge for each but the root', () => {
    const { marks, edges, width, height } = draw(FIVE);
    const at = new Map(marks.map((mark) => [mark.key, mark]));
    expect([...at.keys()].toSorted()).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(edges.map(({ from, to }) => `${from}${to}`).toSorted()).toEqual(['ab', 'ac', 'cd', 'ce']);
    for (const { from, to } of edges) expect(at.get(to)?.x).toBeGreaterThan(at.get(from)?.x ?? Infinity);
    for (const { x, y } of marks) {
      expect(x).toBeLessThan(width);
      expect(y).toBeLessThan(height);
    }
  });

  test('no two marks of a column touch', () => {
    const rows = [row('a', null)];
    for (let at = 0; at < 12; at += 1) {
      rows.push(row(`b${at}`, 'a', { after: at === 0 ? null : `b${at - 1}` }));
      for (let below = 0; below < at % 4; below += 1) rows.push(row(`c${at}-${below}`, `b${at}`));
    }
    const { marks } = draw(rows);
    for (const one of marks)
      for (const other of marks)
        if (one !== other && one.x === other.x) expect(Math.abs(one.y - other.y)).toBeGreaterThanOrEqual(23);
  });

  test('a crowd becomes one mark that counts it', () => {
    const many = [
      row('a', null),
      ...Array.from({ length: 1_000 }, (_, at) =>
        row(`b${at}`, 'a', { after: at === 0 ? null : `b${at - 1}` }),
      ),
    ];
    const { marks } = draw(many);
    expect(marks.length).toBeLessThan(30);
    expect(marks.reduce((sum, { more }) => sum + Math.max(1, more), 0)).toBe(1_001);
    expect(new Set(marks.map(({ key }) => key)).size).toBe(marks.length);
  });

  test('what is folded is not drawn, and several roots stand beside each other', () => {
    expect(
      draw(FIVE, ['c'])
        .marks.map(({ key, folded }) => `${key} ${folded}`)
        .toSorted(),
    ).toEqual(['a false', 'b false', 'c true']);
    const two = draw([row('a', null), row('b', null)]);
    expect(two.marks.length).toBe(2);
    expect(two.edges).toEqual([]);
    expect(draw([]).marks).toEqual([]);
  });

  test('a long name keeps its beginning and its end', () => {
    expect(shortLabel('router')).toBe('router');
    expect(shortLabel('connection to 127.0.0.1:55387')).toBe('connection t…1:55387');
    expect(Array.from(shortLabel('🙂'.repeat(90))).length).toBe(LABEL);
  });
});
