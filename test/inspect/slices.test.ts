import { describe, expect, test } from 'vitest';
import { inSlices } from '../../src/inspect/slices.ts';

/** A clock on which a millisecond passes with each look, and that counts turns of the event loop. */
function looked(): { now: () => number; later: (run: () => void) => void; turns: () => number } {
  let [time, turns] = [0, 0];
  return {
    now: () => time++,
    later: (run) => {
      turns++;
      setImmediate(run);
    },
    turns: () => turns,
  };
}

function* work(steps: number): Generator<undefined, number> {
  for (let step = 0; step < steps; step++) yield;
  return steps;
}

describe('inSlices', () => {
  test('gives the event loop its turn as often as the time of a slice is over, and what the work gives in the end', async () => {
    const clock = looked();
    expect(await inSlices(work(120), clock)).toBe(120);
    // a look at the clock each 4 steps, three of them in a slice
    expect(clock.turns()).toBe(10);
  });

  test('short work is done at once', async () => {
    const clock = looked();
    expect(await inSlices(work(3), clock)).toBe(3);
    expect(clock.turns()).toBe(0);
  });

  test('rejects with what the work throws, also in a later slice', async () => {
    function* fails(): Generator<undefined, never> {
      yield* work(100);
      throw new Error('it fails');
    }
    await expect(inSlices(fails(), looked())).rejects.toThrow('it fails');
  });
});
