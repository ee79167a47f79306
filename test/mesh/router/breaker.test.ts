import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/actor/random.ts';
import type { RpcFailure } from '../../../src/mesh/errors/rpc-failure.ts';
import { Breaker } from '../../../src/mesh/router/breaker.ts';
import { ProviderStats, type ProviderStat } from '../../../src/mesh/router/provider-stats.ts';
import { RetryBudget } from '../../../src/mesh/router/retry-budget.ts';
import { retryDelay } from '../../../src/mesh/router/retry.ts';
import { RoundRobin } from '../../../src/mesh/router/round-robin.ts';
import { choose, type StrategyName } from '../../../src/mesh/router/strategy.ts';

const CRASH: RpcFailure = { tag: 'handler_crash', id: '', reason: 'error' };

const tripped = (now = 0): Breaker => {
  const breaker = new Breaker();
  for (let n = 0; n < 3; n++) breaker.failed(now);
  return breaker;
};

describe('a breaker', () => {
  test('opens at the third of three failures, and with half of them failures', () => {
    const breaker = new Breaker();
    breaker.failed(0);
    breaker.failed(0);
    expect(breaker.allows(0)).toBe(true);
    breaker.failed(0);
    expect(breaker.allows(0)).toBe(false);
    const mixed = new Breaker();
    mixed.succeeded(0);
    mixed.failed(0);
    mixed.succeeded(0);
    expect(mixed.allows(0)).toBe(true);
    mixed.failed(0);
    expect(mixed.allows(0)).toBe(false);
  });

  test('forgets what is older than its window', () => {
    const breaker = new Breaker();
    breaker.failed(0);
    breaker.failed(0);
    breaker.failed(10_000);
    expect(breaker.allows(10_000)).toBe(true);
  });

  test('lets one call through when its time is over: its success closes it', () => {
    const breaker = tripped();
    expect([breaker.allows(9_999), breaker.allows(10_000)]).toEqual([false, true]);
    breaker.began(10_000);
    expect(breaker.allows(10_000)).toBe(false);
    breaker.succeeded(10_001);
    expect([breaker.allows(10_001), breaker.isClosed]).toEqual([true, true]);
  });

  test('a failed probe opens it for twice as long, five minutes at most', () => {
    const breaker = tripped();
    let now = 0;
    for (const open of [10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]) {
      expect([breaker.allows(now + open - 1), breaker.allows(now + open)]).toEqual([false, true]);
      now += open;
      breaker.began(now);
      breaker.failed(now);
    }
  });

  test('a probe that never ends is forgotten after that time; late answers to older calls prove nothing', () => {
    const breaker = tripped();
    breaker.succeeded(1);
    expect(breaker.allows(1)).toBe(false);
    breaker.began(10_000);
    expect([breaker.allows(19_999), breaker.allows(20_000)]).toEqual([false, true]);
  });
});

describe('a bad provider of three', () => {
  /** 2,000 calls, a hundred in a second; gives the share of the bad one after the first ten. */
  function share(strategy: StrategyName, seed: number): number {
    const stats = new ProviderStats();
    const random = seededRandom(seed);
    const turns = new RoundRobin();
    let bad = 0;
    for (let n = 0; n < 2_000; n++) {
      const now = 10 * n;
      const all = [0, 1, 2].map((at) => ({ at, stat: stats.of('p.q', String(at)) }));
      const allowed = all.filter(({ stat }) => stat.allows(now));
      const views = allowed.map(({ at, stat }) => ({
        at,
        stat,
        nodeId: String(at),
        metadata: {},
        latency: stat.latency(now),
        inFlight: stat.inFlight,
        load: stat.load(now),
      }));
      const { at, stat } = choose(strategy, views, { procedure: 'p.q', random, turns, location: undefined })!;
      stat.began(now);
      stat.ended(now + 1, 1, at === 0 ? CRASH : undefined, 0);
      if (at === 0 && n >= 10) bad++;
    }
    return bad / 1_990;
  }

  test.each(['power_of_two', 'random', 'round_robin', 'least_loaded'] as const)(
    '%s: after 10 calls it gets at most 2 %%',
    (strategy) => {
      for (let seed = 0; seed < 20; seed++) expect(share(strategy, seed)).toBeLessThanOrEqual(0.02);
    },
  );
});

