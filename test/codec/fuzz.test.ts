import { expect, test } from 'vitest';
import { run } from '../fuzz/fuzz.ts';
import { CORPUS_SIZE, inputAt } from '../fuzz/mutate.ts';

/** Enough to reach every rule; `npm run fuzz` does 1,000,000 under a watchdog. */
const INPUTS = 6_000;

test.each([1, 20_260_101])(
  `${INPUTS} fuzzed inputs of seed %i: only typed answers, the same as a second reader gives`,
  (seed) => {
    const report = run(INPUTS, seed);
    expect(report.crashes).toEqual([]);
    expect(report.inputs).toBe(INPUTS);
  },
);

test('an input is the same each time it is asked for, and another for another seed', () => {
  const at = CORPUS_SIZE + 17;
  expect(inputAt(1, at)).toEqual(inputAt(1, at));
  expect(inputAt(1, at)).not.toEqual(inputAt(2, at));
});
