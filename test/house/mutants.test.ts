/** The planted faults themselves: each has one place, tests that exist, and a row in the list. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inTurns, judgeRun, SEEDS } from '../mutants/hunt.ts';
import { judge, plant, table, type Mutant, type PlantedFault } from '../mutants/mutant.ts';
import { MUTANTS } from '../mutants/mutants.ts';
import { SIMULATED } from '../mutants/simulated.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** The cells of one table of test/mutants.md, without its head. */
const rowsOf = (title: string): readonly string[][] =>
  (
    read('test/mutants.md')
      .split('\n## ')
      .find((part) => part.startsWith(title)) ?? ''
  )
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(1)
    .map((line) => line.slice(2, -2).split(/(?<!\\) \| /));

describe('every planted fault', () => {
  const all: readonly PlantedFault[] = [...MUTANTS, ...SIMULATED];

  test.each(all.map((fault) => [fault.name, fault] as const))(
    '%s: changes exactly one place of a source',
    (_name, fault) => {
      const source = read(fault.file);
      expect(source.split(fault.find).length - 1).toBe(1);
      expect(plant(fault, source)).not.toBe(source);
      expect(fault.file).toMatch(/^(src|supervisors)\//);
    },
  );

  test('names tests that are there', () => {
    for (const { name, tests } of MUTANTS) {
      expect(tests.length, name).toBeGreaterThan(0);
      expect(
        tests.filter((path) => !existsSync(join(ROOT, path))),
        name,
      ).toEqual([]);
    }
  });

  test('of RELIABILITY §12.7 is looked for with 200 seeds, and has the one that found it in test/mutants.md', () => {
    expect(SEEDS).toBe(200);
    expect(SIMULATED.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 10, 11, 12]);
    const rows = rowsOf('Found by the simulation');
    expect(rows.map(([number, name, file]) => [number, name, file])).toEqual(
      SIMULATED.map(({ number, name, file }) => [String(number), name, file]),
    );
    for (const [, name, , seed, by] of rows) {
      expect(Number(seed), name).toBeGreaterThan(0);
      expect(Number(seed), name).toBeLessThanOrEqual(SEEDS);
      expect(by, name).toMatch(/^\d+: /);
    }
  });

  test('has a name of its own and, with file, tests and who noticed it, a row in test/mutants.md', () => {
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
    const rows = rowsOf('Noticed by tests');
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

  test('what the test said is kept, for a run that should have been green', () => {
    const failureMessages = ['Error: no credit', 'at streams.ts'];
    const assertionResults = [{ status: 'failed', fullName: 'streams', failureMessages }];
    expect(judge({ numTotalTests: 1, testResults: [{ assertionResults }] })).toEqual({
      tag: 'noticed',
      by: 'streams',
      why: 'Error: no credit\nat streams.ts',
    });
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

describe('judgeRun', () => {
  test('a fault is found by the seed that was run last', () => {
    const out = 'seed 1\nseed 2\nviolated 8: 25 got 2 DOWNs\n';
    expect(judgeRun(out, '', false)).toEqual({ tag: 'found', seed: 2, by: '8: 25 got 2 DOWNs' });
  });

  test('a seed that does not end has found it, too', () => {
    expect(judgeRun('seed 1\nseed 2\n', '', true)).toEqual({
      tag: 'found',
      seed: 2,
      by: 'no end within 60 s',
    });
  });

  test('it is not found when all seeds were sound, and broken when the run ended without a word', () => {
    expect(judgeRun('seed 1\nsound\n', '', false)).toEqual({ tag: 'nothing' });
    expect(judgeRun('', 'SyntaxError', false)).toEqual({ tag: 'broken', detail: 'SyntaxError' });
    expect(judgeRun('seed 1\n', 'gone', false)).toEqual({ tag: 'broken', detail: 'gone' });
  });
});

test('two runs at a time at most, and all of them', async () => {
  let [running, most, ended] = [0, 0, 0];
  const job = async (): Promise<void> => {
    most = Math.max(most, ++running);
    await Promise.resolve();
    running--;
    ended++;
  };
  await inTurns(Array.from({ length: 7 }, () => job));
  expect([most, ended]).toEqual([2, 7]);
});

test('the lists have a row per fault, and a | in a test’s name does not break it', () => {
  const mutant = { ...MUTANT, number: 7, workload: {} };
  const lines = table([[MUTANT, 'a | b']], [{ mutant, seed: 12, by: '20: not found' }]).split('\n');
  expect(lines).toContain('| sum | src/sum.ts | t.ts | a \\| b |');
  expect(lines).toContain('| 7 | sum | src/sum.ts | 12 | 20: not found |');
});
