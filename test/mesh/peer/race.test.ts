/**
 * When the ways to a peer join the race: a race of ways of which each fails after a time, or never, run by the rules alone.
 */
import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { planRoutes, type Route } from '../../../src/mesh/peer/pool-plan.ts';
import {
  attemptTime,
  HEAD_START,
  joinsIn,
  LANES,
  LONGEST_ATTEMPT,
  traversalTime,
  underWay,
  type Race,
} from '../../../src/mesh/peer/race.ts';

/** What becomes of a way: ms until it fails. For one through a NAT, ms until there is a way, and what becomes of that. */
interface Fate {
  readonly route: Route;
  readonly failsAfter: number;
  readonly foundAfter: number;
}

interface Joined {
  readonly route: Route;
  readonly at: number;
  /** Ways that were under way then, without it. */
  readonly beside: number;
  /** One has failed in this moment. */
  readonly replaces: boolean;
}

/** Runs a race in which nobody wins. */
function run(fates: readonly Fate[]): readonly Joined[] {
  const left = [...fates];
  const joined: Joined[] = [];
  const dials: { readonly endsAt: number }[] = [];
  let sought: { foundAt: number; failsAfter: number } | undefined;
  let begunAt = -Infinity;
  const race = (): Race => ({ dials: dials.length, seeking: sought !== undefined, begunAt });
  let replaces = false;
  for (let now = 0; ;) {
    for (let wait = joinsIn(race(), left[0]?.route, now); wait === 0;) {
      const fate = left.shift()!;
      joined.push({ route: fate.route, at: now, beside: underWay(race()), replaces });
      if (fate.route.tag === 'nat') sought = { foundAt: now + fate.foundAfter, failsAfter: fate.failsAfter };
      else dials.push({ endsAt: now + fate.failsAfter });
      if (fate.route.tag !== 'relayed') begunAt = now;
      wait = joinsIn(race(), left[0]?.route, now);
    }
    const wait = joinsIn(race(), left[0]?.route, now) ?? Infinity;
    const next = Math.min(now + wait, sought?.foundAt ?? Infinity, ...dials.map(({ endsAt }) => endsAt));
    if (next === Infinity) return joined;
    replaces = false;
    if (sought?.foundAt === next) {
      left.unshift({
        route: { tag: 'relayed', address: 'relay:1' },
        failsAfter: sought.failsAfter,
        foundAfter: 0,
      });
      sought = undefined;
    }
    for (const dial of dials.filter(({ endsAt }) => endsAt === next)) {
      dials.splice(dials.indexOf(dial), 1);
      begunAt = -Infinity;
      replaces = true;
    }
    now = next;
  }
}

const ms = fc.oneof(fc.nat(1_500), fc.constant(0), fc.constant(3_000));
const direct = fc.nat(99).map((n): Route => ({ tag: 'direct', address: `198.51.100.${n}:9443` }));
const fates = fc
  .record({
    addresses: fc.array(fc.record({ route: direct, failsAfter: ms, foundAfter: ms }), { maxLength: 12 }),
    nat: fc.option(
      fc.record({ failsAfter: ms, foundAfter: ms, said: fc.constantFrom('node', 'caller', 'none') }),
    ),
  })
  .map(({ addresses, nat }): readonly Fate[] => {
    if (nat === null) return addresses;
    const route: Route = { tag: 'nat', lastResort: nat.said === 'none' };
    const through: Fate = { route, failsAfter: nat.failsAfter, foundAfter: nat.foundAfter };
    return nat.said === 'node' ? [through, ...addresses] : [...addresses, through];
  });

