/**
 * The simulated network makes a whole mesh repeatable: one seed, one history, with every fault on.
 */
import { expect, test } from 'vitest';

import { simulate, type Outcome } from './mesh-simulation.ts';

const run = (seed: string): Promise<Outcome> => simulate({ seed, calls: 300, duration: 20_000 });

test('300 calls under all faults: one seed gives one trace, another seed another one, nothing is violated', async () => {
  const [first, second] = [await run('espalier'), await run('espalier')];
  expect(second).toEqual(first);
  const other = await run('trellis');
  expect(other.trace).not.toBe(first.trace);
  expect(first.violations.concat(other.violations)).toEqual([]);
  expect(first.ended['ok'] ?? 0).toBeGreaterThan(30);
  console.info(JSON.stringify(first.faults), JSON.stringify(first.ended));
});
