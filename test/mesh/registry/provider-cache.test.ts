import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CACHE_TTL,
  NEGATIVE_TTL,
  ProviderCache,
  type CacheEntry,
} from '../../../src/mesh/registry/provider-cache.ts';
import { found, idsOf } from './found.ts';

const LONG = 3_600_000;

describe('ProviderCache', () => {
  test('what its providers say is bounded by what it holds in memory: the oldest leaves', () => {
    const cache = new ProviderCache({ weight: 100_000 });
    const heavy = { ...found('p1', LONG), metadata: { all: Array.from({ length: 440 }, () => []) } };
    for (const name of ['a.a', 'a.b', 'a.c']) cache.put(name, [heavy], 0, 0);
    expect(['a.a', 'a.b', 'a.c'].map((name) => idsOf(cache.peek(name, 0)))).toEqual([
      undefined,
      ['p1'],
      ['p1'],
    ]);
    // what is put again, forgotten or cleared takes no room
    for (let n = 0; n < 10; n++) cache.put('a.c', [heavy], 0, 0);
    expect(idsOf(cache.peek('a.b', 0))).toEqual(['p1']);
    cache.forget('a.b', 'p1');
    cache.put('a.d', [heavy], 0, 0);
    expect(idsOf(cache.peek('a.c', 0))).toEqual(['p1']);
    cache.clear();
    for (const name of ['a.e', 'a.f']) cache.put(name, [heavy], 0, 0);
    expect([cache.stats().size, cache.stats().evictions]).toEqual([2, 1]);
  });

  test('knows an answer for 60 s, and not at 60 s; reading does not remove it', () => {
    const cache = new ProviderCache();
    cache.put('a.b', [found('p1', LONG)], 1_000, 0);
    expect(idsOf(cache.find('a.b', 1_000 + CACHE_TTL - 1))).toEqual(['p1']);
    expect(cache.find('a.b', 1_000 + CACHE_TTL)).toBe(undefined);
    expect(cache.stats().size).toBe(1);
  });

  test('no entry outlives the first of its records, whose end is wall time and its own is not', () => {
    const cache = new ProviderCache();
    cache.put('a.b', [found('p1', LONG), found('p2', 1_000_007_000)], 500, 1_000_000_000);
    // p1 is over at the wall time of the answer
    expect(idsOf(cache.find('a.b', 7_499))).toEqual(['p2']);
    expect(cache.find('a.b', 7_500)).toBe(undefined);
  });

  test('a ttl that it is put with shortens its life and never lengthens it; 0 is a miss', () => {
    const cache = new ProviderCache();
    cache.put('short.one', [found('p', LONG)], 0, 0, 5_000);
    cache.put('long.one', [found('p', LONG)], 0, 0, LONG);
    cache.put('none.one', [found('p', LONG)], 0, 0, 0);
    expect(cache.find('none.one', 0)).toBe(undefined);
    expect([cache.find('short.one', 4_999), cache.find('short.one', 5_000)]).toEqual([
      expect.anything(),
      undefined,
    ]);
    expect(cache.find('long.one', CACHE_TTL)).toBe(undefined);
  });

  test('that nobody serves it is an answer, believed for 5 s, and counted as one', () => {
    const cache = new ProviderCache();
    cache.put('a.b', [], 0, 0);
    expect(cache.find('a.b', NEGATIVE_TTL - 1)?.providers).toEqual([]);
    expect(cache.find('a.b', NEGATIVE_TTL)).toBe(undefined);
    expect(cache.stats()).toEqual({
      size: 1,
      hits: 1,
      misses: 1,
      negativeHits: 1,
      evictions: 0,
      cacheHitRatio: 0.5,
    });
  });

  test('in the last sixth of its life one hit, and no other, has it refreshed; an empty answer never', () => {
    const cache = new ProviderCache();
    cache.put('a.b', [found('p', LONG)], 0, 0);
    cache.put('no.one', [], 0, 0);
    const claims = (now: number): boolean | undefined => cache.find('a.b', now)?.claimRefresh(now);
    expect([claims(49_999), claims(50_000), claims(50_000), claims(59_999)]).toEqual([
      false,
      true,
      false,
      false,
    ]);
    expect(cache.find('no.one', 4_999)?.claimRefresh(4_999)).toBe(false);
  });

  test('forgets one provider of several; the rest lives as long as before, and without the last it is a miss', () => {
    const cache = new ProviderCache();
    cache.put('a.b', [found('p1', LONG), found('p2', LONG)], 0, 0);
    cache.forget('a.b', 'p3');
    cache.forget('a.b', 'p1');
    expect(idsOf(cache.find('a.b', CACHE_TTL - 1))).toEqual(['p2']);
    expect(cache.find('a.b', CACHE_TTL)).toBe(undefined);
    cache.forget('a.b', 'p2');
    cache.forget('nothing.here', 'p2');
    expect([cache.peek('a.b', 1), cache.stats().size]).toEqual([undefined, 0]);
  });

  test('an empty answer that was remembered is not undone by forgetting somebody', () => {
    const cache = new ProviderCache();
    cache.put('a.b', [], 0, 0);
    cache.forget('a.b', 'p1');
    expect(cache.peek('a.b', 1)?.providers).toEqual([]);
  });

  test('beyond its limit the oldest leaves that was not found since, and evictions are counted', () => {
    const cache = new ProviderCache({ limit: 3 });
    for (const name of ['a', 'b', 'c']) cache.put(name, [found('p', LONG)], 0, 0);
    cache.find('a', 1);
    cache.put('d', [found('p', LONG)], 1, 0);
    const kept = ['a', 'b', 'c', 'd'].filter((name) => cache.peek(name, 1) !== undefined);
    expect([kept, cache.stats().evictions]).toEqual([['a', 'c', 'd'], 1]);
  });

  test('all in use: somebody leaves all the same', () => {
    const cache = new ProviderCache({ limit: 20 });
    for (let n = 0; n < 20; n++) cache.put(`n${n}`, [found('p', LONG)], 0, 0);
    for (let n = 0; n < 20; n++) cache.find(`n${n}`, 1);
    cache.put('new', [found('p', LONG)], 1, 0);
    expect([cache.stats().size, cache.peek('new', 1)]).toEqual([20, expect.anything()]);
  });

  test('providers of all names together are bounded: a few crowded names cannot fill the memory', () => {
    const cache = new ProviderCache({ providers: 10 });
    const crowd = [1, 2, 3, 4].map((n) => found(`p${n}`, LONG));
    for (const name of ['a', 'b', 'c']) cache.put(name, crowd, 0, 0);
    expect([cache.peek('a', 1), cache.stats().size, cache.stats().evictions]).toEqual([undefined, 2, 1]);
  });

  test('prune removes what is over, counts it, and leaves the rest; clear removes all', () => {
    const cache = new ProviderCache();
    cache.put('a', [found('p', LONG)], 0, 0);
    cache.put('b', [], 0, 0);
    cache.put('c', [found('p', LONG)], 30_000, 0);
    expect([cache.pruneExpired(CACHE_TTL), cache.pruneExpired(CACHE_TTL)]).toEqual([2, 0]);
    expect(idsOf(cache.find('c', CACHE_TTL))).toEqual(['p']);
    cache.clear();
    expect([cache.stats().size, cache.find('c', CACHE_TTL)]).toEqual([0, undefined]);
  });

  test('never gives a provider whose record is over, whatever is done to it', () => {
    const names = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const step = fc.oneof(
      fc.record({
        tag: fc.constant('put' as const),
        name: names,
        ends: fc.array(fc.nat(200_000), { maxLength: 4 }),
      }),
      fc.record({ tag: fc.constant('forget' as const), name: names, who: fc.nat(3) }),
      fc.record({ tag: fc.constant('prune' as const) }),
      fc.record({ tag: fc.constant('wait' as const), ms: fc.nat(30_000) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (steps, limit) => {
        const cache = new ProviderCache({ limit, providers: 6 });
        let now = 0;
        for (const each of steps) {
          if (each.tag === 'wait') now += each.ms;
          else if (each.tag === 'prune') cache.pruneExpired(now);
          else if (each.tag === 'forget') cache.forget(each.name, `p${each.who}`);
          else
            cache.put(
              each.name,
              // the wall clock is an hour ahead of the monotonic one
              each.ends.map((end, n) => found(`p${n}`, LONG + now + end - 50_000)),
              now,
              LONG + now,
            );
          expect(cache.stats().size).toBeLessThanOrEqual(limit);
          for (const name of ['a', 'b', 'c', 'd', 'e']) {
            const entry: CacheEntry | undefined = cache.find(name, now);
            for (const { expiresAt } of entry?.providers ?? []) expect(expiresAt).toBeGreaterThan(LONG + now);
          }
        }
      }),
    );
  });
});
