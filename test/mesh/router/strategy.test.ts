/** Cases of `test/vectors/provider-selector.json`, and what each strategy does with many calls. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/actor/random.ts';
import { ProviderStats } from '../../../src/mesh/router/provider-stats.ts';
import { RoundRobin } from '../../../src/mesh/router/round-robin.ts';
import {
  choose,
  DEFAULT_STRATEGY,
  isStrategyName,
  STRATEGIES,
  type ProviderView,
  type Strategy,
} from '../../../src/mesh/router/strategy.ts';
import { virtualClock } from '../../../src/testing/virtual-clock.ts';

interface Step {
  readonly providers: readonly number[];
  readonly calls: number;
}

interface Case {
  readonly name: string;
  readonly input: Partial<Step> & {
    readonly op?: string;
    readonly strategy?: string | null;
    readonly service?: string | null;
    readonly services?: readonly string[];
    readonly counter?: number;
    readonly steps?: readonly Step[];
  };
  readonly expect: {
    readonly ok?: unknown;
    readonly error?: { readonly tag: string; readonly field?: string };
  };
}

const { cases } = JSON.parse(
  readFileSync(new URL('../../vectors/provider-selector.json', import.meta.url), 'utf8'),
) as { readonly cases: readonly Case[] };

type View = ProviderView & { readonly at: number };

const view = (at: number, rest: Partial<ProviderView> = {}): View => ({
  at,
  nodeId: String(at),
  metadata: {},
  latency: undefined,
  inFlight: 0,
  load: 0,
  ...rest,
});

const random = seededRandom('strategy');

function pickOne(
  strategy: Strategy,
  providers: readonly View[],
  turns = new RoundRobin(),
  procedure = 'p.q',
): View | undefined {
  return choose(strategy, providers, { procedure, random, turns, location: undefined });
}

describe('vectors', () => {
  test.each(cases)('$name', ({ input, expect: expected }) => {
    const { op, strategy, counter, calls = 1, services } = input;
    if (op === 'strategies') {
      expect(new Set([...STRATEGIES, 'custom'])).toEqual(new Set(expected.ok as string[]));
      return;
    }
    if (op !== undefined) expect.fail(`unknown op ${op}`);
    if (strategy === null) {
      expect(DEFAULT_STRATEGY).toBe(expected.ok);
      return;
    }
    if (!isStrategyName(strategy)) {
      expect(expected.error).toEqual({ tag: 'invalid_args', field: 'strategy' });
      return;
    }
    const service = input.service === undefined ? 'p.q' : undefined;
    const turns = new RoundRobin(counter === undefined ? [] : [['p.q', counter]]);
    const steps = input.steps ?? [{ providers: input.providers ?? [], calls }];
    const picked: (number | undefined)[] = [];
    for (const { providers, calls: count } of steps) {
      const views = providers.map((at) => view(at));
      for (const procedure of services ?? Array.from({ length: count }, () => service ?? 'default')) {
        picked.push(pickOne(strategy, views, turns, procedure)?.at);
      }
    }
    if (expected.error !== undefined) {
      // the router's word for it is service_not_found
      expect([expected.error.tag, picked]).toEqual(['no_providers', [undefined]]);
      return;
    }
    const ok = expected.ok as
      | readonly number[]
      | { subsetOf?: number[]; picked?: number[]; counter?: number; counters?: Record<string, number> };
    if (Array.isArray(ok)) {
      expect(picked).toEqual(ok);
      return;
    }
    const {
      subsetOf,
      picked: wanted,
      counter: after,
      counters,
    } = ok as Exclude<typeof ok, readonly number[]>;
    if (subsetOf !== undefined) for (const at of picked) expect(subsetOf).toContain(at);
    if (wanted !== undefined) expect(picked).toEqual(wanted);
    if (after !== undefined) expect(turns.counter('p.q')).toBe(after);
    for (const [name, count] of Object.entries(counters ?? {})) expect(turns.counter(name)).toBe(count);
  });
});

describe('every strategy', () => {
  const views = fc.array(
    fc.record({
      latency: fc.option(fc.double({ min: 0, max: 1e6, noNaN: true }), { nil: undefined }),
      inFlight: fc.nat(1_000),
      load: fc.nat(1_000),
    }),
    { maxLength: 8 },
  );

  test.each(STRATEGIES)('%s chooses a member, and nobody of nobody', (strategy) => {
    fc.assert(
      fc.property(views, (list) => {
        const all = list.map((rest, at) => view(at, rest));
        const chosen = pickOne(strategy, all);
        if (all.length === 0) expect(chosen).toBe(undefined);
        else expect(all).toContain(chosen);
      }),
    );
  });
});

describe('power_of_two', () => {
  test('never takes the busiest of all when all are as fast, unless all are as busy', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5), { minLength: 2, maxLength: 6 }), (list) => {
        const all = list.map((inFlight, at) => view(at, { inFlight, latency: 10 }));
        const most = Math.max(...list);
        const chosen = pickOne('power_of_two', all);
        if (list.filter((count) => count === most).length === 1) expect(chosen?.inFlight).toBeLessThan(most);
      }),
    );
  });

  test('own calls and the load that replies told count together', () => {
    const all = [view(0, { inFlight: 1, load: 3 }), view(1, { inFlight: 3, load: 0 })];
    for (let n = 0; n < 50; n++) expect(pickOne('power_of_two', all)?.at).toBe(1);
  });

  test('a latency below twice the other is noise, above it decides with the calls in flight', () => {
    const near = [view(0, { latency: 10, inFlight: 1 }), view(1, { latency: 19 })];
    const far = [view(0, { latency: 10, inFlight: 1 }), view(1, { latency: 21 })];
    const busy = [view(0, { latency: 10, inFlight: 2 }), view(1, { latency: 21 })];
    for (let n = 0; n < 50; n++) {
      expect(pickOne('power_of_two', near)?.at).toBe(1);
      expect(pickOne('power_of_two', far)?.at).toBe(0);
      expect(pickOne('power_of_two', busy)?.at).toBe(1);
    }
  });

  test('below a quarter of a millisecond nobody is faster than another', () => {
    const near = [view(0, { latency: 0.01, inFlight: 1 }), view(1, { latency: 0.25 })];
    const far = [view(0, { latency: 0.01, inFlight: 1 }), view(1, { latency: 0.51 })];
    for (let n = 0; n < 50; n++) {
      expect(pickOne('power_of_two', near)?.at).toBe(1);
      expect(pickOne('power_of_two', far)?.at).toBe(0);
    }
  });
});

describe('nearest', () => {
  const place = (at: number, lat: number, lon: number): View =>
    view(at, { metadata: { location: { lat, lon } } });
  const from = (lat: number, lon: number, views: readonly View[]): number | undefined =>
    choose('nearest', views, { procedure: 'a.b', random, turns: new RoundRobin(), location: { lat, lon } })
      ?.at;
  const [berlin, tokyo, fiji] = [place(0, 52.5, 13.4), place(1, 35.7, 139.7), place(2, -17.8, 178)];

  test('takes the least great-circle distance, across the date line too', () => {
    expect(from(48.1, 11.6, [tokyo, berlin, fiji])).toBe(0);
    expect(from(-13.8, -171.8, [tokyo, berlin, fiji])).toBe(2);
  });

  test('who says nowhere, or nonsense, is the farthest', () => {
    const lost = [
      view(3),
      view(4, { metadata: { location: { lat: 91, lon: 0 } } }),
      view(5, { metadata: { location: 'x' } }),
    ];
    expect(from(0, 0, [...lost, tokyo])).toBe(1);
  });
});

describe('a custom strategy', () => {
  test('chooses by what it is shown, which it cannot change', () => {
    const all = [view(0, { latency: 5 }), view(1, { latency: 3 })];
    const seen: unknown[] = [];
    const chosen = pickOne((providers, { procedure }) => {
      seen.push(procedure, Object.isFrozen(providers[0]));
      return providers.toSorted((a, b) => a.latency! - b.latency!)[0]!;
    }, all);
    expect([chosen?.at, ...seen]).toEqual([1, 'p.q', true]);
  });

  test('that throws or chooses a stranger chooses nobody; it is not asked about nobody', () => {
    const all = [view(0)];
    expect(pickOne(() => view(0), all)).toBe(undefined);
    expect(pickOne(() => undefined as never, all)).toBe(undefined);
    expect(
      pickOne(() => {
        throw new Error('x');
      }, all),
    ).toBe(undefined);
    expect(pickOne(() => expect.fail('asked'), [])).toBe(undefined);
  });
});

interface Load {
  readonly concurrency: number;
  readonly seed?: number;
  /** Milliseconds that one answer in a thousand takes longer. */
  readonly spike?: number;
}

