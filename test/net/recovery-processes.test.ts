/** SIGKILL of a node, a provider or a caller, and its restart; 20 of each are in `test/stress`. */
import { expect, test } from 'vitest';
import { describeFigures, killProcesses } from '../recovery/processes.ts';

/** With the key it had, and with a fresh one. */
const RUNS = 2;
/** Milliseconds after its return (RELIABILITY §9). */
const LIMIT = 5_000;

test.concurrent.each(['node', 'provider', 'caller'] as const)(
  'a %s that is killed and started again is used again, and nobody did anything',
  async (which) => {
    const figures = await killProcesses(which, { runs: RUNS, away: () => 0, limit: LIMIT });
    console.log(describeFigures(which, figures));
    expect(figures.took).toHaveLength(RUNS);
    expect(Math.max(...figures.took)).toBeLessThanOrEqual(LIMIT);
  },
);
