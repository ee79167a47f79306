/**
 * Twenty nodes of a cluster by seed, of a list and by the DHT: `ESPALIER_SEED=a,b npx vitest run --project scale
 * test/scale/cluster-churn.test.ts`.
 */
import { describe, expect, test } from 'vitest';
import { churn } from '../dist/cluster/churn.ts';

const SEEDS = (process.env['ESPALIER_SEED'] ?? 'a,b,c').split(',');

describe.each(SEEDS)('seed %s', (seed) => {
  test.each(['static', 'dht'] as const)(
    '%s: all are connected in 5 s, once each, also after half of them died and were replaced',
    async (strategy) => {
      const { formed, joined } = await churn(seed, strategy);
      console.info(
        `${strategy}, seed ${seed}: full in ${formed} ms; half died: the new ones joined in ${joined} ms`,
      );
      expect(formed).toBeLessThanOrEqual(5_000);
    },
  );
});
