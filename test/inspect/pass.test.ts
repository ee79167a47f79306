import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Clock } from '../../src/actor/clock.ts';
import type { Process } from '../../src/actor/process.ts';
import type { Runtime } from '../../src/actor/runtime.ts';
import { childrenOf } from '../../src/actor/tree.ts';
import { lookAt, type Found, type Rows } from '../../src/inspect/pass.ts';
import { IDLE } from '../../src/inspect/rates.ts';
import type { GenServer } from '../../src/otp/gen-server.ts';
import { startSupervisor, supervisor, worker, type SupervisorSpec } from '../../src/otp/supervisor.ts';
import { spawn, world as actorWorld, type World } from '../actor/world.ts';
import { applied, inOrder, NOBODY, standing, type Known } from './known-tree.ts';

const quiet: GenServer<void, number> = { label: 'quiet', init: () => 0 };
const NOTHING = { rows: NOBODY, elapsed: 0 };

/** A clock on which each look at the time takes `step` ms; calls `between` before each slice but the first. */
const slow = (clock: Clock, step: number, between: () => void = () => {}): Clock => {
  let spent = 0;
  return {
    ...clock,
    now: () => clock.now() + (spent += step),
    later: (run) => {
      clock.later(() => {
        between();
        run();
      });
    },
  };
};

const flat = (count: number, restart?: 'temporary'): SupervisorSpec => ({
  strategy: 'oneForOne',
  intensity: 1_000_000,
  period: 1,
  children: Array.from({ length: count }, (_, n) =>
    worker(`w${n}`, quiet, undefined, restart === undefined ? {} : { restart }),
  ),
});

async function tree(world: World, spec: SupervisorSpec): Promise<Process> {
  return (await startSupervisor(world.runtime, spec)).pid as Process;
}

/** Parents are there, and come first; siblings stand in the order in which they come. */
function expectSound({ rows }: Pick<Found, 'rows'>): void {
  expect(inOrder(rows).map(({ id }) => id)).toEqual([...rows.keys()]);
}

describe('lookAt', () => {
  test('finds all there are, parents first, siblings in their order', async () => {
    const world = actorWorld();
    const root = await tree(world, {
      ...flat(3),
      children: [worker('a', quiet, undefined), supervisor('b', flat(4)), worker('c', quiet, undefined)],
    });
    const found = await lookAt(root, NOTHING, world.clock);
    expectSound(found);
    expect([...found.rows.keys()]).toEqual(standing(root).map(String));
    expect(found.added).toEqual([...found.rows.values()]);
    expect([found.removed, found.changed]).toEqual([[], []]);
  });

  test('what it found before is not told again; rates are by the second', async () => {
    const world = actorWorld();
    const root = await tree(world, flat(3));
    const first = await lookAt(root, NOTHING, world.clock);
    expect(await lookAt(root, { rows: first.rows, elapsed: 500 }, world.clock)).toMatchObject({
      added: [],
      removed: [],
      changed: [],
    });
    const [child] = [...childrenOf(root)];
    for (let n = 0; n < 10; n++) world.runtime.send(child!, n);
    await world.clock.settle();
    const then = await lookAt(root, { rows: first.rows, elapsed: 500 }, world.clock);
    expect(then.changed).toEqual([
      expect.objectContaining({ id: String(child), rate: { ...IDLE, in: 20, handled: 20 } }),
    ]);
    const idle = await lookAt(root, { rows: then.rows, elapsed: 500 }, world.clock);
    expect(idle.changed).toEqual([{ id: String(child), rate: IDLE }]);
  });

  test('no message divides by no time', async () => {
    const world = actorWorld();
    const root = await tree(world, flat(1));
    const first = await lookAt(root, NOTHING, world.clock);
    for (const elapsed of [0, -1, Infinity]) {
      const { rows } = await lookAt(root, { rows: first.rows, elapsed }, world.clock);
      for (const { rate } of rows.values()) expect(rate).toEqual(IDLE);
    }
  });

  test('who looks does not count as busy, nor what is below it', async () => {
    const world = actorWorld();
    const root = await tree(world, {
      ...flat(0),
      children: [supervisor('own', flat(2)), worker('x', quiet, undefined)],
    });
    const [own, other] = [...childrenOf(root)];
    const { rows } = await lookAt(root, NOTHING, world.clock, { own });
    const busy = (process: Process | undefined): boolean | undefined => rows.get(String(process))?.busy;
    expect([busy(root), busy(own), ...[...childrenOf(own!)].map(busy), busy(other)]).toEqual([
      true,
      false,
      false,
      false,
      true,
    ]);
    expect((await lookAt(own!, NOTHING, world.clock, { own })).rows.get(String(own))?.busy).toBe(false);
  });

  test('gives the others a turn after some milliseconds, and ends with its signal', async () => {
    const world = actorWorld();
    const root = await tree(world, flat(1_000));
    let slices = 0;
    const found = await lookAt(
      root,
      NOTHING,
      slow(world.clock, 1, () => slices++),
    );
    expect(found.rows.size).toBe(1_001);
    // 32 rows between two looks at the clock, 4 ms a slice, a ms for each look
    expect(slices).toBeGreaterThanOrEqual(5);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(lookAt(root, NOTHING, world.clock, { signal })).rejects.toThrow('enough');
  });

  test('who dies between two slices is nowhere, and nobody stands after it', async () => {
    const world = actorWorld();
    const root = await tree(world, flat(200, 'temporary'));
    const children = [...childrenOf(root)];
    let once = false;
    const found = await lookAt(
      root,
      NOTHING,
      slow(world.clock, 9, () => {
        if (once) return;
        once = true;
        for (const at of [33, 100, 150, 199]) world.runtime.exit(children[at]!, 'kill');
      }),
    );
    expectSound(found);
    expect(found.rows.size).toBe(197);
    expectSound(await lookAt(root, { rows: found.rows, elapsed: 1 }, world.clock));
  });

  test('who loses its parent between two slices is out of the tree', async () => {
    const { runtime, clock } = actorWorld();
    const root = spawn(runtime);
    const parent = spawn(runtime, undefined, { parent: root, linked: false });
    for (let n = 0; n < 100; n++) spawn(runtime, undefined, { parent, linked: false });
    let killed = false;
    const found = await lookAt(
      root,
      NOTHING,
      slow(clock, 9, () => {
        if (!killed) runtime.exit(parent, 'kill');
        killed = true;
      }),
    );
    expect(killed).toBe(true);
    // what was seen before stays until the next look; nothing of it stands at the top
    expectSound(found);
    expect([...(await lookAt(root, { rows: found.rows, elapsed: 1 }, clock)).rows.keys()]).toEqual([
      String(root),
    ]);
  });

  test('a dead top is crashed and alone', async () => {
    const { runtime, clock } = actorWorld();
    const root = spawn(runtime);
    runtime.exit(root, 'kill');
    const { rows } = await lookAt(root, NOTHING, clock);
    expect([...rows.values()]).toEqual([expect.objectContaining({ id: String(root), status: 'crashed' })]);
  });
});

