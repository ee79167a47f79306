/**
 * Every rule of docs/inspector-security.md has its tests, and every rule of the sources its row.
 */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

/** Rows that there must be; the page may have more of each. */
const SOURCES = [
  ...Array.from({ length: 9 }, (_, at) => `SECURITY §11.${at + 1}`),
  'SECURITY §12',
  'SECURITY §13',
  'INSPECTOR §5',
];

interface Row {
  readonly source: string;
  readonly tests: readonly { readonly file: string; readonly name: string }[];
}

/** A cell of tests is `` `file`: name; `file`: name ``: a name may hold a semicolon. */
function rowsOf(page: string): readonly Row[] {
  const rows: Row[] = [];
  for (const line of page.split('\n')) {
    const [, source = '', , tests = ''] = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    if (!/^(SECURITY|INSPECTOR) §/.test(source)) continue;
    rows.push({
      source,
      tests: [...tests.matchAll(/`(test\/[^`]+)`: (.+?)(?=; `test\/|$)/g)].map(
        ([, file = '', name = '']) => ({ file, name }),
      ),
    });
  }
  return rows;
}

function problemsOf(page: string, read: (file: string) => string | undefined): readonly string[] {
  const problems: string[] = [];
  const rows = rowsOf(page);
  for (const source of SOURCES)
    if (!rows.some((row) => row.source === source)) problems.push(`${source} has no row`);
  for (const { source, tests } of rows) {
    if (!SOURCES.includes(source)) problems.push(`${source} is no source`);
    if (tests.length === 0) problems.push(`a row of ${source} has no test`);
    for (const { file, name } of tests)
      if (read(file)?.includes(`'${name}'`) !== true) problems.push(`${file} has no test "${name}"`);
  }
  return problems;
}

const file = (name: string): string | undefined =>
  existsSync(name) ? readFileSync(name, 'utf8') : undefined;

describe('the rules of the inspector and their tests', () => {
  const page = readFileSync('docs/inspector-security.md', 'utf8');

  test('say the same', () => {
    expect(problemsOf(page, file)).toEqual([]);
  });

  test('are read whole', () => {
    const rows = rowsOf(page);
    expect(rows.length).toBe(page.split('\n').filter((line) => line.startsWith('| ')).length - 1);
    const named = rows.flatMap(({ tests }) => tests);
    expect(named.length).toBe([...page.matchAll(/`test\/[^`]+\.test\.ts`/g)].length);
  });

  test('a row without a test, a test that is gone, a source that is missing or unknown are told', () => {
    const row = (source: string, tests: string): string => `| ${source} | a rule | ${tests} |`;
    const all = SOURCES.map((source) => row(source, '`test/a.test.ts`: it is; so; `test/b.test.ts`: x'));
    const texts: Record<string, string> = {
      'test/a.test.ts': "test('it is; so', …",
      'test/b.test.ts': "'x'",
    };
    const judged = (lines: readonly string[]) => problemsOf(lines.join('\n'), (name) => texts[name]);
    expect(judged(all)).toEqual([]);
    expect(judged(all.slice(1))).toEqual(['SECURITY §11.1 has no row']);
    expect(judged([...all, row('SECURITY §13', 'none')])).toEqual(['a row of SECURITY §13 has no test']);
    expect(judged([...all, row('SECURITY §14', '`test/b.test.ts`: y')])).toEqual([
      'SECURITY §14 is no source',
      'test/b.test.ts has no test "y"',
    ]);
  });
});
