/**
 * How many nodes, records, lookups and rounds.
 */
import type { BenchOptions } from '../harness/bench.ts';

export interface Plan {
  readonly rounds: number;
  /** Milliseconds after which no new round begins. */
  readonly budget: number;
  readonly networks: readonly NetworkPlan[];
  /** Milliseconds from the beginning, the installation of peers included, after which what runs is given up and the rest left out. */
  readonly deadline: number;
  /** Milliseconds of each figure of the rules. */
  readonly window: number;
  /** Milliseconds without a word after which a contender is given up. */
  readonly silence: number;
}

/** A network and what to do with it. */
export interface NetworkPlan {
  /** Nodes. */
  readonly size: number;
  /** Milliseconds to warm up, before announcing and before looking up. */
  readonly warm: number;
  /** Milliseconds at most until those that keep connections have them. */
  readonly connect: number;
  /** Records that are announced. */
  readonly keys: number;
  /** Lookups while all live; all their times count. */
  readonly lookups: number;
  /** Lookups after deaths whose times count: fewer, for hyperdht takes seconds for each. */
  readonly churnLookups: number;
  /** Lookups after deaths in all, these first, for the share that succeeds: more of ours only. */
  readonly churnTries: number;
}

const QUICK_NETWORK = {
  warm: 1_000,
  connect: 30_000,
  keys: 12,
  lookups: 24,
  churnLookups: 5,
  churnTries: 60,
};
const FULL_NETWORK = {
  warm: 3_000,
  connect: 120_000,
  keys: 40,
  lookups: 80,
  churnLookups: 30,
  churnTries: 1_000,
};

const FULL: Plan = {
  rounds: 5,
  budget: 2_400_000,
  deadline: Infinity,
  networks: [
    { size: 20, ...FULL_NETWORK },
    { size: 100, ...FULL_NETWORK },
    // no goal: a look at what comes beyond
    { size: 300, ...FULL_NETWORK, keys: 20, lookups: 20, churnLookups: 10 },
  ],
  window: 500,
  silence: 600_000,
};

const QUICK: Plan = {
  rounds: 3,
  budget: 130_000,
  deadline: 215_000,
  networks: [
    // few: here hyperdht waits 6 s for each
    { size: 20, ...QUICK_NETWORK, churnLookups: 3 },
    { size: 100, ...QUICK_NETWORK },
  ],
  window: 150,
  silence: 100_000,
};

const SMOKE: Plan = {
  rounds: 1,
  budget: Infinity,
  deadline: Infinity,
  networks: [{ size: 5, warm: 1, connect: 1, keys: 2, lookups: 2, churnLookups: 2, churnTries: 2 }],
  window: 2,
  silence: 60_000,
};

/** A number of rounds that was asked for is always run to its end. */
export function planned({ quick, smoke, rounds }: BenchOptions): Plan {
  const plan = smoke ? SMOKE : quick ? QUICK : FULL;
  return rounds === undefined ? plan : { ...plan, rounds, budget: Infinity, deadline: Infinity };
}
