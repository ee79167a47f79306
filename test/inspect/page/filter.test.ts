import { describe, expect, test } from 'vitest';
import { parseFilter } from '../../../src/inspect/page/filter.ts';
import { firstOrder, firstRows } from '../../../src/inspect/page/order.ts';
import fc from 'fast-check';
import { NONE, row } from './rows.ts';

const ROWS = [
  row('<0.1>', null, { name: 'node', type: 'Supervisor', strategy: 'oneForOne' }),
  row('<0.9>', '<0.1>', {
    name: 'Router',
    mailbox: { length: 11, max: 100, dropped: 2 },
    rate: { ...NONE, in: 2, out: 9 },
  }),
  row('<0.10>', '<0.1>', {
    name: 'cache',
    status: 'crashed',
    counters: { ...NONE, handled: 5, crashes: 3, restarts: 2 },
  }),
  row('<0.11>', '<0.1>', { name: 'inspector', busy: false, rate: { ...NONE, in: 3, out: 7, handled: 3 } }),
];
const found = (typed: string): string[] =>
  ROWS.filter(parseFilter(typed) ?? (() => true)).map(({ name }) => name);

describe('parseFilter', () => {
  test.each([
    ['', ['node', 'Router', 'cache', 'inspector']],
    ['   ', ['node', 'Router', 'cache', 'inspector']],
    ['ROUT', ['Router']],
    ['0.10', ['cache']],
    ['genserver cache', ['cache']],
    ['is:supervisor', ['node']],
    ['is:crashed', ['cache']],
    ['is:restarted', ['cache']],
    ['is:busy', ['Router']],
    ['mailbox>10', ['Router']],
    ['mailbox>11', []],
    ['mailbox=11', ['Router']],
    ['restarts<1', ['node', 'Router', 'inspector']],
    ['rate>2', ['inspector']],
    ['out>6', ['Router', 'inspector']],
    ['crashes>2', ['cache']],
    ['dropped>0 name:rou', ['Router']],
    ['type:supervisor', ['node']],
    // no conditions, so they are words
    ['is:nonsense', []],
    ['constructor:x', []],
    ['__proto__>1', []],
    ['is:', []],
  ])('%j', (typed, names) => {
    expect(found(typed)).toEqual(names);
  });
});

describe('firstRows', () => {
  const names = (column: Parameters<typeof firstOrder>[0], top = 10): string[] =>
    firstRows(ROWS, firstOrder(column), top).map(({ name }) => name);

  test('figures begin at the top, words at A, ids as numbers', () => {
    expect(names('mailbox', 1)).toEqual(['Router']);
    expect(names('restarts', 1)).toEqual(['cache']);
    expect(names('crashes', 1)).toEqual(['cache']);
    expect([names('out', 1), names('rate', 1)]).toEqual([['Router'], ['inspector']]);
    expect(names('status', 1)).toEqual(['cache']);
    expect(names('name')).toEqual(['cache', 'inspector', 'node', 'Router']);
    expect(names('id')).toEqual(['node', 'Router', 'cache', 'inspector']);
  });

  test('equal ones stand by id, whatever came first', () => {
    const same = ['<0.10>', '<0.9>', '<0.100>'].map((id) => row(id, null, { name: 'invocation' }));
    const ids = firstRows(same, firstOrder('name'), 3).map(({ id }) => id);
    expect(ids).toEqual(['<0.9>', '<0.10>', '<0.100>']);
  });

  test('gives what a full sort gives', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(50), { maxLength: 400 }),
        fc.integer({ min: 1, max: 40 }),
        (lengths, top) => {
          const rows = lengths.map((length, index) =>
            row(`<0.${index}>`, null, { mailbox: { length, max: 1, dropped: 0 } }),
          );
          const first = firstRows(rows, firstOrder('mailbox'), top).map(({ mailbox }) => mailbox.length);
          expect(first).toEqual(lengths.toSorted((a, b) => b - a).slice(0, top));
        },
      ),
    );
  });
});
