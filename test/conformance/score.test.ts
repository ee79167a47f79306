/** What `npm run conformance` says: a case counts when its test ran once and was green. */
import { describe, expect, test } from 'vitest';
import type { SuiteCases } from './cases/suites.ts';
import { coverageOf } from './ledger.ts';
import { isGreen, lines, scores } from './score.ts';
import { conformanceSuite } from './suite.ts';

const SUITE: SuiteCases = {
  name: 'toy_SUITE',
  folder: 'toy',
  total: 4,
  complete: false,
  cases: ['a', 'b', 'c', 'd'],
};
const entry = (name: string, reason?: string) => ({ suite: 'toy_SUITE', name, reason });
const ran = (title: string, status: string) => ({
  status,
  title,
  ancestorTitles: ['', 'toy_SUITE'],
  failureMessages: status === 'failed' ? ['boom\n  at x'] : [],
});

function score(entries: readonly ReturnType<typeof entry>[], tests: readonly ReturnType<typeof ran>[]) {
  const conformance = { suite: 'toy_SUITE', ...coverageOf('toy_SUITE', SUITE.cases, entries) };
  const told = { ...ran('toy_SUITE', 'passed'), ancestorTitles: ['coverage'], meta: { conformance } };
  const [only] = scores([SUITE], { testResults: [{ assertionResults: [told, ...tests] }] });
  return only ?? expect.fail('no score');
}

describe('the score', () => {
  test('all told and green', () => {
    const all = [entry('a'), entry('b'), entry('c', 'part 6'), entry('d', 'no tags')];
    const result = score(all, [ran('a', 'passed'), ran('b', 'passed')]);
    expect(isGreen(result)).toBe(true);
    expect(lines([result])).toEqual([
      'toy_SUITE ported 2/4, passed 2, not applicable 2',
      'not applicable: toy_SUITE c: part 6',
      'not applicable: toy_SUITE d: no tags',
    ]);
  });

  test('red, missing, twice told, skipped and never run are all not green', () => {
    const all = [entry('a'), entry('b'), entry('c')];
    const result = score([...all, entry('c', 'why')], [ran('a', 'failed'), ran('b', 'skipped')]);
    expect(isGreen(result)).toBe(false);
    expect(lines([result]).slice(2)).toEqual([
      'FAILED: toy_SUITE a: boom',
      'FAILED: toy_SUITE b: skipped',
      'FAILED: toy_SUITE c: ran 0 times',
      'MISSING: toy_SUITE d',
      'TWICE: toy_SUITE c',
    ]);
  });

  test('without the coverage test nothing counts', () => {
    const [result] = scores([SUITE], { testResults: [] });
    expect(result).toMatchObject({ ported: 0, passed: 0, missing: SUITE.cases });
  });
});

test('a suite refuses unknown names, names told twice, a wrong total and an empty reason', () => {
  const suite = conformanceSuite('supervisor_SUITE', 88);
  expect(() => suite.notApplicable('no such case', 'why')).toThrow('no case');
  expect(() => suite.notApplicable('child_specs', ' ')).toThrow('say why');
  suite.notApplicable('child_specs', 'why');
  expect(() => suite.notApplicable('child_specs', 'why')).toThrow('twice');
  expect(() => conformanceSuite('supervisor_SUITE', 87)).toThrow('has 88 cases');
  expect(() => conformanceSuite('stdlib_SUITE', 1)).toThrow('no suite');
});
