/** The goal of a cluster, once; `test/stress/cluster-churn.test.ts` has more seeds, and lists. */
import { expect, test } from 'vitest';
import { churn } from './churn.ts';

test('twenty nodes that find each other are all connected in 5 s, once each, also after half of them died and were replaced', async () => {
  const { formed, joined } = await churn('twenty', 'dht');
  expect(formed).toBeLessThanOrEqual(5_000);
  expect(joined).toBeLessThanOrEqual(10_000);
}, 60_000);