describe('what is known of a provider', () => {
  const ended = (stat: ProviderStat, failure: RpcFailure | undefined, times = 3, took = 500): void => {
    for (let n = 0; n < times; n++) {
      stat.began(0);
      stat.ended(0, took, failure, undefined);
    }
  };

  test('a declared failure is an answer; a crash ejects it for the procedure, a lost connection its node', () => {
    const cases: readonly (readonly [RpcFailure, boolean, boolean])[] = [
      [{ tag: 'handler_error', reason: 1 }, true, true],
      [{ tag: 'unauthorized', detail: '' }, true, true],
      [{ tag: 'overloaded', bound: 'x' }, true, true],
      [{ tag: 'canceled' }, true, true],
      [CRASH, false, true],
      [{ tag: 'no_handler' }, false, true],
      [{ tag: 'timeout', timeout: 1, sent: true }, false, true],
      [{ tag: 'timeout', timeout: 1, sent: false }, false, false],
      [{ tag: 'connection_error', sent: true, detail: '' }, false, false],
    ];
    for (const [failure, here, elsewhere] of cases) {
      const stats = new ProviderStats();
      ended(stats.of('a.b', 'n'), failure);
      expect([failure.tag, stats.of('a.b', 'n').allows(0), stats.of('c.d', 'n').allows(0)]).toEqual([
        failure.tag,
        here,
        elsewhere,
      ]);
    }
  });

  test('is nothing when its caller gave it less than half a second, sent or not: nobody is ejected by hasty callers', () => {
    for (const sent of [true, false]) {
      const stats = new ProviderStats();
      ended(stats.of('a.b', 'n'), { tag: 'timeout', timeout: 1, sent }, 100, 499);
      const { failures } = stats.of('a.b', 'n');
      expect([failures, stats.of('a.b', 'n').allows(0), stats.of('c.d', 'n').allows(0)]).toEqual([
        0,
        true,
        true,
      ]);
      // it is not one that nobody knows: whoever goes where it was fastest does not come back at once
      expect(stats.of('a.b', 'n').latency(0)).toBe(499);
    }
  });

  test('is judged by what its answers took before: ten times as long, and 50 ms at least', () => {
    const silent = { tag: 'timeout', timeout: 1, sent: true } as const;
    for (const [usual, least] of [
      [1, 50],
      [20, 200],
      [100, 500],
    ] as const) {
      const stats = new ProviderStats();
      ended(stats.of('a.b', 'n'), undefined, 1, usual);
      ended(stats.of('a.b', 'n'), silent, 100, least - 1);
      expect(stats.of('a.b', 'n').failures).toBe(0);
      ended(stats.of('a.b', 'n'), silent, 1, least);
      expect(stats.of('a.b', 'n').failures).toBe(1);
    }
  });

  test('is forgotten when it was out of reach and is back, that of others is not', () => {
    const stats = new ProviderStats();
    for (const node of ['n', 'other'])
      ended(stats.of('a.b', node), { tag: 'connection_error', sent: true, detail: '' });
    stats.forget('n');
    expect([stats.of('a.b', 'n').allows(0), stats.of('a.b', 'other').allows(0)]).toEqual([true, false]);
  });

  test('to fail fast is not to be fast', () => {
    const stats = new ProviderStats();
    ended(stats.of('a.b', 'n'), CRASH, 1, 1);
    expect(stats.of('a.b', 'n').latency(0)).toBeGreaterThanOrEqual(1_000);
  });

  test('is bounded, the least recently used leaves; a call in flight is still counted down once', () => {
    const stats = new ProviderStats(3);
    const first = stats.of('p.0', 'n');
    first.began(0);
    for (let n = 1; n < 100; n++) stats.of(`p.${n}`, `n${n}`);
    expect(stats.size).toBe(3);
    first.ended(0, 1, undefined, undefined);
    expect([first.inFlight, stats.of('p.0', 'n').inFlight, stats.of('p.99', 'n99').inFlight]).toEqual([
      0, 0, 0,
    ]);
  });
});

describe('the retry budget', () => {
  test('10,000 calls that all fail after 10,000 that did not: a tenth is repeated, and 100 that were saved', () => {
    const budget = new RetryBudget(0);
    for (let n = 0; n < 10_000; n++) budget.deposit();
    let repeats = 0;
    for (let n = 0; n < 10_000; n++) {
      budget.deposit();
      while (budget.take(n)) repeats++;
    }
    expect(repeats).toBeLessThanOrEqual(1_000 + 100);
    expect(repeats).toBeGreaterThanOrEqual(1_000);
  });

  test('1,000 callers, all providers down: at most 1.1 times the load', () => {
    const budget = new RetryBudget(0);
    let [calls, repeats] = [0, 0];
    for (let now = 0; now < 60_000; now += 100) {
      for (let caller = 0; caller < 100; caller++) {
        calls++;
        budget.deposit();
        while (budget.take(now)) repeats++;
      }
    }
    expect((calls + repeats) / calls).toBeLessThanOrEqual(1.101);
    expect(budget.refused).toBe(calls);
  });

  test('in any order, repeats are at most a tenth of the calls and what was there at the start', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 500 }), (moves) => {
        const budget = new RetryBudget(0);
        let [calls, repeats] = [0, 0];
        for (const call of moves) {
          if (call) {
            calls++;
            budget.deposit();
          } else if (budget.take(0)) repeats++;
        }
        expect(repeats).toBeLessThanOrEqual(20 + calls / 10 + 1e-6);
      }),
    );
  });

  test('who was quiet may repeat again', () => {
    const budget = new RetryBudget(0);
    while (budget.take(0));
    expect([budget.take(9_999), budget.take(19_998), budget.take(19_998)]).toEqual([false, true, false]);
  });
});

describe('the wait before a repeat', () => {
  test('doubles, is drawn from the upper half, and never exceeds the longest', () => {
    const rule = { times: 100, backoff: 100, maxBackoff: 5_000 };
    const random = seededRandom(1);
    for (let repeat = 0; repeat < 100; repeat++) {
      const longest = Math.min(5_000, 100 * 2 ** repeat);
      const delay = retryDelay(rule, repeat, random);
      expect(delay).toBeGreaterThanOrEqual(longest / 2);
      expect(delay).toBeLessThanOrEqual(longest);
    }
  });
});

describe('round robin counters', () => {
  test('are bounded: the procedure that came first starts over', () => {
    const turns = new RoundRobin([], 2);
    for (const name of ['a', 'a', 'b', 'c']) turns.next(name, 3);
    expect([turns.counter('a'), turns.counter('b'), turns.counter('c')]).toEqual([0, 1, 1]);
  });
});
