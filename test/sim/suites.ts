/**
 * Which simulations a suite runs (RELIABILITY §12.6). Pure.
 */
import type { SimulationOptions } from '../../src/testing/simulation/configuration.ts';

export interface Job {
  readonly options: Omit<SimulationOptions, 'signal'>;
  /** Run again, and the traces compared. */
  readonly twice: boolean;
}

export interface Suite {
  readonly jobs: readonly Job[];
  /** Milliseconds of real time for all of it. */
  readonly limit: number;
}

const MINUTE = 60_000;
const HOUR = 3_600_000;
/** One seed in so many runs twice: determinism is an invariant itself. */
const TWICE = 20;

function many(
  count: number,
  name: string,
  options: Omit<SimulationOptions, 'signal' | 'seed'>,
): readonly Job[] {
  return Array.from({ length: count }, (_, n) => ({
    options: { seed: `${name} ${n}`, ...options },
    twice: n % TWICE === 0,
  }));
}

/** With so many nodes a few calls of each say as much. */
const LARGE = { services: 20, calls: 500, changes: 50, bursts: 100 };

export const SUITES: Readonly<Record<string, Suite>> = {
  ci: {
    // the long ones first, so that both threads end together
    jobs: [
      ...many(2, 'ci large', {
        nodes: 1_000,
        clients: 50,
        duration: MINUTE / 12,
        faults: 50,
        workload: LARGE,
      }).map((job) => ({
        ...job,
        twice: false,
      })),
      ...many(200, 'ci', { nodes: 50, duration: MINUTE / 6, faults: 25 }),
    ],
    limit: 12 * MINUTE,
  },
  soak: {
    jobs: [
      ...many(1, 'soak huge', {
        nodes: 10_000,
        clients: 0,
        duration: MINUTE / 6,
        faults: 0,
        workload: { services: 100, calls: 1_000, changes: 0, bursts: 0 },
      }),
      ...many(5, 'soak large', { nodes: 1_000, duration: MINUTE, faults: 500, workload: LARGE }),
      ...many(200, 'soak', { nodes: 50, duration: 5 * MINUTE }),
      ...many(10_000, 'soak small', { nodes: 20, duration: MINUTE }),
    ],
    limit: 24 * HOUR,
  },
};
