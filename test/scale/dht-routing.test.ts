/**
 * How well a mesh of a thousand finds its way, at rest and when part of it dies on bad lines (RELIABILITY §7). The same
 * with 2,000 lookups each, and ten thousand nodes, is in `npm run soak:sim`.
 */
import { expect, test } from 'vitest';
import { route, type RoutingOptions } from '../sim/routing.ts';

/** Real milliseconds, on a machine that has other things to do. */
const LIMIT = 600_000;

async function expectKept(options: RoutingOptions): Promise<void> {
  const { trace: _, ...report } = await route(options);
  console.info(`${options.seed}: ${JSON.stringify(report)}`);
  expect(report.broken).toEqual([]);
}

test(
  'at rest every lookup of 1,000 nodes finds the closest node, and every record, within log2 N + 2 hops',
  async () => {
    await expectKept({ seed: 'rest', nodes: 1_000, lookups: 200, least: { exact: 1, readable: 1 } });
  },
  LIMIT,
);

test(
  '5 % loss and a fifth dead at once: 99.5 % of the records, 99 % of the closest nodes are found',
  async () => {
    await expectKept({
      seed: 'bad',
      nodes: 500,
      lookups: 400,
      loss: 0.05,
      deaths: 0.2,
      least: { exact: 0.99, readable: 0.995 },
      hops: Infinity,
    });
  },
  LIMIT,
);

test.each([
  { share: 0.1, readable: 0.99 },
  { share: 0.3, readable: 0.9 },
])(
  '1,000 nodes of which $share collude, with ids and networks of their own: the others find $readable of the records',
  async ({ share, readable }) => {
    const least = { exact: 0, readable };
    await expectKept({
      seed: 'colluding',
      nodes: 1_000,
      lookups: 400,
      colluders: share,
      least,
      hops: Infinity,
    });
  },
  LIMIT,
);

test(
  '20 % loss and half of them dead: 95 % of both after two refresh periods',
  async () => {
    await expectKept({
      seed: 'worse',
      nodes: 100,
      lookups: 200,
      loss: 0.2,
      deaths: 0.5,
      refreshes: 2,
      least: { exact: 0.95, readable: 0.95 },
      hops: Infinity,
    });
  },
  LIMIT,
);
