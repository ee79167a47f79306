import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytes, count, duration, rate } from '../../../src/inspect/page/format.ts';
import { heat } from '../../../src/inspect/page/heat.ts';
import { cleanName, cleanText, NAME_LIMIT } from '../../../src/inspect/page/names.ts';
import { retryDelay } from '../../../src/inspect/page/backoff.ts';

describe('cleanName', () => {
  test('takes away what turns, hides or breaks text, and keeps the rest', () => {
    expect(cleanName('safe\u202egnp.exe')).toBe('safe\ufffdgnp.exe');
    expect(cleanName('a\nb\u2028c\u0000\u200bd')).toBe('a\ufffdb\ufffdc\ufffd\ufffdd');
    expect(cleanName('\ud800x')).toBe('\ufffdx');
    expect(cleanName('<b>ärger 日本 🙂</b>')).toBe('<b>ärger 日本 🙂</b>');
    expect(cleanName('')).toBe('(no name)');
  });

  test('cuts by characters, never through one', () => {
    expect(cleanName('🙂'.repeat(NAME_LIMIT))).toBe('🙂'.repeat(NAME_LIMIT));
    expect(cleanName('🙂'.repeat(NAME_LIMIT + 1))).toBe(`${'🙂'.repeat(NAME_LIMIT)}…`);
  });

  test('of any text at most the limit is left, and nothing unsafe', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const clean = cleanName(text);
        expect(Array.from(clean).length).toBeLessThanOrEqual(NAME_LIMIT + 1);
        expect(clean).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
      }),
    );
  });

  test('a text may have lines, and nothing else of that kind', () => {
    expect(cleanText('a\n\tb\u202ec\r')).toBe('a\n\tb\ufffdc\ufffd');
  });
});

describe('figures', () => {
  test.each([
    [0, '0 ms'],
    [0.456, '0.46 ms'],
    [1.94, '1.9 ms'],
    [999, '999 ms'],
    [1_200, '1.2 s'],
    [59_999, '59 s'],
    [65_000, '1 min 5 s'],
    [3_600_000, '1 h'],
    [100_000_000, '1 d 3 h'],
    [-5, '−5 ms'],
  ])('%d ms', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  test('are short: counts, bytes, rates', () => {
    expect([count(9_999), count(12_345), bytes(1_023), bytes(2_048)]).toEqual([
      '9,999',
      '12.3K',
      '1023 B',
      '2.0 KiB',
    ]);
    expect([rate(0), rate(0.25), rate(12.4)]).toEqual(['', '0.3/s', '12/s']);
  });

  test('a mailbox is hot when it is long, or nearly full', () => {
    const lengths = [0, 1, 9, 10, 99, 100, 999, 1_000];
    expect(lengths.map((length) => heat(length, null))).toEqual([0, 1, 1, 2, 2, 3, 3, 4]);
    expect([heat(8, 10), heat(7, 10)]).toEqual([4, 1]);
  });

  test('a node that has gone is looked for soon at first, then every 5 s', () => {
    expect([0, 1, 2, 3, 4, 5, 1_000].map(retryDelay)).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
  });
});
