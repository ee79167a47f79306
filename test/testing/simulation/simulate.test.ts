/**
 * A third of the meshes of `npm test`, and one of them again: one seed is one run.
 */
import { expect, test } from 'vitest';

import { simulate } from '../../../src/testing/simulation/simulate.ts';
import { LIMIT, testSeeds } from './seeds.ts';

const SEEDS = ['1', '2', '3', '4', '5'];

const reports = testSeeds(SEEDS);

test(
  'one seed gives one trace, twice; another seed another one',
  async () => {
    const [seed, other] = SEEDS as [string, string];
    const first = reports.get(seed) ?? (await simulate({ seed, nodes: 20 }));
    const again = await simulate(first.configuration);
    expect(again).toEqual(first);
    expect(again.trace).toMatch(/^[0-9a-f]{64}$/);
    expect(reports.get(other)?.trace).not.toBe(again.trace);
  },
  LIMIT,
);

test('an aborted signal ends it between two steps, with its reason', async () => {
  const run = simulate({ seed: 1, nodes: 2, signal: AbortSignal.abort(new Error('enough')) });
  await expect(run).rejects.toThrow('enough');
});
