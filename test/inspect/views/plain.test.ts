import { describe, expect, test } from 'vitest';
import { KeyNames } from '../../../src/inspect/views/key-names.ts';
import { counted, fine, listed, ms, text } from '../../../src/inspect/views/plain.ts';
import { hex } from '../../../src/mesh/context.ts';
import { procedureKey } from '../../../src/mesh/dht/record.ts';

describe('listed', () => {
  test('takes as many as it may and touches no other', () => {
    let taken = 0;
    const items = function* (): Generator<number> {
      for (;;) yield ++taken;
    };
    expect(listed(items(), 1_000, 3, (item) => -item)).toEqual({ rows: [-1, -2, -3], more: 997 });
    expect(taken).toBe(3);
    expect(listed(items(), 7, 0, String)).toEqual({ rows: [], more: 7 });
    expect(listed([1], 0, 5, String)).toEqual({ rows: ['1'], more: 0 });
  });
});

describe('counted', () => {
  test('counts what it leaves out, and makes no rows of it', () => {
    const made: number[] = [];
    expect(counted([1, 2, 3], 2, (item) => made.push(item)).more).toBe(1);
    expect(made).toEqual([1, 2]);
  });
});

describe('text', () => {
  test.each([
    ['x'.repeat(256), 256],
    ['x'.repeat(257), 256],
    ['x'.repeat(1_048_576), 256],
  ])('cuts what is longer than 256 characters', (said, length) => {
    expect(text(said).length).toBe(length);
    expect(text(said).endsWith('…')).toBe(said.length > 256);
  });

  test('cuts between characters', () => {
    for (const before of ['', 'x']) {
      const cut = text(before + '😀'.repeat(500)) as string & { isWellFormed(): boolean };
      expect(cut.isWellFormed()).toBe(true);
      expect(cut.length).toBeLessThanOrEqual(256);
    }
  });
});

describe('durations', () => {
  test('that have no end are null: JSON knows no infinity', () => {
    for (const make of [ms, fine]) {
      expect([undefined, Infinity, -Infinity, Number.NaN].map(make)).toEqual([null, null, null, null]);
      expect(make(0)).toBe(0);
    }
    expect([ms(1.6), fine(1.234)]).toEqual([2, 1.23]);
  });
});

describe('KeyNames', () => {
  const key = (name: string): string => hex(procedureKey(name));

  test('knows the names it has learned, at most a thousand, and makes room when it is full', () => {
    const names = new KeyNames();
    names.learn(['m.a', 'm.b', 'm.c'], 2);
    expect(['m.a', 'm.b', 'm.c'].map((name) => names.nameOf(key(name)))).toEqual(['m.a', 'm.b', '']);
    names.learn(
      Array.from({ length: 2_000 }, (_, n) => `m.n${n}`),
      2_000,
    );
    expect([names.nameOf(key('m.n997')), names.nameOf(key('m.n998'))]).toEqual(['m.n997', '']);
    names.tidy();
    names.learn(['m.new'], 1);
    expect([names.nameOf(key('m.a')), names.nameOf(key('m.new'))]).toEqual(['', 'm.new']);
  });
});
