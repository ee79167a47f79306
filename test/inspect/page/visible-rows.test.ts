import { describe, expect, test } from 'vitest';
import { parseFilter } from '../../../src/inspect/page/filter.ts';
import { rowWindow, scrollTo, VIRTUAL_ABOVE } from '../../../src/inspect/page/row-window.ts';
import { CROWD, crowds, step, visibleRows } from '../../../src/inspect/page/visible-rows.ts';
import { FIVE, modelOf, row } from './rows.ts';

const model = modelOf(FIVE);
const all = visibleRows(model, new Set(), undefined);

describe('visibleRows', () => {
  test('gives level and place as a screen reader says them', () => {
    expect(all.map(({ id, level, position, siblings }) => [id, level, position, siblings])).toEqual([
      ['a', 1, 1, 1],
      ['b', 2, 1, 2],
      ['c', 2, 2, 2],
      ['d', 3, 1, 2],
      ['e', 3, 2, 2],
    ]);
    expect(all.filter(({ open }) => open).map(({ id }) => id)).toEqual(['a', 'c']);
  });

  test('leaves out what is folded away', () => {
    const rows = visibleRows(model, new Set(['c']), undefined);
    expect(rows.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(rows[2]).toMatchObject({ parent: true, open: false });
  });

  test('a filter keeps what matches and the way to it, folded or not', () => {
    const one = visibleRows(model, new Set(['a', 'c']), parseFilter('id:e'));
    expect(one.map(({ id, match, siblings }) => [id, match, siblings])).toEqual([
      ['a', false, 1],
      ['c', false, 1],
      ['e', true, 1],
    ]);
  });

  test('a deep chain needs no stack', () => {
    const chain = Array.from({ length: 50_000 }, (_, index) =>
      row(`${index}`, index === 0 ? null : `${index - 1}`),
    );
    expect(visibleRows(modelOf(chain), new Set(), undefined).length).toBe(50_000);
  });

  test('a crowd is folded at first, a hundred are not', () => {
    const below = (count: number): string[] => [
      ...crowds(
        modelOf([row('a', null), ...Array.from({ length: count }, (_, index) => row(`b${index}`, 'a'))]),
      ),
    ];
    expect(below(CROWD)).toEqual([]);
    expect(below(CROWD + 1)).toEqual(['a']);
  });
});

describe('step', () => {
  test.each([
    ['a', 'ArrowDown', { tag: 'choose', id: 'b' }],
    ['a', 'ArrowUp', { tag: 'choose', id: 'a' }],
    ['e', 'ArrowLeft', { tag: 'choose', id: 'c' }],
    ['c', 'ArrowLeft', { tag: 'fold', id: 'c' }],
    ['c', 'ArrowRight', { tag: 'choose', id: 'd' }],
    ['b', 'ArrowRight', { tag: 'stay' }],
    ['b', 'End', { tag: 'choose', id: 'e' }],
    ['e', 'Home', { tag: 'choose', id: 'a' }],
    [undefined, 'ArrowDown', { tag: 'choose', id: 'a' }],
    ['b', 'x', { tag: 'stay' }],
  ] as const)('from %s with %s', (chosen, key, next) => {
    expect(step(all, chosen, key)).toEqual(next);
  });

  test('unfolds what is folded', () => {
    expect(step(visibleRows(model, new Set(['c']), undefined), 'c', 'ArrowRight')).toEqual({
      tag: 'unfold',
      id: 'c',
    });
  });
});

describe('rowWindow', () => {
  test('has every row up to 2,000, then only those that are seen', () => {
    expect(rowWindow(VIRTUAL_ABOVE, 0, 600, 26)).toEqual({ first: 0, end: VIRTUAL_ABOVE });
    const { first, end } = rowWindow(10_000, 5_000 * 26, 520, 26);
    expect(first).toBeLessThan(5_000);
    expect(end).toBeGreaterThan(5_020);
    expect(end - first).toBeLessThan(60);
  });

  test('ends with the last row, wherever it is scrolled to', () => {
    expect(rowWindow(10_000, 1e9, 520, 26).end).toBe(10_000);
    expect(rowWindow(10_000, -50, 520, 26).first).toBe(0);
  });

  test('scrolls no further than needed', () => {
    expect(scrollTo(3, 0, 260, 26)).toBe(undefined);
    expect(scrollTo(10, 0, 260, 26)).toBe(26);
    expect(scrollTo(1, 100, 260, 26)).toBe(26);
  });
});
