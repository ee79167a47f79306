import { expect, test } from 'vitest';
import { run } from '../fuzz/fuzz.ts';
import { CORPUS_SIZE, inputAt } from '../fuzz/mutate.ts';

/** Enough to reach every rule; `npm run fuzz` does 1,000,000 of each under a watchdog. */
const INPUTS = 6_000;
const TERMS = 2_000;
const CONTROL = 4_000;

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

test.each([1, 20_260_101])(
  `${TERMS} fuzzed terms, control messages and handshakes of seed %i: only typed answers, and nobody is reached who was not exported`,
  (seed) => {
    const report = run(TERMS, seed, 'terms');
    expect(report.crashes).toEqual([]);
    expect(report.inputs).toBe(TERMS);
  },
);

test.each([1, 20_260_101])(
  `${CONTROL} fuzzed control streams of seed %i: messages as they may be or none, however the streams are cut`,
  (seed) => {
    const report = run(CONTROL, seed, 'control');
    expect(report.crashes).toEqual([]);
    expect(report.inputs).toBe(CONTROL);
  },
);