/** Something that happens to a tree while it is looked at. */
type Blow = { readonly kill: number } | { readonly send: number };
const blows: fc.Arbitrary<Blow[]> = fc.array(
  fc.oneof(fc.record({ kill: fc.nat(1_000) }), fc.record({ send: fc.nat(1_000) })),
  { maxLength: 12 },
);

const strike = (runtime: Runtime, root: Process, blow: Blow): void => {
  // not the top: a tree without one is looked at elsewhere
  const all = standing(root).slice(1);
  const at = 'kill' in blow ? blow.kill : blow.send;
  const target = all[at % all.length];
  if (target === undefined) return;
  if ('kill' in blow) runtime.exit(target, 'kill');
  else runtime.send(target, 'hello');
};

describe('a tree that changes while it is looked at', () => {
  test('never breaks a look: each is sound, deltas lead from one to the next, and the last is the true tree', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(blows, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 9 }),
        async (rounds, step) => {
          const world = actorWorld();
          const root = await tree(world, {
            strategy: 'restForOne',
            intensity: 1_000_000,
            period: 1,
            children: [
              supervisor('one', { ...flat(70), strategy: 'oneForAll' }),
              worker('w', quiet, undefined),
              supervisor('two', { ...flat(60), strategy: 'restForOne' }),
              supervisor('three', { ...flat(0), children: [supervisor('deep', flat(40))] }),
            ],
          });
          let rows: Rows = NOBODY;
          let known: Known = NOBODY;
          for (const [index, round] of [...rounds, []].entries()) {
            const left = [...round];
            // in the last one nothing happens, nor goes on
            if (left.length === 0) await world.clock.settle();
            const found = await lookAt(
              root,
              { rows, elapsed: 100 },
              slow(world.clock, step, () => {
                const blow = left.shift();
                if (blow !== undefined) strike(world.runtime, root, blow);
              }),
            );
            expectSound(found);
            known = applied(known, { seq: index, at: 0, ...found });
            expect(known).toEqual(found.rows);
            expect(inOrder(known)).toEqual([...found.rows.values()]);
            rows = found.rows;
          }
          expect([...known.keys()].toSorted()).toEqual(standing(root).map(String).toSorted());
          expect(inOrder(known).map(({ id }) => id)).toEqual(standing(root).map(String));
        },
      ),
      { numRuns: 40 },
    );
  });

  test('ten thousand actors of which every tenth dies meanwhile', async () => {
    const world = actorWorld();
    const root = await tree(world, flat(10_000));
    const children = [...childrenOf(root)];
    let at = 0;
    const found = await lookAt(
      root,
      NOTHING,
      slow(world.clock, 1, () => {
        for (let n = 0; n < 10; n++, at += 10) {
          const child = children[at];
          if (child !== undefined) world.runtime.exit(child, 'kill');
        }
      }),
    );
    expectSound(found);
    await world.clock.settle();
    const later = await lookAt(root, { rows: found.rows, elapsed: 1 }, world.clock);
    expectSound(later);
    expect(later.rows.size).toBe(10_001);
    expect([...later.rows.keys()]).toEqual(standing(root).map(String));
  });
});
