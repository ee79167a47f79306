/** How much room text takes on a terminal, and what is left of it when there is less. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  cutEnd,
  cutLine,
  cutStart,
  padEnd,
  padStart,
  plain,
  widthOf,
} from '../../../src/cli/inspect/line.ts';

test('ideographs and pictures take two cells, marks none', () => {
  expect(['abc', '字', '한', 'ｆ', '😀', 'e\u0301', '├─ …'].map(widthOf)).toEqual([3, 2, 2, 2, 2, 1, 4]);
});

test('what is cut ends, or begins, with an ellipsis, and half a wide character is none', () => {
  expect([cutEnd('abcdef', 4), cutEnd('字字字', 4), cutEnd('abc', 3), cutEnd('abc', 0)]).toEqual([
    'abc…',
    '字…',
    'abc',
    '',
  ]);
  expect([cutStart('a/b/c', 4), cutStart('字字字', 4), cutStart('abc', 1)]).toEqual(['…b/c', '…字', '…']);
});

test('a line of pieces is cut where its width ends, and keeps its styles', () => {
  expect(cutLine([{ text: 'ab' }, { text: 'cdef', style: 'dim' }, { text: 'x' }], 4)).toEqual([
    { text: 'ab' },
    { text: 'c…', style: 'dim' },
  ]);
});

test('cut and padded to a width, any text has that width', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(30), (text, width) => {
      for (const cut of [cutEnd(text, width), cutStart(text, width), plain(cutLine([{ text }], width))]) {
        expect(widthOf(cut)).toBeLessThanOrEqual(width);
        expect(widthOf(padEnd(cut, width))).toBe(width);
        expect(widthOf(padStart(cut, width))).toBe(width);
      }
    }),
  );
});
