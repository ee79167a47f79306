/** Which of several stations is dialed next, and when. */
import { describe, expect, test } from 'vitest';
import type { Random } from '../../../src/actor/random.ts';
import { seededRandom } from '../../../src/actor/random.ts';
import { delay, HEALTHY_AFTER, maxDelay } from '../../../src/mesh/peer/backoff.ts';
import { StationRing } from '../../../src/mesh/peer/station-ring.ts';

/** Draws the longest wait each time. */
const slow: Random = { ...seededRandom('ring'), float: () => 1 } as Random;

describe('one station', () => {
  test('waits as the backoff says, and counts from the beginning after 30 s of health', () => {
    const ring = new StationRing(1);
    let now = 0;
    for (let attempt = 0; attempt < 9; attempt++) {
      ring.lost(0, now, undefined, slow);
      expect(ring.next(0, now, slow)).toEqual({ at: 0, wait: maxDelay(attempt) });
      now += maxDelay(attempt);
    }
    ring.lost(0, now, HEALTHY_AFTER - 1, slow);
    expect(ring.next(0, now, slow)?.wait).toBe(maxDelay(9));
    ring.lost(0, now, HEALTHY_AFTER, slow);
    expect(ring.next(0, now, slow)?.wait).toBe(maxDelay(0));
  });

  test('draws what the backoff draws', () => {
    const ring = new StationRing(1);
    const [mine, plain] = [seededRandom('same'), seededRandom('same')];
    for (let attempt = 0; attempt < 20; attempt++) {
      ring.lost(0, 100, undefined, mine);
      expect(ring.next(0, 100, mine)?.wait).toBeCloseTo(delay(attempt, plain), 9);
    }
  });

  test('a refusal is the end', () => {
    const ring = new StationRing(1);
    ring.lost(0, 0, undefined, slow);
    expect([ring.exhausted, ring.closed]).toEqual([true, false]);
    ring.refuse(0);
    expect([ring.next(0, 0, slow), ring.closed]).toEqual([undefined, true]);
  });
});

describe('several stations', () => {
  test('are tried round and round, each with a backoff of its own', () => {
    const ring = new StationRing(3);
    let [at, now] = [0, 0];
    const tried: [number, number][] = [];
    for (let n = 0; n < 9; n++) {
      ring.lost(at, now, undefined, slow);
      const next = ring.next(at, now, slow)!;
      now += next.wait;
      at = next.at;
      tried.push([at, next.wait]);
    }
    // a moment before each new one, and then whoever has rested long enough
    expect(tried.slice(0, 2)).toEqual([
      [1, 250],
      [2, 250],
    ]);
    expect(new Set(tried.slice(2).map(([each]) => each))).toEqual(new Set([0, 1, 2]));
    for (const [, wait] of tried) expect(wait).toBeLessThanOrEqual(maxDelay(3));
  });

  test('the next one waits only a moment, however often the lost one was lost', () => {
    const ring = new StationRing(2);
    for (let n = 0; n < 10; n++) ring.lost(0, 0, undefined, slow);
    expect(ring.next(0, 0, slow)).toEqual({ at: 1, wait: 250 });
  });

  test('one that refuses is left out; it is over when all do', () => {
    const ring = new StationRing(3);
    ring.refuse(1);
    ring.lost(0, 0, undefined, slow);
    expect(ring.next(0, 0, slow)?.at).toBe(2);
    expect([ring.beside(0), ring.beside(2)]).toEqual([2, 0]);
    expect(ring.exhausted).toBe(false);
    ring.refuse(2);
    expect([ring.exhausted, ring.closed, ring.next(0, 0, slow)?.at]).toEqual([true, false, 0]);
    ring.refuse(0);
    expect([ring.closed, ring.next(0, 0, slow)]).toEqual([true, undefined]);
  });

  test('beside a connection in doubt the others come first, itself last', () => {
    const ring = new StationRing(3);
    expect([ring.beside(1), ring.beside(2), ring.beside(0)]).toEqual([2, 0, 1]);
    expect(new StationRing(1).beside(0)).toBe(0);
  });

  test('a dial has longer with each try, so that a station far away is reached in the end', () => {
    const ring = new StationRing(2);
    const times: number[] = [];
    for (let n = 0; n < 4; n++) {
      times.push(ring.patience(0, 3_000, 10_000));
      ring.lost(0, 0, undefined, slow);
    }
    expect(times).toEqual([3_000, 6_000, 10_000, 10_000]);
    expect(ring.patience(1, 3_000, 10_000)).toBe(3_000);
  });
});
