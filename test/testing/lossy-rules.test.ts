/**
 * The rules of a bad link, each by itself: what they promise holds for any seed.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { seededRandom } from '../../src/actor/random.ts';
import { kilobits, type Conditions } from '../../src/testing/lossy/conditions.ts';
import { flipBit } from '../../src/testing/lossy/corruption.ts';
import { GilbertElliott } from '../../src/testing/lossy/gilbert-elliott.ts';
import { Impairment } from '../../src/testing/lossy/impairment.ts';
import { RateLimit } from '../../src/testing/lossy/rate-limit.ts';

const SEED = 20_261_121;
const runs = { numRuns: 200, seed: SEED };

describe('GilbertElliott', () => {
  const draw = (
    loss: ConstructorParameters<typeof GilbertElliott>[0],
    count: number,
    pause = 0,
  ): boolean[] => {
    const chain = new GilbertElliott(loss);
    const random = seededRandom(SEED);
    return Array.from({ length: count }, (_, at) => chain.loses(random, at * pause));
  };
  const bursts = (lost: readonly boolean[]): number =>
    lost.filter((one, at) => one && lost[at - 1] !== true).length;

  test.each([
    [0.01, 6],
    [0.03, 10],
    [0.12, 25],
    [0.25, 40],
    [0.5, 5],
    [0.8, 4],
  ])('loses a share of %d in bursts of %d on average', (share, burst) => {
    const lost = draw({ share, burst }, 400_000);
    const count = lost.filter(Boolean).length;
    expect(count / lost.length).toBeGreaterThan(share * 0.85);
    expect(count / lost.length).toBeLessThan(share * 1.15);
    expect(count / bursts(lost)).toBeGreaterThan(burst * 0.85);
    expect(count / bursts(lost)).toBeLessThan(burst * 1.15);
  });

  test('a burst goes by while nothing is sent: after many slots a datagram is lost by chance alone', () => {
    const loss = { share: 0.25, burst: 40, slot: 10 };
    const busy = draw(loss, 100_000, 1);
    const idle = draw(loss, 100_000, 10_000);
    for (const lost of [busy, idle]) expect(lost.filter(Boolean).length / lost.length).toBeCloseTo(0.25, 1);
    expect(idle.filter(Boolean).length / bursts(idle)).toBeCloseTo(4 / 3, 1);
    expect(busy.filter(Boolean).length / bursts(busy)).toBeGreaterThan(30);
  });

  test('a bare share is independent loss', () => {
    const lost = draw(0.2, 100_000);
    const count = lost.filter(Boolean).length;
    expect(count / lost.length).toBeCloseTo(0.2, 1);
    expect(count / bursts(lost)).toBeCloseTo(1.25, 1);
  });

  test('nothing is lost at 0, everything at 1', () => {
    for (const burst of [1, 10]) {
      expect(draw({ share: 0, burst }, 1_000)).not.toContain(true);
      expect(draw({ share: 1, burst }, 1_000)).not.toContain(false);
    }
  });
});

describe('RateLimit', () => {
  const offers = fc.array(fc.record({ pause: fc.nat(20), size: fc.integer({ min: 1, max: 1_500 }) }), {
    minLength: 1,
    maxLength: 200,
  });

  test('keeps order, never exceeds the rate, and never holds more than the queue', () => {
    fc.assert(
      fc.property(
        offers,
        fc.integer({ min: 1_000, max: 1e6 }),
        fc.nat(20_000),
        (list, bytesPerSecond, queue) => {
          const limit = new RateLimit({ bytesPerSecond, queue });
          let now = 0;
          let last = 0;
          for (const { pause, size } of list) {
            now += pause;
            const at = limit.leavesAt(now, size);
            if (at === undefined) continue;
            const takes = (size / bytesPerSecond) * 1_000;
            expect(at).toBeGreaterThanOrEqual(Math.max(last, now) + takes - 1e-6);
            expect(at - now).toBeLessThanOrEqual((queue / bytesPerSecond) * 1_000 + takes + 1e-6);
            last = at;
          }
        },
      ),
      runs,
    );
  });

  test('an idle link takes a datagram larger than its queue; a busy one does not', () => {
    const limit = new RateLimit({ bytesPerSecond: kilobits(8), queue: 500 });
    expect(limit.leavesAt(0, 1_000)).toBe(1_000);
    expect(limit.leavesAt(0, 1_000)).toBe(undefined);
    expect(limit.leavesAt(900, 400)).toBe(1_400);
  });
});

describe('flipBit', () => {
  test('changes exactly one bit of a copy', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), fc.nat(), (bytes, seed) => {
        const before = [...bytes];
        const flipped = flipBit(bytes, seededRandom(seed));
        let bits = 0;
        bytes.forEach((byte, at) => {
          for (let left = byte ^ (flipped[at] ?? 0); left > 0; left >>= 1) bits += left & 1;
        });
        expect([bits, flipped.length, [...bytes]]).toEqual([1, bytes.length, before]);
      }),
      runs,
    );
    expect(flipBit(new Uint8Array(0), seededRandom(1))).toEqual(new Uint8Array(0));
  });
});

describe('Impairment', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const conditions: fc.Arbitrary<Conditions> = fc.record(
    {
      loss: fc.oneof(share, fc.record({ share, burst: fc.integer({ min: 1, max: 40 }) })),
      duplicate: share,
      corrupt: share,
      delay: fc.oneof(fc.nat(200), fc.record({ min: fc.nat(50), max: fc.integer({ min: 50, max: 300 }) })),
      reorder: fc.record({ share, window: fc.nat(100) }),
      rate: fc.record({ bytesPerSecond: fc.integer({ min: 1_000, max: 1e6 }), queue: fc.nat(100_000) }),
      maxDatagram: fc.integer({ min: 100, max: 1_500 }),
      blackHole: fc.constantFrom(false, false, false, true),
    },
    { requiredKeys: [] },
  );
  const play = (seed: number, given: Conditions) => {
    const link = new Impairment(seededRandom(seed), given);
    const sizes = seededRandom(`sizes ${seed}`);
    return {
      link,
      arrivals: Array.from({ length: 300 }, (_, index) =>
        link.offer(index * 2, new Uint8Array(1 + (sizes.u32() % 1_500)).fill(index)),
      ),
    };
  };

  const fate = (seed: number, given: Conditions): string =>
    play(seed, given)
      .arrivals.map((list) =>
        list.map(({ at, bytes }) => `${at} ${Buffer.from(bytes).toString('latin1')}`).join(),
      )
      .join('|');

  test('accounts for every datagram, under any conditions', () => {
    fc.assert(
      fc.property(fc.nat(), conditions, (seed, given) => {
        const { link, arrivals } = play(seed, given);
        const stats = link.stats();
        expect(arrivals.flat()).toHaveLength(stats.arrivals);
        expect(stats.offered + stats.duplicated).toBe(
          stats.arrivals + stats.lost + stats.overflowed + stats.tooLarge + stats.swallowed,
        );
        for (const [index, list] of arrivals.entries())
          for (const { at } of list) expect(at).toBeGreaterThanOrEqual(index * 2);
        if (given.blackHole === true) expect(stats.arrivals).toBe(0);
      }),
      runs,
    );
  });

  test('one seed gives one fate to every datagram', () => {
    fc.assert(
      fc.property(fc.nat(), conditions, (seed, given) => {
        expect(fate(seed, given)).toBe(fate(seed, given));
      }),
      runs,
    );
    const jitter = { delay: { min: 1, max: 50 } };
    expect(fate(1, jitter)).not.toBe(fate(2, jitter));
  });

  test('keeps the order unless told to change it, however the delay is drawn', () => {
    fc.assert(
      fc.property(fc.nat(), conditions, (seed, { reorder: _none, ...given }) => {
        const times = play(seed, given)
          .arrivals.flat()
          .map(({ at }) => at);
        expect(times).toEqual(times.toSorted((left, right) => left - right));
      }),
      runs,
    );
  });

  test('with reordering a datagram is late by no more than the window', () => {
    const { link, arrivals } = play(1, { delay: 5, reorder: { share: 0.3, window: 40 } });
    const late = arrivals.map((list, index) => (list[0]?.at ?? 0) - (index * 2 + 5));
    expect(Math.min(...late)).toBe(0);
    expect(Math.max(...late)).toBeLessThanOrEqual(40);
    const times = arrivals.flat().map(({ at }) => at);
    expect(times).not.toEqual(times.toSorted((left, right) => left - right));
    expect(link.stats().reordered).toBe(late.filter((ms) => ms > 0).length);
  });

  test('a rule that is switched on does not change what the others draw', () => {
    const lost = (given: Conditions): number[] =>
      play(7, given).arrivals.flatMap((list, index) => (list.length === 0 ? [index] : []));
    const loss = { share: 0.2, burst: 5 };
    expect(lost({ loss }).length).toBeGreaterThan(20);
    expect(lost({ loss, corrupt: 0.5, duplicate: 0.5, delay: { min: 1, max: 9 } })).toEqual(lost({ loss }));
  });

  test('refuses conditions that make no sense, by name', () => {
    const bad: readonly [Conditions, string][] = [
      [{ loss: 1.5 }, 'loss'],
      [{ loss: { share: 0.1, burst: 0 } }, 'loss.burst'],
      [{ duplicate: -1 }, 'duplicate'],
      [{ corrupt: Number.NaN }, 'corrupt'],
      [{ reorder: { share: 2, window: 1 } }, 'reorder.share'],
      [{ rate: { bytesPerSecond: 0, queue: 1 } }, 'rate.bytesPerSecond'],
    ];
    for (const [given, name] of bad)
      expect(() => new Impairment(seededRandom(1), given)).toThrow(new RegExp(`^${name} must be`));
  });
});
