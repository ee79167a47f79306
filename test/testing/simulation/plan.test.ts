/**
 * A plan is the seed's alone, and complete: given again it is the same one.
 */
import { expect, test } from 'vitest';

import { LIMITS } from '../../../src/testing/simulation/addresses.ts';
import { configurationOf, halfOf, stepsOf } from '../../../src/testing/simulation/plan.ts';
import type { Configuration } from '../../../src/testing/simulation/configuration.ts';
import { shrink } from '../../../src/testing/simulation/shrink.ts';

test('one seed gives one plan, another seed another one', () => {
  const [first, again, other] = ['a', 'a', 'b'].map((seed) => configurationOf({ seed }));
  expect(again).toEqual(first);
  expect(stepsOf(again as Configuration)).toEqual(stepsOf(first as Configuration));
  expect(other).not.toEqual(first);
});

test('a configuration is complete: it survives JSON, and given again it stays as it is', () => {
  const configuration = configurationOf({ seed: 7, nodes: 9, duration: 20_000 });
  expect(configurationOf(JSON.parse(JSON.stringify(configuration)))).toEqual(configuration);
});

test('with fewer faults the same calls are made at the same times', () => {
  const many = configurationOf({ seed: 'a', faults: 50 });
  const few = configurationOf({ seed: 'a', faults: 1 });
  expect(many.faults).toHaveLength(50);
  expect(stepsOf(few)).toEqual(stepsOf(many));
});

test('of the sixteen seeds of npm test two are split at least, longer than records and connections last', () => {
  const all = Array.from({ length: 16 }, (_, n) => configurationOf({ seed: String(n + 1), nodes: 20 }));
  const split = all.filter((one) => one.split > 0);
  expect(split.length).toBeGreaterThanOrEqual(2);
  for (const one of split) expect(one.split).toBeGreaterThan(90_000 + LIMITS.idleTimeout / 2);
});

test('nobody is split whose faults are given or who is too large, unless it is asked for', () => {
  const seeds = Array.from({ length: 40 }, (_, n) => n);
  const splits = (options: object): number =>
    seeds.filter((seed) => configurationOf({ seed, ...options }).split > 0).length;
  expect(splits({})).toBeGreaterThan(0);
  expect(splits({ faults: 0 })).toBe(0);
  expect(splits({ faults: [] })).toBe(0);
  expect(splits({ nodes: 21 })).toBe(0);
  expect(splits({ nodes: 1 })).toBe(0);
  expect(splits({ faults: 0, split: 1 })).toBe(40);
});

test('a half is half of the nodes, others with another seed, and the clients that know one of them', () => {
  const configuration = configurationOf({ seed: 'a', nodes: 11, clients: 30 });
  const half = halfOf(configuration);
  expect([...half].filter((index) => index < 11)).toHaveLength(5);
  for (let client = 11; client < 41; client++) expect(half.has(client)).toBe(half.has(client % 11));
  expect(halfOf(configuration)).toEqual(half);
  expect(halfOf({ ...configuration, seed: 'b' })).not.toEqual(half);
});

test.each([
  ['seed', {}],
  ['nodes', { seed: 1, nodes: 0 }],
  ['nodes', { seed: 1, nodes: 1.5 }],
  ['clients', { seed: 1, clients: -1 }],
  ['duration', { seed: 1, duration: Number.NaN }],
  ['faults', { seed: 1, faults: 'many' }],
  ['split', { seed: 1, split: -1 }],
  [
    'faults[0].kind',
    { seed: 1, faults: [{ at: 0, kind: 'flood', lasts: 1, who: 0, whom: 0, ways: 'both', size: 1 }] },
  ],
  ['workload.kinds', { seed: 1, workload: { kinds: [] } }],
  ['workload.services', { seed: 1, workload: { services: 0 } }],
  ['signal', { seed: 1, signal: 1 }],
  ['minutes', { seed: 1, minutes: 1 }],
])('%s: nonsense is a RangeError that names it', (name, options) => {
  expect(() => configurationOf(options as never)).toThrow(RangeError);
  expect(() => configurationOf(options as never)).toThrow(name);
});

test('shrinking keeps what makes it fail and drops the rest', async () => {
  const configuration = configurationOf({ seed: 'a', nodes: 64, clients: 10, faults: 60, split: 100_000 });
  const [culprit] = configuration.faults.filter(({ at }) => at < 30_000).slice(-1);
  let tries = 0;
  const small = await shrink(configuration, {
    tries: 1_000,
    fails: async ({ faults, nodes }) => {
      tries++;
      return nodes >= 3 && faults.some((fault) => fault === culprit);
    },
  });
  expect(small.faults).toEqual([culprit]);
  expect(small.nodes).toBe(4);
  expect(small.clients).toBe(0);
  expect(small.split).toBe(0);
  expect(small.workload.calls).toBe(0);
  expect(small.duration).toBeLessThan(60_000);
  expect(tries).toBeLessThan(200);
});

test('shrinking ends when it is told to, with the smallest that was found', async () => {
  const configuration = configurationOf({ seed: 'a' });
  const control = new AbortController();
  let tries = 0;
  const small = await shrink(configuration, {
    signal: control.signal,
    fails: async () => {
      if (++tries === 3) control.abort();
      return true;
    },
  });
  expect(tries).toBe(3);
  expect(small.duration).toBe(configuration.duration / 8);
  const given = await shrink(configuration, { signal: AbortSignal.abort() });
  expect(given).toBe(configuration);
});

test('shrinking looks for the invariants it is told of: without any nothing is smaller', async () => {
  const configuration = configurationOf({ seed: 'a', nodes: 1, clients: 0, duration: 2_000, faults: 0 });
  const options = { tries: 2, invariants: [15] };
  expect(await shrink(configuration, options)).toBe(configuration);
});

test('shrinking ends after so many tries', async () => {
  const configuration = configurationOf({ seed: 'a' });
  let tries = 0;
  await shrink(configuration, {
    tries: 5,
    fails: async () => {
      tries++;
      return true;
    },
  });
  expect(tries).toBe(5);
});
