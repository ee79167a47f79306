import { describe, expect, onTestFinished, test } from 'vitest';
import type { Behavior } from '../../src/actor/behavior.ts';
import type { Clock } from '../../src/actor/clock.ts';
import type { Process } from '../../src/actor/process.ts';
import { childrenOf } from '../../src/actor/tree.ts';
import { INTERVAL, Watch, type WatchHost } from '../../src/inspect/watch.ts';
import type { GenServer } from '../../src/otp/gen-server.ts';
import { startSupervisor, worker } from '../../src/otp/supervisor.ts';
import { spawn, world as actorWorld, type World } from '../actor/world.ts';
import { applied, NOBODY, type Known } from './known-tree.ts';

const quiet: GenServer<void, number> = { label: 'quiet', init: () => 0 };

interface Scene extends World {
  readonly root: Process;
  readonly watch: Watch;
  readonly faults: unknown[];
  /** Looks at the tree that were begun. */
  readonly looks: () => number;
}

async function scene(count = 3, change: (clock: Clock) => Clock = (clock) => clock): Promise<Scene> {
  const world = actorWorld();
  const children = Array.from({ length: count }, (_, n) => worker(`w${n}`, quiet, undefined));
  const started = await startSupervisor(world.runtime, {
    strategy: 'oneForOne',
    intensity: 1_000_000,
    period: 1,
    children,
  });
  const root = started.pid as Process;
  const faults: unknown[] = [];
  let looks = 0;
  const host: WatchHost = {
    clock: change(world.clock),
    root: () => {
      looks++;
      return root;
    },
    fault: (error) => faults.push(error),
  };
  const watch = new Watch(host);
  onTestFinished(() => watch.close());
  return { ...world, root, watch, faults, looks: () => looks };
}

const poke = ({ runtime, root }: Scene, at = 0): void => {
  runtime.send([...childrenOf(root)][at]!, 'hello');
};

