/** What vitest's report says of the ported suites, and how it is printed. Pure. */
import type { SuiteCases } from './cases/suites.ts';
import type { Coverage } from './ledger.ts';

export interface TestReport {
  readonly testResults: readonly {
    readonly name?: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly title: string;
      readonly ancestorTitles: readonly string[];
      readonly failureMessages: readonly string[];
      readonly meta?: { readonly conformance?: Coverage & { readonly suite: string } };
    }[];
  }[];
}

export interface Score {
  readonly suite: string;
  readonly total: number;
  readonly ported: number;
  readonly passed: number;
  readonly notApplicable: Coverage['notApplicable'];
  readonly failed: readonly { readonly name: string; readonly why: string }[];
  /** Neither ported nor told why not. */
  readonly missing: readonly string[];
  /** Told of twice. */
  readonly twice: readonly string[];
}

/** One score per suite. A case passes when its test ran, once, and was green. */
export function scores(suites: readonly SuiteCases[], report: TestReport): readonly Score[] {
  const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  return suites.map(({ name: suite, total, cases }) => {
    const coverage = tests.map(({ meta }) => meta?.conformance).find((found) => found?.suite === suite);
    const ported = coverage?.ported ?? [];
    const failed: { name: string; why: string }[] = [];
    for (const name of ported) {
      const runs = tests.filter(
        ({ title, ancestorTitles }) => title === name && ancestorTitles.includes(suite),
      );
      const red = runs.find(({ status }) => status !== 'passed');
      if (runs.length !== 1) failed.push({ name, why: `ran ${runs.length} times` });
      else if (red !== undefined) failed.push({ name, why: red.failureMessages[0] ?? red.status });
    }
    return {
      suite,
      total,
      ported: ported.length,
      passed: ported.length - failed.length,
      notApplicable: coverage?.notApplicable ?? [],
      failed,
      missing: coverage?.missing ?? cases,
      twice: coverage?.twice ?? [],
    };
  });
}

export const isGreen = ({ failed, missing, twice }: Score): boolean =>
  failed.length === 0 && missing.length === 0 && twice.length === 0;

/** A line a suite, then what is not applicable, and what is wrong. */
export function lines(all: readonly Score[]): readonly string[] {
  return [
    ...all.map(
      ({ suite, ported, total, passed, notApplicable }) =>
        `${suite} ported ${ported}/${total}, passed ${passed}, not applicable ${notApplicable.length}`,
    ),
    ...all.flatMap(({ suite, notApplicable }) =>
      notApplicable.map(({ name, reason }) => `not applicable: ${suite} ${name}: ${reason}`),
    ),
    ...all.flatMap(({ suite, failed, missing, twice }) => [
      ...failed.map(({ name, why }) => `FAILED: ${suite} ${name}: ${why.split('\n')[0]}`),
      ...missing.map((name) => `MISSING: ${suite} ${name}`),
      ...twice.map((name) => `TWICE: ${suite} ${name}`),
    ]),
  ];
}
