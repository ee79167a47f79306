/**
 * Every actor of a node's and of a client's tree but the root is killed under load, a fresh world per row. The
 * rows are read off the living trees: a new actor cannot be forgotten.
 */
import { describe, expect, test } from 'vitest';
import { contextOf, meshWorld } from '../mesh-world.ts';
import { allowedFor } from './kill-rows.ts';
import { children, closed, killed, prepare, rowsOf, type Side, type Stage } from './kill-table.ts';

/** Milliseconds. */
const WITHIN = 1_000;

async function stage(): Promise<Stage> {
  const world = meshWorld();
  const { clock } = world;
  const node = await world.node({
    children,
    dist: { cookie: 'secret', name: '9443@here', cluster: { strategy: 'static', nodes: [] } },
  });
  const client = await world.client(node, { children });
  const other = await world.client(node);
  return {
    node,
    client,
    other,
    now: () => clock.now(),
    pass: (ms) => clock.advance(ms),
    sleep: (ms) => new Promise((resolve) => void clock.setTimer(ms, resolve)),
    settle: (promise) => world.settle(promise),
  };
}

const model = await stage();
await prepare(model);
const rows = (['node', 'client'] as const).flatMap((side) =>
  rowsOf(model[side]).map((place) => [side, place] as const),
);

test('the rows are the trees: what everybody knows is among them', () => {
  expect(rows.length).toBeGreaterThanOrEqual(45);
  const places = rows.map(([, place]) => place);
  for (const place of [
    'node/handlers/node.long/Invocation',
    'node/transport/connections/connection',
    'node/app/mine',
    'client/handlers/keeper/server',
    'client/network/peers/uplink',
  ]) {
    expect(places).toContain(place);
  }
});

describe.each(rows)('of a %s %s is killed', (side: Side, place) => {
  test('within 1 s all works again, only calls in the killed part failed, the tree is as drawn', async () => {
    const world = await stage();
    const took = await killed(world, { side, place, allowed: allowedFor(side, place), within: WITHIN });
    expect(took).toBeLessThanOrEqual(WITHIN);
    expect(contextOf(world.node).phase.closing).toBe(false);
    await closed(world);
  });
});