/** 10,000 calls, `concurrency` at once, to providers with these service times in ms; gives the share of each. */
async function shares(
  strategy: Strategy,
  times: readonly number[],
  { concurrency, seed = 0, spike = 0 }: Load,
): Promise<number[]> {
  const clock = virtualClock();
  const draws = seededRandom(`${String(strategy)}-${concurrency}-${seed}`);
  const stats = new ProviderStats();
  const turns = new RoundRobin();
  const counts = times.map(() => 0);
  const waiting = times.map(() => 0);
  let left = 10_000;
  const one = (): void => {
    if (left-- <= 0) return;
    const begun = clock.now();
    const all = times.map((_, at) => {
      const stat = stats.of('p.q', String(at));
      return view(at, { latency: stat.latency(begun), inFlight: stat.inFlight, load: stat.load(begun) });
    });
    const chosen = choose(strategy, all, { procedure: 'p.q', random: draws, turns, location: undefined })!;
    const stat = stats.of('p.q', chosen.nodeId);
    stat.began(begun);
    counts[chosen.at]!++;
    waiting[chosen.at]!++;
    // half of it is noise
    const late = draws.float() < 0.001 ? spike : 0;
    clock.setTimer(late + times[chosen.at]! * (0.75 + draws.float() / 2), () => {
      const load = --waiting[chosen.at]!;
      stat.ended(clock.now(), clock.now() - begun, undefined, load);
      one();
    });
  };
  for (let n = 0; n < concurrency; n++) one();
  await clock.until(() => left < -concurrency + 1, 10_000_000);
  return counts.map((count) => count / 10_000);
}