describe('whatever becomes of the ways', () => {
  test('each has its turn, the best first and at once', () => {
    fc.assert(
      fc.property(fates, (all) => {
        const joined = run(all);
        expect(joined.filter(({ route }) => route.tag !== 'relayed').map(({ route }) => route)).toEqual(
          all.map(({ route }) => route),
        );
        expect(joined[0]?.at ?? 0).toBe(0);
      }),
    );
  });

  test('four are under way at most', () => {
    fc.assert(
      fc.property(fates, (all) => {
        for (const { beside } of run(all)) expect(beside).toBeLessThan(LANES);
      }),
    );
  });

  test('one joins beside another 250 ms after it or later, unless one has failed in that moment', () => {
    fc.assert(
      fc.property(fates, (all) => {
        let before = -Infinity;
        for (const { route, at, beside, replaces } of run(all)) {
          if (route.tag === 'relayed') continue;
          if (beside > 0 && !replaces) expect(at - before).toBeGreaterThanOrEqual(HEAD_START);
          before = at;
        }
      }),
    );
  });

  test('none waits for longer than 250 ms while there is room, but for the last resort', () => {
    fc.assert(
      fc.property(fates, fc.nat(LANES - 1), fc.boolean(), fc.nat(2_000), (all, dials, seeking, ago) => {
        const now = 10_000;
        const race = { dials, seeking, begunAt: now - ago };
        const next = all[0]?.route;
        if (next === undefined || underWay(race) >= LANES) return;
        const wait = joinsIn(race, next, now);
        if (next.tag === 'nat' && next.lastResort && underWay(race) > 0) expect(wait).toBe(undefined);
        else if (underWay(race) === 0) expect(wait).toBe(0);
        else expect(wait).toBe(Math.max(0, HEAD_START - ago));
      }),
    );
  });

  test('the last resort is not taken before all else has failed', () => {
    fc.assert(
      fc.property(fates, (all) => {
        for (const { route, beside } of run(all))
          if (route.tag === 'nat' && route.lastResort) expect(beside).toBe(0);
      }),
    );
  });
});

describe('a way through a station', () => {
  const relayed: Route = { tag: 'relayed', address: 'relay:1' };

  test('is dialed as soon as it is found, in the place of the search', () => {
    expect(joinsIn({ dials: 0, seeking: true, begunAt: 0 }, relayed, 0)).toBe(0);
    expect(joinsIn({ dials: 3, seeking: true, begunAt: 0 }, relayed, 0)).toBe(0);
    expect(joinsIn({ dials: 4, seeking: false, begunAt: 0 }, relayed, 1_000)).toBe(undefined);
  });

  test('that the node names has a head start of 250 ms before its addresses', () => {
    const [first, second] = planRoutes({
      ways: [],
      addresses: ['198.51.100.1:9443'],
      dead: () => false,
      nat: true,
      relayed: 'node',
    });
    expect(joinsIn({ dials: 0, seeking: false, begunAt: -Infinity }, first, 0)).toBe(0);
    expect(joinsIn({ dials: 0, seeking: true, begunAt: 0 }, second, 10)).toBe(240);
    // found and dialed meanwhile
    expect(joinsIn({ dials: 1, seeking: false, begunAt: 0 }, second, 10)).toBe(240);
  });
});

describe('the time of a way', () => {
  test('is what is left, shared by those that are tried side by side: 3 s at most, and enough for a handshake nearby', () => {
    expect(attemptTime(2_000, 1)).toBe(2_000);
    expect(attemptTime(2_000, 4)).toBe(2_000);
    expect(attemptTime(2_000, 8)).toBe(1_000);
    expect(attemptTime(Infinity, 3)).toBe(LONGEST_ATTEMPT);
    expect(attemptTime(100, 4)).toBe(250);
    expect(attemptTime(-5, 1)).toBe(250);
  });

  test('an attempt to get through a NAT has its equal part as well when that is more', () => {
    expect(traversalTime(20_000, 1)).toBe(20_000);
    expect(traversalTime(20_000, 4)).toBe(5_000);
    expect(traversalTime(5_000, 4)).toBe(3_000);
    expect(traversalTime(2_000, 8)).toBe(1_000);
  });
});
