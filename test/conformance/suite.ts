/**
 * Cases of OTP's own suites, ported by name (OTP §2).
 *
 * ```ts
 * const { ported, notApplicable } = conformanceSuite('supervisor_SUITE', 88);
 * ported('sup_start_normal', async () => { … });
 * ported(['sup_stop_infinity', 'sup_stop_timeout'], async (name) => { … });
 * notApplicable('stop6', 'names are those of a node');
 * ```
 * A suite may be spread over several test files in its folder: each makes its own `conformanceSuite`. Names that
 * are not in the suite's list, or come twice in a file, throw at once; `coverage.test.ts` looks over all files.
 */
import { describe, expect, test } from 'vitest';
import { SUITES } from './cases/suites.ts';
import { ledger } from './ledger.ts';

export interface ConformanceSuite {
  /**
   * A test of exactly this name. Several names: the body runs once for each, and is told which. A body without
   * an assertion fails. `timeout`: milliseconds of real time, default vitest's.
   */
  ported(
    caseName: string | readonly string[],
    run: (name: string) => Promise<void> | void,
    timeout?: number,
  ): void;
  /** Cases that have no meaning here; the reason is printed. */
  notApplicable(caseName: string | readonly string[], reason: string): void;
}

export function conformanceSuite(name: string, total: number): ConformanceSuite {
  const suite = SUITES.find((each) => each.name === name);
  if (suite === undefined) throw new Error(`no suite ${name}: there are ${SUITES.map((s) => s.name).join()}`);
  if (suite.cases.length !== total || suite.total !== total)
    throw new Error(`${name} has ${suite.cases.length} cases, not ${total}`);
  const told = new Set<string>();
  const tell = (caseName: string | readonly string[], reason: string | undefined): readonly string[] => {
    const names = typeof caseName === 'string' ? [caseName] : caseName;
    for (const each of names) {
      if (!suite.cases.includes(each)) throw new Error(`${name} has no case ${each}`);
      if (told.has(each)) throw new Error(`${name}: ${each} comes twice`);
      told.add(each);
      if (ledger.collecting) ledger.entries.push({ suite: name, name: each, reason });
    }
    return names;
  };
  return {
    ported(caseName, run, timeout) {
      const names = tell(caseName, undefined);
      if (ledger.collecting) return;
      describe(name, () => {
        for (const each of names) {
          test(
            each,
            async () => {
              expect.hasAssertions();
              await run(each);
            },
            timeout,
          );
        }
      });
    },
    notApplicable(caseName, reason) {
      if (reason.trim() === '') throw new Error(`${name}: say why it does not apply`);
      tell(caseName, reason);
    },
  };
}
