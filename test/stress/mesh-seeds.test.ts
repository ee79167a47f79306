/**
 * 200 seeds of a small mesh under every fault of the simulated network. A seed that fails is printed with what went
 * wrong and the last events; run it alone with `ESPALIER_SEED=n`. One in twenty runs twice: the same history.
 */
import { expect, test } from 'vitest';

import { simulate, type Outcome } from '../testing/mesh-simulation.ts';

const SEEDS = 200;
const only = process.env['ESPALIER_SEED'];
const seeds = only === undefined ? Array.from({ length: SEEDS }, (_, seed) => String(seed)) : [only];

const run = (seed: string): Promise<Outcome> => simulate({ seed, calls: 100, duration: 10_000 });

test(`${seeds.length} seeds: every call settles once and in time, no handler runs twice, all recovers, nothing leaks`, async () => {
  const failed: string[] = [];
  const [ended, faults]: Record<string, number>[] = [{}, {}];
  const traces = new Set<string>();
  for (const [index, seed] of seeds.entries()) {
    const outcome = await run(seed);
    traces.add(outcome.trace);
    add(ended as Record<string, number>, outcome.ended);
    add(faults as Record<string, number>, outcome.faults);
    if (outcome.violations.length > 0) {
      failed.push(`seed ${seed}: ${outcome.violations.join('; ')}`);
      if (only !== undefined) console.info(outcome.history.join(''));
    }
    if (index % 20 === 0 && (await run(seed)).trace !== outcome.trace)
      failed.push(`seed ${seed}: not repeatable`);
  }
  console.info(`calls ${JSON.stringify(ended)}\nfaults ${JSON.stringify(faults)}`);
  expect(failed).toEqual([]);
  expect(traces.size).toBe(seeds.length);
});

function add(sums: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(more)) sums[name] = (sums[name] ?? 0) + count;
}
