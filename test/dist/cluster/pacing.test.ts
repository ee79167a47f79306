import { describe, expect, test } from 'vitest';
import { seededRandom, type Random } from '../../../src/actor/random.ts';
import { firstDial, nextDial, nextPoll } from '../../../src/dist/cluster/pacing.ts';

const drawn = (draw: (random: Random) => number): readonly number[] => {
  const random = seededRandom('pacing');
  return Array.from({ length: 1_000 }, () => draw(random));
};

describe('firstDial', () => {
  test('the greater name dials at once, the lesser lets it go first for half a second to a second', () => {
    expect(new Set(drawn((random) => firstDial('9@b', '9@a', random)))).toEqual(new Set([0]));
    const lesser = drawn((random) => firstDial('9@a', '9@b', random));
    expect(Math.min(...lesser)).toBeGreaterThanOrEqual(500);
    expect(Math.max(...lesser)).toBeLessThanOrEqual(1_000);
  });
});

describe('nextDial', () => {
  test('waits are spread below 250 ms that double up to 16 s', () => {
    for (const [attempt, most] of [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 16_000].entries()) {
      const waits = drawn((random) => nextDial('9@b', '9@a', attempt, random));
      expect(Math.min(...waits)).toBeLessThan(most / 50);
      expect(Math.max(...waits)).toBeGreaterThan(most * 0.98);
      expect(Math.max(...waits)).toBeLessThanOrEqual(most);
    }
  });
});

describe('nextPoll', () => {
  test('ten lookups come quickly, then one in five seconds, a quarter more or less', () => {
    for (const [polls, mean] of [
      [0, 500],
      [9, 500],
      [10, 5_000],
      [1_000, 5_000],
    ] as const) {
      const waits = drawn((random) => nextPoll(polls, random));
      expect(Math.min(...waits)).toBeGreaterThanOrEqual(mean * 0.75);
      expect(Math.max(...waits)).toBeLessThanOrEqual(mean * 1.25);
      expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(mean * 0.45);
    }
  });
});
