/** The kill table over real QUIC: every actor of a node's and of a client's tree but the root, under load. */
import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../src/actor/logger.ts';
import { Runtime } from '../../src/actor/runtime.ts';
import { connect, startNode } from '../../src/node.ts';
import { allowedFor } from '../recovery/kill-rows.ts';
import { children, closed, killed, prepare, rowsOf, type Side, type Stage } from '../recovery/kill-table.ts';

/** Milliseconds: 1 s, and what a loaded machine may add. */
const WITHIN = 3_000;

const logger = silentLogger;

async function stage(): Promise<Stage> {
  const runtime = (): Runtime => new Runtime({ logger });
  const node = await startNode({ listen: '127.0.0.1:0', runtime: runtime(), children });
  const client = await connect(node.url, { runtime: runtime(), children });
  const other = await connect(node.url, { runtime: runtime() });
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));
  return {
    node,
    client,
    other,
    now: () => performance.now(),
    pass: sleep,
    sleep,
    settle: (promise) => promise,
  };
}

const model = await stage();
await prepare(model);
const rows = (['node', 'client'] as const).flatMap((side) =>
  rowsOf(model[side]).map((place) => [side, place] as const),
);
await closed(model);

const took: number[] = [];

describe.concurrent.each(rows)('of a %s %s is killed', (side: Side, place) => {
  test('all works again, only calls in the killed part failed, the tree is as drawn', async () => {
    const world = await stage();
    took.push(await killed(world, { side, place, allowed: allowedFor(side, place), within: WITHIN }));
    await closed(world);
  });
});

test('the figures', () => {
  const sorted = took.toSorted((a, b) => a - b).map(Math.round);
  console.log(
    `kill table: ${sorted.length} rows, median ${sorted[sorted.length >> 1]} ms, most ${sorted.at(-1)} ms`,
  );
  expect(sorted.length).toBe(rows.length);
});
