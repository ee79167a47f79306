/**
 * How many rounds, and how often each thing happens in one.
 */
import type { BenchOptions } from '../harness/bench.ts';
import type { Phase } from '../harness/load.ts';

export interface Plan {
  readonly rounds: number;
  /** Milliseconds after which no new round begins, and after which what runs is given up. */
  readonly budget: number;
  readonly deadline: number;
  /** Throughput: of each size and way, in turns. */
  readonly turns: number;
  readonly phase: Phase;
  /** Relay RTTs, ms. */
  readonly rtts: readonly number[];
  /** First calls, each on a connection of its own, and calls on one that is there. */
  readonly firstCalls: number;
  readonly calls: number;
  /** Changes to a direct path with many calls in flight, and how many. */
  readonly upgrades: number;
  readonly crowd: number;
  /** Black holes, and new ports of each kind. */
  readonly holes: number;
  readonly rebinds: number;
  /** Stations killed and started again, and stations killed beside another one. */
  readonly restarts: number;
  readonly failovers: number;
  /** Milliseconds for which a killed station is away. */
  readonly away: number;
}

/** As many as one connection has under way to one peer. */
const CROWD = 4_000;

const FULL: Plan = {
  rounds: 3,
  budget: 1_800_000,
  deadline: Infinity,
  turns: 2,
  phase: { warm: 700, warmCalls: 1_000, window: 1_500, stallAfter: 3_000 },
  rtts: [0, 20, 60],
  firstCalls: 7,
  calls: 60,
  upgrades: 2,
  crowd: CROWD,
  holes: 4,
  rebinds: 2,
  restarts: 7,
  failovers: 7,
  away: 3_000,
};

const QUICK: Plan = {
  ...FULL,
  rounds: 1,
  deadline: 225_000,
  turns: 1,
  phase: { warm: 500, warmCalls: 500, window: 1_000, stallAfter: 3_000 },
  firstCalls: 5,
  calls: 50,
  upgrades: 1,
  holes: 3,
  restarts: 5,
  failovers: 5,
};

const SMOKE: Plan = {
  ...FULL,
  rounds: 1,
  deadline: 120_000,
  turns: 1,
  phase: { warm: 1, warmCalls: 1, window: 1, stallAfter: 3_000 },
  rtts: [0, 20],
  firstCalls: 1,
  calls: 2,
  upgrades: 1,
  crowd: 16,
  holes: 1,
  rebinds: 1,
  restarts: 1,
  failovers: 1,
  away: 100,
};

/** A number of rounds that was asked for is always run to its end. */
export function planned({ quick, smoke, rounds }: BenchOptions): Plan {
  const plan = smoke ? SMOKE : quick ? QUICK : FULL;
  return rounds === undefined ? plan : { ...plan, rounds, budget: Infinity, deadline: Infinity };
}