describe('10,000 calls', () => {
  const spreading = ['power_of_two', 'random', 'round_robin', 'least_loaded'] as const;
  test.each(spreading.flatMap((strategy) => [1, 16].map((at) => [strategy, at] as const)))(
    '%s gives each of 4 equal providers 20 to 30 of 100, %d at once',
    async (strategy, concurrency) => {
      for (const share of await shares(strategy, [10, 10, 10, 10], { concurrency })) {
        expect(share).toBeGreaterThanOrEqual(0.2);
        expect(share).toBeLessThanOrEqual(0.3);
      }
    },
  );

  const loads = fc.record({ concurrency: fc.integer({ min: 1, max: 64 }), seed: fc.nat() });
  // one at a time, nobody is busy: latency alone decides
  const runs: fc.Parameters<[{ concurrency: number; seed: number }]> = {
    numRuns: 3,
    examples: [[{ concurrency: 1, seed: 0 }]],
  };

  test.each([0.3, 3, 50])('the default gives each of 4 that take %d ms 20 to 30 of 100', async (time) => {
    const property = fc.asyncProperty(loads, async (load) => {
      for (const share of await shares(DEFAULT_STRATEGY, [time, time, time, time], load)) {
        expect(share).toBeGreaterThanOrEqual(0.2);
        expect(share).toBeLessThanOrEqual(0.3);
      }
    });
    await fc.assert(property, runs);
  });

  test.each([0.3, 3, 50])(
    'the default gives one that is 5x slower than those that take %d ms at most 15 of 100',
    async (time) => {
      const property = fc.asyncProperty(loads, async (load) => {
        const [slow] = await shares(DEFAULT_STRATEGY, [5 * time, time, time, time], load);
        expect(slow).toBeLessThanOrEqual(0.15);
      });
      await fc.assert(property, runs);
    },
  );

  test('an answer that waited for a garbage collection keeps nobody from his share', async () => {
    const times = [0.3, 0.3, 0.3, 0.3];
    for (const share of await shares(DEFAULT_STRATEGY, times, { concurrency: 4, spike: 30 })) {
      expect(share).toBeGreaterThanOrEqual(0.2);
      expect(share).toBeLessThanOrEqual(0.3);
    }
  });

  test('one that was slow and is not any more is found out', async () => {
    const stats = new ProviderStats();
    const stat = stats.of('p.q', 'x');
    stat.began(0);
    stat.ended(0, 500, undefined, 9);
    expect([stat.latency(9_999), stat.load(999)]).toEqual([500, 9]);
    expect([stat.latency(10_000), stat.load(1_000)]).toEqual([undefined, 0]);
  });
});
