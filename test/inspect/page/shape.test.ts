import { describe, expect, test } from 'vitest';
import { cellOf, sectionsOf, words } from '../../../src/inspect/page/shape.ts';

const NOW = 1_700_000_000_000;

describe('sectionsOf', () => {
  test('scalars are facts, rows a table, records within a row columns, a part that is not there a note', () => {
    const sections = sectionsOf(
      {
        cacheHitRatio: 0.5,
        procedures: {
          rows: [
            {
              procedure: 'a.b',
              called: { calls: 3, p50: 1.5 },
              here: { rows: [{ kind: 'handler' }], more: 0 },
            },
          ],
          more: 2,
        },
        other: { unavailable: 'it is being restarted' },
      },
      NOW,
    );
    expect(sections.map(({ tag, title }) => [tag, title])).toEqual([
      ['facts', ''],
      ['table', 'procedures'],
      ['note', 'other'],
    ]);
    const table = sections[1];
    if (table?.tag !== 'table') throw new Error('a table was expected');
    expect(table.columns.map(({ name }) => name)).toEqual(['procedure', 'calls', 'p50', 'here']);
    expect(table.rows[0]?.cells.map(({ text }) => text)).toEqual(['a.b', '3', '1.5 ms', '1']);
    expect(table.rows[0]?.below).toMatchObject([{ tag: 'table', title: 'here' }]);
    expect(table.more).toBe(2);
  });

  test('buckets are bars', () => {
    const buckets = { rows: [{ index: 3, contacts: 14, spares: 0, lookedUp: null }], more: 0 };
    expect(sectionsOf({ buckets }, NOW)).toEqual([
      {
        tag: 'bars',
        title: 'buckets',
        bars: [{ label: '3', value: 14, most: 20, title: 'bucket 3: 14 of 20' }],
      },
    ]);
  });

  test('nothing that is deep, wide or odd breaks it', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 5_000; level += 1) deep = { deep };
    const wide = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`k${at}`, at]));
    const rows = Array.from({ length: 5_000 }, () => wide);
    for (const odd of [
      deep,
      [deep],
      rows,
      null,
      undefined,
      5,
      'x',
      [],
      [null],
      { rows: 'no' },
      [[1]],
      { a: [[]] },
    ]) {
      expect(Array.isArray(sectionsOf(odd, NOW))).toBe(true);
    }
    const [table] = sectionsOf(rows, NOW);
    expect(table?.tag === 'table' && [table.rows.length, table.more, table.columns.length]).toEqual([
      500, 4_500, 14,
    ]);
  });
});

describe('cellOf', () => {
  test.each([
    ['left', 65_000, '1 min 5 s'],
    ['left', 0, 'over'],
    ['bytes', 2_048, '2.0 KiB'],
    ['cacheHitRatio', 0.982, '98 %'],
    ['advertisedAt', NOW - 60_000, '1 min ago'],
    ['calls', 12_345, '12,345'],
    ['idleMs', 1_500, '1.5 s'],
    ['node', { id: 'ab'.repeat(32), short: 'abab' }, 'abab'],
    ['outcomes', { timeout: 1, ok: 9 }, 'ok 9 · timeout 1'],
    ['connected', true, 'yes'],
    ['trace', null, '–'],
    ['names', ['a', 'b', 'c', 'd'], 'a, b, c +1'],
  ])('%s', (key, value, text) => {
    expect(cellOf(key, value, NOW).text).toBe(text);
  });

  test('a field is called as it is spoken of', () => {
    expect([words('lookedUp'), words('p99'), words('handler_crash')]).toEqual([
      'looked up',
      'p99',
      'handler crash',
    ]);
  });
});
