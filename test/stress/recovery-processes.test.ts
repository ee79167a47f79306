/** 20 of 20: a node, a provider or a caller is killed without a word, and started again. */
import { expect, test } from 'vitest';
import { describeFigures, killProcesses } from '../recovery/processes.ts';

/** Milliseconds after its return (RELIABILITY §9). */
const LIMIT = 5_000;
const RUNS = 20;

test.concurrent.each(['node', 'provider', 'caller'] as const)(
  `a %s is killed and started again, ${RUNS} times: each time all works again within ${LIMIT} ms`,
  async (which) => {
    // every fifth stays away for 3 s
    const away = (run: number): number => (run % 5 === 4 ? 3_000 : 0);
    const figures = await killProcesses(which, { runs: RUNS, away, limit: LIMIT });
    console.log(describeFigures(which, figures));
    expect(figures.took).toHaveLength(RUNS);
    expect(Math.max(...figures.took)).toBeLessThanOrEqual(LIMIT);
  },
);
