/**
 * Meshes with stations and NATs, as those of `npm test` without: no invariant is violated, and one seed is one run.
 */
import { expect, test } from 'vitest';

import { simulate } from '../../../src/testing/simulation/simulate.ts';
import { LIMIT } from './seeds.ts';

const SEEDS = ['nat 1', 'nat 2', 'nat 3', 'nat 4'];
/** Fewer than elsewhere: the calls through stations are what counts. */
const SMALL = { nodes: 10, clients: 3, nat: true } as const;

test.each(SEEDS)(
  '%s: 10 nodes, 3 clients, stations, NATs and a minute of faults violate no invariant',
  async (seed) => {
    const report = await simulate({ ...SMALL, seed });
    expect(report.violations, report.outcomes.join('')).toEqual([]);
    expect(report.counts.calls['ok']).toBeGreaterThan(40);
  },
  LIMIT,
);

test(
  'one seed with NATs gives one trace, twice',
  async () => {
    const short = { ...SMALL, duration: 10_000 };
    const first = await simulate({ ...short, seed: 'twice' });
    expect(await simulate(first.configuration)).toEqual(first);
    expect((await simulate({ ...short, seed: 'twice', nat: false })).trace).not.toBe(first.trace);
  },
  LIMIT,
);
