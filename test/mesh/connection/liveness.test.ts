import { describe, expect, test } from 'vitest';
import {
  isSuspect,
  lastChance,
  longChance,
  look,
  MISSES,
  probeEvery,
  watchFrom,
  type Liveness,
} from '../../../src/mesh/connection/liveness.ts';

/** Looks in a row: how late each came, and how many packets had arrived by then. */
function after(looks: readonly { readonly late?: number; readonly arrivals: number }[], rtt = 0): Liveness {
  let state = watchFrom({ now: 0, arrivals: 0, rtt });
  for (const { late = 0, arrivals } of looks) state = look(state, { now: state.due + late, arrivals, rtt });
  return state;
}

describe('a peer that owes answers', () => {
  test('is asked every 100 ms, or every 1.5 round trips when that is longer', () => {
    expect([0, 50, 66, 100, 400].map(probeEvery)).toEqual([100, 100, 100, 150, 600]);
  });

  test('is asked every 1.5 s and waited for 3 s at most, whatever round trip the transport believes in', () => {
    expect([1_000, 20_000].map(probeEvery)).toEqual([1_500, 1_500]);
    expect([1_000, 20_000].map(lastChance)).toEqual([3_000, 3_000]);
  });

  test('has at least two seconds for the last question, unless it seems to have forgotten us', () => {
    expect([0, 100, 200, 1_000, 20_000].map(longChance)).toEqual([2_000, 2_000, 2_400, 12_000, 12_000]);
  });

  test('is suspect after three questions without an answer, and not before', () => {
    expect(MISSES).toBe(3);
    expect(isSuspect(after([{ arrivals: 0 }, { arrivals: 0 }]))).toBe(false);
    const third = after([{ arrivals: 0 }, { arrivals: 0 }, { arrivals: 0 }]);
    expect(isSuspect(third)).toBe(true);
    expect(third.due).toBe(400);
  });

  test('is trusted again by anything that arrived since', () => {
    expect(after([{ arrivals: 0 }, { arrivals: 0 }, { arrivals: 1 }]).misses).toBe(0);
    const back = after([{ arrivals: 0 }, { arrivals: 0 }, { arrivals: 0 }, { arrivals: 1 }]);
    expect(isSuspect(back)).toBe(false);
  });

  test('is not blamed for a look that our own event loop made late', () => {
    const late = { late: 300, arrivals: 0 };
    expect(after([late, late, late, late, late]).misses).toBe(0);
    expect(after([{ arrivals: 0 }, late, { arrivals: 0 }]).misses).toBe(2);
  });

  test('has max(500 ms, 3 round trips) for the last question', () => {
    expect([0, 100, 200, 1_000].map(lastChance)).toEqual([500, 500, 600, 3_000]);
  });
});
