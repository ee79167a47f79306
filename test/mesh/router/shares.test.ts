/** Who gets how many of many calls by a router, over nodes of a mesh: the wiring around `choose`, and not it alone. */
import { describe, expect, test } from 'vitest';
import type { Node } from '../../../src/node.ts';
import type { StrategyName } from '../../../src/mesh/router/strategy.ts';
import { meshWorld, type MeshWorld } from '../../mesh-world.ts';
import { mesh, serve } from './journey-mesh.ts';

/** Calls of what is judged by shares; fewer where fewer make it harder. */
const CALLS = 10_000;
/** Calls in flight at any time. */
const MANY = 64;
const PROCEDURE = 'm.shared';

interface Shared {
  readonly world: MeshWorld;
  readonly caller: Node;
  /** Runs of the handler, by provider. */
  readonly runs: readonly number[];
}

interface Load {
  readonly calls?: number;
  readonly atOnce?: number;
  readonly strategy?: StrategyName;
}

/** Four nodes that serve one procedure; `handler` is told which of them it is. */
async function four(handler: (world: MeshWorld, at: number) => unknown): Promise<Shared> {
  const world = meshWorld({ poison: false });
  const { caller, others } = await mesh(world, 4);
  const runs = [0, 0, 0, 0];
  await serve(world, others, PROCEDURE, (at) => {
    runs[at]!++;
    return handler(world, at);
  });
  return { world, caller, runs };
}

/** How many of all runs each provider had, of 100; and how many calls were answered. */
async function share(
  { world, caller, runs }: Shared,
  { calls = CALLS, atOnce = MANY, strategy }: Load = {},
): Promise<{ readonly shares: readonly number[]; readonly answered: number }> {
  let [left, answered] = [calls, 0];
  const one = async (): Promise<void> => {
    while (left-- > 0) {
      const result = await caller.tryCall(PROCEDURE, {}, strategy === undefined ? {} : { strategy });
      if (result.ok) answered++;
    }
  };
  await world.settle(Promise.all(Array.from({ length: atOnce }, one)), 600_000);
  return { shares: runs.map((count) => (100 * count) / calls), answered };
}

/** Virtual milliseconds. */
const after = (world: MeshWorld, ms: number): Promise<number> =>
  new Promise((done) => world.clock.setTimer(ms, () => done(ms)));

describe('of calls to four nodes', () => {
  const spreading = ['power_of_two', 'random', 'round_robin', 'least_loaded'] as const;
  test.each(spreading)('%s gives each 20 to 30 of 100', async (strategy) => {
    const { shares, answered } = await share(await four((world) => after(world, 10)), { strategy });
    expect(answered).toBe(CALLS);
    for (const its of shares) {
      expect(its).toBeGreaterThanOrEqual(20);
      expect(its).toBeLessThanOrEqual(30);
    }
  });

  test.each([
    { calls: CALLS, atOnce: MANY },
    // nobody is busy: what it knows of latencies alone decides
    { calls: 1_000, atOnce: 1 },
  ])(
    'the default gives one that takes 50 ms, and not 10, at most 15 of 100, $atOnce at once',
    async (load) => {
      const slow = await four((world, at) => after(world, at === 0 ? 50 : 10));
      const { shares, answered } = await share(slow, load);
      expect(answered).toBe(load.calls);
      expect(shares[0]).toBeLessThanOrEqual(15);
    },
  );

  test.each([
    ['power_of_two', 3_000],
    // which looks at nothing: the breaker alone decides
    ['round_robin', 2_000],
  ] as const)(
    '%s gives one that crashes each time at most 2 of 100, and the others answer the rest',
    async (strategy, calls) => {
      const crashing = await four((world, at) => {
        if (at === 0) throw new Error('it crashes');
        return after(world, 10);
      });
      const { shares, answered } = await share(crashing, { strategy, calls });
      expect(shares[0]).toBeLessThanOrEqual(2);
      // a call that has run does not go to another
      expect(answered).toBe(calls - crashing.runs[0]!);
    },
  );
});

test('calls that nobody has answered yet count: of 400 in one moment each of four nodes has 100', async () => {
  const all = await four((world) => after(world, 10));
  const { shares } = await share(all, { calls: 400, atOnce: 400, strategy: 'least_loaded' });
  expect(shares).toEqual([25, 25, 25, 25]);
});
