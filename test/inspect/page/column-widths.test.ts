import { describe, expect, test } from 'vitest';
import { grown } from '../../../src/inspect/page/column-widths.ts';
import { countdown } from '../../../src/inspect/page/format.ts';
import type { Cell } from '../../../src/inspect/page/sections.ts';

const cell = (text: string, look?: Cell['look']): Cell => ({
  text,
  kind: 'text',
  ...(look === undefined ? {} : { look }),
});

describe('columns', () => {
  test('are as wide as the widest that was in them, and never narrower again', () => {
    const before = grown([], ['name'], [[cell('x'.repeat(20))]]);
    expect(before).toEqual([20]);
    expect(grown(before, ['name'], [[cell('x')]])).toEqual(before);
    expect(grown([], ['a heading of some length'], [])).toEqual([24]);
  });

  test('a digit more moves nothing, a peer with a long name does not take the table', () => {
    expect(grown([], ['n'], [[cell('1234567')]])).toEqual(grown([], ['n'], [[cell('12345678')]]));
    expect(grown([], ['n'], [[cell('x'.repeat(5_000))]])).toEqual([34]);
  });

  test('have room for what stands beside the text', () => {
    const meter = cell('4:59', { tag: 'countdown', ends: 0, whole: 1 });
    expect(grown([], ['n'], [[meter]])[0]).toBeGreaterThan(grown([], ['n'], [[cell('4:59')]])[0] ?? 0);
    expect(grown([], ['n'], [[cell('12345678')]], true)[0]).toBeGreaterThan(8);
  });
});

test.each([
  [0, 'over'],
  [-5, 'over'],
  [NaN, 'over'],
  [1, '0:01'],
  [59_999, '1:00'],
  [184_000, '3:04'],
  [3_723_000, '1:02:03'],
  [Infinity, '∞'],
])('%d ms are left: %s', (ms, text) => {
  expect(countdown(ms)).toBe(text);
});
