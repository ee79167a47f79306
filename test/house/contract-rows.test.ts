/**
 * Every built row of docs/from-macula.md has its contract test, and every contract test its built row.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { problemsOf, readPage } from '../contract/rows.ts';

const FOLDER = 'test/contract';

describe('the contract page and its tests', () => {
  const page = readFileSync('docs/from-macula.md', 'utf8');
  const files = new Map(
    readdirSync(FOLDER)
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => [name, readFileSync(join(FOLDER, name), 'utf8')]),
  );

  test('say the same', () => {
    expect(problemsOf(page, files)).toEqual([]);
  });

  test('are read whole: the page has rows of every guide, most of which are built or planned', () => {
    const { rows } = readPage(page);
    expect(rows.length).toBeGreaterThan(300);
    expect(new Set(rows.map(({ guide }) => guide))).toEqual(new Set(['000', '001', '002', '003', '004']));
    expect(rows.filter(({ state }) => state === 'built').length).toBeGreaterThan(90);
  });
});

describe('the judgment', () => {
  const page = (...rows: readonly string[]): string =>
    [
      'Text before the tables.',
      '## Guide 000: calls',
      '| id | guide | ours | difference and why | state |',
      '|---|---|---|---|---|',
      ...rows,
      '## Named by the guides',
    ].join('\n');
  const row = (id: string, state = 'built'): string =>
    `| ${id} | it says \`a \\| b\` | ours | same | ${state} |`;
  const source = (...names: readonly string[]): string =>
    names.map((name) => `test('${name}', () => {\n  expect(1).toBe(1);\n});\n`).join('\n');
  const judged = (text: string, sources: Readonly<Record<string, string>>): readonly string[] =>
    problemsOf(text, new Map(Object.entries(sources)));

  test('a page and tests that agree have no problem', () => {
    const text = page(row('000-one'), row('000-two', 'part 4'), row('000-three'));
    expect(judged(text, { 'guide-000.test.ts': source('000-one: a', '000-three: it is `so`') })).toEqual([]);
    const apart = {
      'guide-000-b.test.ts': source('000-one: a'),
      'guide-000.test.ts': source('000-three: b'),
    };
    expect(judged(text, apart)).toEqual([]);
  });

  test('a built row without a test', () => {
    const text = page(row('000-one'), row('000-two'));
    expect(judged(text, { 'guide-000.test.ts': source('000-one: a') })).toEqual([
      '000-two is built and has no test',
    ]);
    const commented = `${source('000-one: a')}// test('000-two: b', () => {});\n/*\n * test('000-two: b'\n */`;
    expect(judged(text, { 'guide-000.test.ts': commented })).toEqual(['000-two is built and has no test']);
    for (const left of ['test.skip', 'it.todo', 'test.skipIf(true)']) {
      const problems = judged(text, {
        'guide-000.test.ts': `${source('000-one: a')}\n${left}('000-two: b', () => {});`,
      });
      expect(problems).toContain('000-two is built and has no test');
      expect(problems[0]).toMatch(/leaves tests out$/);
    }
  });

  test('a test of a row that does not exist, or is not built', () => {
    const text = page(row('000-one'), row('000-two', 'part 4'));
    const tests = source('000-one: a', '000-two: b', '000-gone: c');
    expect(judged(text, { 'guide-000.test.ts': tests })).toEqual([
      'guide-000.test.ts: 000-two is part 4, not built',
      'guide-000.test.ts: 000-gone is not a row',
    ]);
  });

  test('a test that names no row, or has no name to read', () => {
    const tests = `${source('000-one: a', 'something else', '000-one')}\ntest(name, () => {});`;
    expect(judged(page(row('000-one')), { 'guide-000.test.ts': tests })).toEqual([
      'guide-000.test.ts: "something else" does not begin with a row\'s id',
      'guide-000.test.ts: "000-one" does not begin with a row\'s id',
      'guide-000.test.ts: "…" does not begin with a row\'s id',
    ]);
    expect(judged(page(), { 'guide-000.test.ts': '' })).toEqual(['guide-000.test.ts: has no test of a row']);
  });

  test('two rows of one id, two tests of one row', () => {
    const tests = { 'guide-000.test.ts': source('000-one: a') };
    expect(judged(page(row('000-one'), row('000-one', 'part 4')), tests)).toContain(
      'line 6: 000-one is there twice',
    );
    const twice = { ...tests, 'guide-000-b.test.ts': source('000-one: again') };
    expect(judged(page(row('000-one')), twice)).toEqual([
      'guide-000-b.test.ts: 000-one has a test in guide-000.test.ts already',
    ]);
  });

  test('tests in another order than the page, or in the file of another guide', () => {
    const text = page(row('000-one'), row('000-two'));
    expect(judged(text, { 'guide-000.test.ts': source('000-two: b', '000-one: a') })).toEqual([
      'guide-000.test.ts: 000-one does not come in the order of the page',
    ]);
    expect(judged(text, { 'guide-001.test.ts': source('000-one: a', '000-two: b') })).toEqual([
      'guide-001.test.ts: 000-one is of another guide',
      'guide-001.test.ts: 000-two is of another guide',
    ]);
  });

  test('a row that is not one: its cells, its id, its state', () => {
    const tests = { 'guide-000.test.ts': source('000-one: a') };
    const problems = (line: string): readonly string[] => judged(page(row('000-one'), line), tests);
    expect(problems('| 000-two | says a | b | ours | same | part 4 |')).toEqual([
      'line 6: 000-two has 6 cells',
    ]);
    expect(problems(row('001-two', 'part 4'))).toEqual(['line 6: 001-two is no id of guide 000']);
    expect(problems(row('Two', 'part 4'))).toEqual(['line 6: Two is no id of guide 000']);
    expect(problems(row('000-two', 'soon'))).toEqual(['line 6: 000-two has the state "soon"']);
  });
});
