/**
 * Which simulations a suite runs (RELIABILITY §12.6). Pure.
 */
import type { SimulationOptions } from '../../src/testing/simulation/configuration.ts';
import type { ChurnOptions } from './churn.ts';
import type { RoutingOptions } from './routing.ts';

export type Job =
  | {
      readonly kind: 'mesh';
      readonly options: Omit<SimulationOptions, 'signal'>;
      /** Run again, and the traces compared. */
      readonly twice: boolean;
    }
  | { readonly kind: 'routing'; readonly options: RoutingOptions; readonly twice: false }
  | { readonly kind: 'churn'; readonly options: ChurnOptions; readonly twice: false };

export interface Suite {
  readonly jobs: readonly Job[];
  /** Milliseconds of real time for all of it. */
  readonly limit: number;
}

const MINUTE = 60_000;
const HOUR = 3_600_000;
/** One seed in so many runs twice: determinism is an invariant itself. */
const TWICE = 20;
/** Milliseconds of a storm after which every part of a table was refreshed, and the records of the dead have ended. */
const LONG = MINUTE;
/**
 * Milliseconds in halves: connections fall silent, records end, and tables of 50 nodes lose whoever nobody talks to, by
 * two refreshes.
 */
const SPLIT = 200_000;

/** @param twice one in so many runs twice; 0: none. */
function many(
  count: number,
  name: string,
  options:
    Omit<SimulationOptions, 'signal' | 'seed'> | ((n: number) => Omit<SimulationOptions, 'signal' | 'seed'>),
  twice: number = TWICE,
): readonly Job[] {
  return Array.from({ length: count }, (_, n) => ({
    kind: 'mesh',
    options: { seed: `${name} ${n}`, ...(typeof options === 'function' ? options(n) : options) },
    twice: n % twice === 0,
  }));
}

/**
 * What 50 nodes go through, a seventh of them with stations and NATs. Most storms are short, and their nodes live for 70 s; of the others a few are cut in two
 * halves. Split, long and short ones are among those that run twice.
 */
function ciOptions(n: number): Omit<SimulationOptions, 'signal' | 'seed'> {
  const small = { nodes: 50, duration: MINUTE / 15, faults: 15, split: 0 };
  if (n % 16 === 4) return { ...small, split: SPLIT };
  const storm =
    n % 9 > 6 ? { ...small, duration: LONG, workload: { calls: 40, changes: 5, bursts: 10 } } : small;
  return n % 7 === 4 ? { ...storm, nat: true } : storm;
}

/** With so many nodes a few calls of each say as much. */
const LARGE = { services: 20, calls: 500, changes: 50, bursts: 100 };

/** They know each other from the start: a thousand that join take minutes, and are the soak's. */
const LARGE_CI = {
  nodes: 1_000,
  clients: 50,
  known: true,
  duration: MINUTE / 12,
  faults: 50,
  workload: LARGE,
};

/** RELIABILITY §7. */
export const ROUTING: readonly RoutingOptions[] = [
  { seed: 'huge', nodes: 10_000, lookups: 2_000, least: { exact: 1, readable: 1 } },
  { seed: 'large', nodes: 1_000, lookups: 2_000, least: { exact: 1, readable: 1 } },
  {
    seed: 'bad',
    nodes: 1_000,
    lookups: 2_000,
    loss: 0.05,
    deaths: 0.2,
    least: { exact: 0.99, readable: 0.995 },
    hops: Infinity,
  },
  {
    seed: 'worse',
    nodes: 1_000,
    lookups: 2_000,
    loss: 0.2,
    deaths: 0.5,
    refreshes: 2,
    least: { exact: 0.95, readable: 0.95 },
    hops: Infinity,
  },
];

/** RELIABILITY §7: as many as can be moved through a day. */
const CHURN: ChurnOptions = { seed: 'churn', nodes: 100, hours: 24, median: 60 };

export const SUITES: Readonly<Record<string, Suite>> = {
  ci: {
    // the long ones first, so that both threads end together
    jobs: [...many(2, 'ci large', LARGE_CI, 0), ...many(200, 'ci', ciOptions)],
    limit: 12 * MINUTE,
  },
  soak: {
    jobs: [
      ...ROUTING.map((options): Job => ({ kind: 'routing', options, twice: false })),
      { kind: 'churn', options: CHURN, twice: false },
      ...many(5, 'soak large', { nodes: 1_000, duration: MINUTE, faults: 500, workload: LARGE }),
      ...many(200, 'soak', (n) => ({ nodes: 50, duration: 5 * MINUTE, split: n % 8 === 0 ? SPLIT : 0 })),
      ...many(10_000, 'soak small', (n) => ({ nodes: 20, duration: MINUTE, nat: n % 4 === 3 })),
    ],
    limit: 24 * HOUR,
  },
};