describe('Watch', () => {
  test('while nobody watches there is no timer and nothing is looked at, before and after', async () => {
    const { clock, watch, looks } = await scene();
    const before = clock.pending;
    watch.hurry();
    await clock.advance(120_000);
    expect([looks(), clock.pending]).toEqual([0, before]);
    const leave = watch.subscribe(() => undefined);
    await clock.advance(10_000);
    expect([looks(), clock.pending]).toEqual([10, before + 1]);
    leave();
    watch.hurry();
    await clock.advance(120_000);
    expect([looks(), clock.pending]).toEqual([10, before]);
  });

  test('its timer keeps no program alive', async () => {
    const { clock, watch } = await scene();
    const before = clock.held;
    watch.subscribe(() => undefined);
    watch.hurry();
    expect(clock.held).toBe(before);
    await clock.advance(5_000);
    expect(clock.held).toBe(before);
  });

  test('one who asks once gets the tree, and nothing stays', async () => {
    const { clock, watch, looks } = await scene();
    const before = clock.pending;
    const [one, other] = await Promise.all([watch.tree(), watch.tree()]);
    expect(one).toMatchObject({ reset: true, removed: [], changed: [] });
    expect([one.added.length, other.added.length, looks(), clock.pending]).toEqual([4, 4, 1, before]);
  });

  test('looks as often as the most eager wants, within limits, and after something that cannot wait', async () => {
    const { clock, watch, looks } = await scene();
    const slow = watch.subscribe(() => undefined, 1e9);
    await clock.advance(60_000);
    expect(looks()).toBe(1);
    const fast = watch.subscribe(() => undefined, 0);
    await clock.advance(1_000);
    expect(looks()).toBe(1 + 1_000 / INTERVAL.least);
    fast();
    await clock.advance(60_100);
    const then = looks();
    watch.hurry();
    for (let n = 0; n < 100; n++) watch.hurry();
    await clock.advance(250);
    expect(looks()).toBe(then + 1);
    slow();
  });

  test('tells that there is news once for each look that found some', async () => {
    const all = await scene();
    const { clock, watch } = all;
    let news = 0;
    watch.subscribe(() => news++, 1_000);
    const { seq } = await watch.tree();
    const before = news;
    await clock.advance(5_000);
    expect(news).toBe(before);
    poke(all);
    await clock.advance(1_000);
    expect(watch.since(seq)).toMatchObject({ seq: seq + 1, changed: [{ rate: { in: 1, handled: 1 } }] });
    // and that it is idle again
    await clock.advance(5_000);
    expect(news).toBe(before + 2);
    expect(watch.since(seq + 2)).toBe(undefined);
  });

  test('who missed little gets it as one delta, who missed much gets the tree', async () => {
    const all = await scene();
    const { clock, watch, root } = all;
    watch.subscribe(() => undefined, 1_000);
    const tree = await watch.tree();
    let known: Known = applied(NOBODY, tree);
    const busy = async (rounds: number): Promise<void> => {
      for (let n = 0; n < rounds; n++) {
        poke(all, n % 3);
        if (n % 5 === 0) all.runtime.exit([...childrenOf(root)][n % 3]!, 'kill');
        await clock.advance(1_000);
      }
    };
    await busy(10);
    const little = watch.since(tree.seq)!;
    expect([little.reset, little.seq]).toEqual([undefined, tree.seq + 10]);
    known = applied(known, little);
    await busy(40);
    const much = watch.since(little.seq)!;
    expect(much.reset).toBe(true);
    known = applied(known, much);
    const truth = await watch.tree();
    expect([...known.keys()]).toEqual(truth.added.map(({ id }) => id));
    expect(watch.since(-1)).toMatchObject({ reset: true });
  });

  test('no more than 4,000 rows are made one: who missed more gets the tree, who missed one look gets that', async () => {
    const all = await scene(3_000);
    const { clock, watch, root, runtime } = all;
    watch.subscribe(() => undefined, 1_000);
    const tree = await watch.tree();
    const busy = async (count: number): Promise<void> => {
      for (const child of [...childrenOf(root)].slice(0, count)) runtime.send(child, 1);
      await clock.advance(1_000);
    };
    await busy(1_900);
    // and that they are idle again
    await clock.advance(1_000);
    expect(watch.since(tree.seq)).toMatchObject({ seq: tree.seq + 2 });
    expect(watch.since(tree.seq)?.changed).toHaveLength(1_900);
    await busy(3_000);
    expect(watch.since(tree.seq)?.reset).toBe(true);
    expect(watch.since(tree.seq + 2)?.changed).toHaveLength(3_000);
  });

  test('a look that fails is told and the next one is made', async () => {
    const { clock, watch, runtime, root, faults } = await scene();
    let broken = false;
    const behavior: Behavior = {
      type: 'Test',
      receive: () => undefined,
      inspect: () => {
        if (broken) throw new Error('not now');
        return {};
      },
    };
    runtime.activate(runtime.spawn(behavior, { parent: root, linked: false }));
    let news = 0;
    watch.subscribe(() => news++, 1_000);
    await watch.tree();
    broken = true;
    await clock.advance(3_000);
    expect(faults).toHaveLength(3);
    broken = false;
    const before = news;
    spawn(runtime, undefined, { parent: root, linked: false });
    await clock.advance(1_000);
    expect([faults.length, news]).toEqual([3, before + 1]);
  });

  test('what goes wrong at one who watches is not the others trouble', async () => {
    const all = await scene();
    const { clock, watch, faults } = all;
    let news = 0;
    watch.subscribe(() => {
      throw new Error('mine');
    }, 1_000);
    watch.subscribe(() => news++, 1_000);
    await clock.advance(1_000);
    expect([faults.length, news]).toEqual([1, 1]);
    poke(all);
    await clock.advance(1_000);
    expect([faults.length, news]).toEqual([2, 2]);
  });

  test('who asks for the tree while all others leave gets all of it', async () => {
    let leave = (): void => {};
    // each slice has a row or two: the last watcher leaves between two of them
    const sliced = (clock: Clock): Clock => {
      let spent = 0;
      return {
        ...clock,
        now: () => clock.now() + (spent += 9),
        later: (run) => {
          clock.later(() => {
            leave();
            run();
          });
        },
      };
    };
    const { watch } = await scene(200, sliced);
    leave = watch.subscribe(() => undefined, 1_000);
    const tree = await watch.tree();
    expect(tree.added).toHaveLength(201);
    expect(watch.since(tree.seq)).toBe(undefined);
  });

  test('one who comes while the look of another is under way gets the tree', async () => {
    let between = (): void => {};
    const sliced = (clock: Clock): Clock => {
      let spent = 0;
      return {
        ...clock,
        now: () => clock.now() + (spent += 9),
        later: (run) => {
          clock.later(() => {
            between();
            run();
          });
        },
      };
    };
    const all = await scene(200, sliced);
    const { watch } = all;
    const first = watch.subscribe(() => undefined, 1_000);
    let second: Promise<unknown> | undefined;
    between = () => {
      if (second !== undefined) return;
      first();
      watch.subscribe(() => undefined, 1_000);
      second = watch.tree();
    };
    await watch.tree();
    const tree = (await second) as Awaited<ReturnType<Watch['tree']>>;
    expect(tree.added).toHaveLength(201);
    expect(tree.reset).toBe(true);
  });

  test('closed, it tells nobody anything', async () => {
    const { clock, watch, faults } = await scene();
    const before = clock.pending;
    let news = 0;
    watch.subscribe(() => news++, 1_000);
    watch.close();
    await clock.advance(10_000);
    await expect(watch.tree()).rejects.toThrow('closed');
    expect([news, clock.pending, faults]).toEqual([0, before, []]);
  });

  test('a tree that has ended is told as such', async () => {
    const { clock, watch, runtime, root } = await scene();
    watch.subscribe(() => undefined, 1_000);
    const { seq } = await watch.tree();
    expect(watch.over).toBe(false);
    runtime.exit(root, 'kill');
    await clock.advance(1_000);
    expect(watch.over).toBe(true);
    expect(watch.since(seq)).toMatchObject({ changed: [{ id: String(root), status: 'crashed' }] });
    expect(watch.since(seq)?.removed).toHaveLength(3);
  });
});
