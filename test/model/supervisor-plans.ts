/**
 * Random children, trees and commands.
 */
import fc from 'fast-check';
import type { DynamicPlan } from './dynamic-supervisor-model.ts';
import type { ChildPlan, End, Limits, Outcome, Request, Supervision, TreePlan } from './supervision-model.ts';
import { Does, Fails, Kill, Pass, Plan, Stop } from './supervisor-commands.ts';
import type { SupervisorWorld } from './supervisor-world.ts';

const PERIOD = 1_000;
const COMMANDS = 30;
const IDS = ['a', 'b', 'c', 'd'];

/** A child, or one there may be. */
const anybody = fc.constantFrom(...IDS, 'x');

const outcomes = fc.array(fc.constantFrom<Outcome>('ok', 'error', 'error', 'crash', 'ignore'), {
  minLength: 1,
  maxLength: 4,
});

const child = (auto: boolean, ids: fc.Arbitrary<string>): fc.Arbitrary<ChildPlan> =>
  fc
    .record({
      id: ids,
      // only those that may be given up can be significant
      restart: fc.constantFrom<ChildPlan['restart']>(
        'permanent',
        auto ? 'transient' : 'permanent',
        'transient',
        'temporary',
      ),
      significant: fc.constantFrom(true, true, true, false),
      style: fc.constantFrom<ChildPlan['style']>(
        'plain',
        'plain',
        'obey',
        'linger',
        'stubborn',
        'refuse',
        'branch',
      ),
      shutdown: fc.constantFrom<ChildPlan['shutdown']>(5_000, Infinity, 'brutalKill', 5),
      startup: fc.constantFrom(0, 0, 0, 7),
    })
    .map((plan) => ({
      ...plan,
      significant: auto && plan.significant && plan.restart !== 'permanent',
      // one that never goes is waited for in vain, and a supervisor starts at once
      shutdown: plan.style === 'stubborn' && plan.shutdown === Infinity ? 20 : plan.shutdown,
      startup: plan.style === 'branch' ? 0 : plan.startup,
    }));

const limits: fc.Arbitrary<Limits> = fc.record({
  auto: fc.constantFrom<Limits['auto']>(
    'never',
    'never',
    'anySignificant',
    'allSignificant',
    'allSignificant',
  ),
  intensity: fc.constantFrom(0, 1, 2, 3, 5, 8),
  period: fc.constant(PERIOD),
});

export const tree: fc.Arbitrary<TreePlan> = limits.chain((given) =>
  fc
    .record({
      strategy: fc.constantFrom<TreePlan['strategy']>('oneForOne', 'oneForAll', 'restForOne'),
      all: fc.tuple(...IDS.map((id) => child(given.auto !== 'never', fc.constant(id)))),
      size: fc.nat({ max: IDS.length }),
    })
    .map(({ strategy, all, size }) => ({ ...given, strategy, children: all.slice(0, size) })),
);

/** What a supervisor is changed to: other limits, and some of the children there may be, in any order. */
const change: fc.Arbitrary<Request> = fc
  .tuple(tree, fc.constantFrom(PERIOD / 2, PERIOD, 3 * PERIOD), fc.shuffledSubarray([0, 1, 2, 3]))
  .map(([{ children, ...options }, period, order]) => ({
    tag: 'update',
    tree: {
      ...options,
      period,
      // who runs may be one that never goes, and would be waited for in vain
      children: order
        .flatMap((at) => children[at] ?? [])
        .map((plan) => ({
          ...plan,
          shutdown: plan.shutdown === Infinity ? 5_000 : plan.shutdown,
        })),
    },
  }));

export const dynamic: fc.Arbitrary<DynamicPlan> = limits.chain((given) =>
  fc.record({
    ...(Object.fromEntries(Object.entries(given).map(([key, value]) => [key, fc.constant(value)])) as {
      [Key in keyof Limits]: fc.Arbitrary<Limits[Key]>;
    }),
    maxChildren: fc.constantFrom(1, 2, 4, Infinity, Infinity),
    template: fc.option(child(given.auto !== 'never', fc.constant('template')), { nil: undefined, freq: 1 }),
  }),
);

/** What starts come to before the supervisor does; most often all is well. */
export const first: fc.Arbitrary<Plan | undefined> = fc.oneof(
  { arbitrary: fc.constant(undefined), weight: 4 },
  { arbitrary: fc.tuple(fc.constantFrom(...IDS), outcomes).map((plan) => new Plan(...plan)), weight: 1 },
);

const end: fc.Arbitrary<End> = fc.record({
  tag: fc.constant('end'),
  id: anybody,
  reason: fc.constantFrom<End['reason']>('boom', 'boom', 'kill', 'normal', 'shutdown', 'shutdown:x'),
});

const request = (starts: number, spoken: fc.Arbitrary<string>, auto: boolean): fc.Arbitrary<Request> =>
  fc.oneof(
    {
      arbitrary: child(auto, anybody).map((plan): Request => ({ tag: 'start', child: plan })),
      weight: starts,
    },
    { arbitrary: spoken.map((id): Request => ({ tag: 'terminate', id })), weight: 2 },
    { arbitrary: anybody.map((id): Request => ({ tag: 'restart', id })), weight: 2 },
    { arbitrary: anybody.map((id): Request => ({ tag: 'delete', id })), weight: 1 },
    { arbitrary: fc.constantFrom<Request>({ tag: 'which' }, { tag: 'count' }), weight: 2 },
  );

export type Deeds = Iterable<fc.AsyncCommand<Supervision, SupervisorWorld, boolean>>;

function commands(requests: fc.Arbitrary<Request>): fc.Arbitrary<Deeds> {
  const item = fc.oneof<[fc.Arbitrary<End>, fc.Arbitrary<Request>]>(end, requests);
  const does = (least: number, most: number): fc.Arbitrary<Does> =>
    fc.array(item, { minLength: least, maxLength: most, size: 'max' }).map((items) => new Does(items));
  const plan = fc.tuple(anybody, outcomes).map((given) => new Plan(...given));
  const fails = fc
    .tuple(anybody, outcomes, fc.array(item, { minLength: 1, maxLength: 3, size: 'max' }))
    .map((given) => new Fails(...given));
  // to the edge of the window of restarts, and past it
  const pass = fc.constantFrom(1, 493, 500, 990, PERIOD - 1, PERIOD, PERIOD + 1).map((ms) => new Pass(ms));
  const rare = fc.oneof(
    { arbitrary: pass, weight: 3 },
    { arbitrary: fc.constantFrom(new Stop(), new Kill()), weight: 1 },
  );
  return fc.commands([does(1, 1), does(1, 1), does(2, 5), fails, fails, plan, pass, pass, rare], {
    maxCommands: COMMANDS,
    size: 'max',
  });
}

export const deeds: fc.Arbitrary<Deeds> = commands(
  fc.oneof({ arbitrary: request(2, anybody, true), weight: 15 }, { arbitrary: change, weight: 1 }),
);

/** @param auto whether children may be significant */
export const dynamicDeeds = (auto: boolean): fc.Arbitrary<Deeds> =>
  commands(request(7, fc.constantFrom(...IDS, 'x', 'root'), auto));
