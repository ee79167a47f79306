/** Every case of every suite is ported, or there is a reason why not: all of them, each once. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { SUITES } from './cases/suites.ts';
import { coverageOf, ledger } from './ledger.ts';

ledger.collecting = true;
for (const { folder } of SUITES) {
  const path = join(import.meta.dirname, folder);
  const files = existsSync(path) ? readdirSync(path).filter((file) => file.endsWith('.test.ts')) : [];
  for (const file of files) await import(`${join(path, file)}?collected`);
}
ledger.collecting = false;

afterAll(() => {
  ledger.entries.length = 0;
});

describe('coverage', () => {
  for (const { name, total, cases, complete } of SUITES) {
    test(name, ({ task }) => {
      expect(new Set(cases).size).toBe(total);
      const coverage = coverageOf(name, cases, ledger.entries);
      // what `npm run conformance` prints
      Object.assign(task.meta, { conformance: { suite: name, ...coverage } });
      expect(coverage.twice).toEqual([]);
      if (!complete) return;
      expect(coverage.missing).toEqual([]);
      expect(coverage.ported.length + coverage.notApplicable.length).toBe(total);
      expect(coverage.ported.length).toBeGreaterThanOrEqual(0.75 * total);
    });
  }
});
