/** Which path is better, and how long its first packet waits. */
import { describe, expect, test } from 'vitest';

import { backup, choose, holdOff } from '../../../src/transport/paths/choice.ts';
import { retryPause, searchPause, SEARCH_QUESTIONS } from '../../../src/transport/paths/schedule.ts';

const direct = { rank: 0, rtt: 20 };
const relayed = { rank: 1, rtt: 5 };

describe('choose', () => {
  test('prefers what is direct, however slow, then what is clearly faster', () => {
    expect(choose([relayed, direct], relayed)).toBe(direct);
    const faster = { rank: 0, rtt: 14 };
    expect(choose([direct, faster], direct)).toBe(faster);
    for (const rtt of [15, 18, 20, 30, undefined]) {
      const other = { rank: 0, rtt };
      expect(choose([direct, other], direct)).toBe(direct);
    }
  });

  test('keeps the present path among fast ones that differ by less than a timer can tell', () => {
    const present = { rank: 0, rtt: 3 };
    expect(choose([present, { rank: 0, rtt: 0.5 }], present)).toBe(present);
  });

  test('leaves a path that is out of the race for any other, and stays when there is none', () => {
    expect(choose([relayed], direct)).toBe(relayed);
    expect(choose([], direct)).toBe(direct);
  });
});

describe('backup', () => {
  test('is what shares the fate of the present path least, then the faster one', () => {
    const [slow, other] = [
      { rank: 1, rtt: 50 },
      { rank: 0, rtt: 1 },
    ];
    expect(backup([direct, other, slow, relayed], direct)).toBe(relayed);
    expect(backup([direct, other], direct)).toBe(other);
    expect(backup([direct], direct)).toBeUndefined();
  });
});

describe('holdOff', () => {
  test('is half of what is gained and a millisecond, and nothing on a slower path or an unknown one', () => {
    expect(holdOff({ rank: 1, rtt: 40 }, { rank: 0, rtt: 10 })).toBe(16);
    expect(holdOff({ rank: 1, rtt: 10 }, { rank: 0, rtt: 40 })).toBe(0);
    expect(holdOff({ rank: 1, rtt: undefined }, { rank: 0, rtt: 10 })).toBe(0);
    expect(holdOff({ rank: 1, rtt: 40 }, { rank: 0, rtt: undefined })).toBe(0);
  });

  test('is bounded, whatever a peer makes us measure', () => {
    expect(holdOff({ rank: 1, rtt: 1e9 }, { rank: 0, rtt: 1 })).toBe(500);
  });
});

describe('the schedule', () => {
  test('asks an offered address 24 times within two seconds', () => {
    let at = 0;
    for (let asked = 1; asked < SEARCH_QUESTIONS; asked++) at += searchPause(asked);
    expect([at, at + searchPause(SEARCH_QUESTIONS)]).toEqual([1_900, 2_000]);
  });

  test('asks a dead path again later and later, a minute at most', () => {
    expect([0, 1, 2, 3].map((asked) => retryPause(1, asked))).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect([retryPause(3, 0), retryPause(50, 50)]).toEqual([4_000, 60_000]);
  });
});
