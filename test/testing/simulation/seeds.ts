/**
 * One simulated mesh of twenty nodes through a minute of faults, as a test: no invariant is violated.
 *
 * The seeds are in three files: a thread takes the next one when it is free.
 */
import { expect, test } from 'vitest';

import { simulate, type SimulationReport } from '../../../src/testing/simulation/simulate.ts';

/** Real milliseconds for one run, on a machine that has other things to do. */
export const LIMIT = 60_000;

/** Gives the reports, by seed, as they come. */
export function testSeeds(seeds: readonly string[]): ReadonlyMap<string, SimulationReport> {
  const reports = new Map<string, SimulationReport>();
  test.each(seeds)(
    '%s: 20 nodes, 4 clients and a minute of faults violate no invariant',
    async (seed) => {
      const report = await simulate({ seed, nodes: 20 });
      reports.set(seed, report);
      expect(report.violations, report.outcomes.join('')).toEqual([]);
      expect(report.counts.calls['ok']).toBeGreaterThan(50);
      expect(report.counts.faults['split'] ?? 0).toBe(report.configuration.split > 0 ? 1 : 0);
    },
    LIMIT,
  );
  return reports;
}
