/** The planted faults themselves: each has one place, tests that exist, and a row in the list. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { judge, plant, table, type Mutant } from '../mutants/mutant.ts';
import { MUTANTS } from '../mutants/mutants.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

describe('every planted fault', () => {
  test.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    '%s: changes exactly one place of a source, and names tests that are there',
    (_name, mutant) => {
      const source = read(mutant.file);
      expect(source.split(mutant.find).length - 1).toBe(1);
      expect(plant(mutant, source)).not.toBe(source);
      expect(mutant.file).toMatch(/^(src|supervisors)\//);
      expect(mutant.tests.length).toBeGreaterThan(0);
      expect(mutant.tests.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    },
  );

  test('has a name of its own and, with file, tests and who noticed it, a row in test/mutants.md', () => {
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
    const rows = read('test/mutants.md')
      .split('\n')
      .filter((line) => line.startsWith('| '))
      .slice(1)
      .map((line) => line.slice(2, -2).split(/(?<!\\) \| /));
    expect(rows.map(([name, file, tests]) => [name, file, tests])).toEqual(
      MUTANTS.map(({ name, file, tests }) => [name, file, tests.join(' ')]),
    );
    for (const [name, , , by] of rows) expect([name, by]).toEqual([name, expect.stringMatching(/\S/)]);
  });
});

const MUTANT: Mutant = { name: 'sum', file: 'src/sum.ts', find: 'a + b', replace: 'a - $&', tests: ['t.ts'] };

describe('plant', () => {
  test('changes the one place, and takes what it puts there literally', () => {
    expect(plant(MUTANT, 'return a + b;')).toBe('return a - $&;');
  });

  test.each([
    ['is not there', 'return 0;', 0],
    ['is not the only one', 'a + b; a + b', 2],
  ])('throws when the place %s', (_what, source, times) => {
    expect(() => plant(MUTANT, source)).toThrow(`sum: "a + b" occurs ${times} times in src/sum.ts`);
  });
});

describe('judge', () => {
  const report = (...statuses: string[]): Parameters<typeof judge>[0] => ({
    numTotalTests: statuses.length,
    testResults: [
      {
        message: 'SyntaxError: no',
        assertionResults: statuses.map((status, n) => ({ status, fullName: `test ${n}` })),
      },
    ],
  });

  test('a fault is noticed by the first test that fails', () => {
    expect(judge(report('passed', 'failed', 'failed'))).toEqual({ tag: 'noticed', by: 'test 1' });
  });

  test('it survives when tests ran and none failed', () => {
    expect(judge(report('passed', 'skipped'))).toEqual({ tag: 'survived' });
  });

  test('it is broken when nothing ran: no test, or only skipped ones', () => {
    expect(judge(report())).toEqual({ tag: 'broken', detail: 'SyntaxError: no' });
    expect(judge(report('skipped'))).toEqual({ tag: 'broken', detail: 'SyntaxError: no' });
    expect(judge({ numTotalTests: 0, testResults: [] })).toEqual({ tag: 'broken', detail: 'no test ran' });
  });
});

test('the list has a row per fault, and a | in a test’s name does not break it', () => {
  expect(
    table([[MUTANT, 'a | b']])
      .split('\n')
      .at(-2),
  ).toBe('| sum | src/sum.ts | t.ts | a \\| b |');
});
