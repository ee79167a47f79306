/**
 * How many rounds, and how often and how long each thing is done in one.
 */
import type { BenchOptions } from '../harness/bench.ts';
import type { Phase } from '../harness/load.ts';

export interface Plan {
  readonly rounds: number;
  /** Milliseconds after which no new round begins. */
  readonly budget: number;
  /** With Erlang: milliseconds before anything is counted in a round, before each count, and counted. */
  readonly cold: number;
  readonly warm: number;
  readonly window: number;
  /** With Erlang: how often each thing is done in a round, by each way in turn. The median counts. */
  readonly turns: number;
  /** The same of 64 MiB, each of which takes as long as many others. */
  readonly hugeTurns: number;
  /** Between two nodes of ours. */
  readonly phase: Phase;
  /** Relays killed and started again, and relays killed beside another one. */
  readonly restarts: number;
  readonly failovers: number;
  /** Milliseconds for which a killed relay is away. */
  readonly away: number;
  readonly crowd: CrowdPlan;
}

/** Many tunnels at once. Milliseconds. */
export interface CrowdPlan {
  readonly tunnels: number;
  /** Before anything is counted: what a tunnel may send at once is sent. */
  readonly warm: number;
  readonly window: number;
  /** For which nobody reads. */
  readonly stall: number;
}

const FULL: Plan = {
  rounds: 5,
  budget: 1_800_000,
  cold: 2_000,
  warm: 100,
  window: 300,
  turns: 13,
  hugeTurns: 3,
  phase: { warm: 1_000, warmCalls: 500, window: 1_500, stallAfter: 5_000 },
  restarts: 4,
  failovers: 4,
  away: 3_000,
  crowd: { tunnels: 100, warm: 3_000, window: 10_000, stall: 8_000 },
};

const QUICK: Plan = {
  ...FULL,
  rounds: 1,
  turns: 5,
  cold: 1_000,
  window: 200,
  phase: { ...FULL.phase, warm: 700, window: 800 },
  restarts: 3,
  failovers: 3,
  // what a tunnel may send at once is 4 % of it
  crowd: { tunnels: 100, warm: 2_000, window: 6_000, stall: 4_000 },
};

const SMOKE: Plan = {
  ...FULL,
  rounds: 1,
  cold: 10,
  warm: 1,
  window: 10,
  turns: 1,
  hugeTurns: 1,
  phase: { warm: 1, warmCalls: 1, window: 10, stallAfter: 5_000 },
  restarts: 1,
  failovers: 1,
  away: 100,
  crowd: { tunnels: 8, warm: 100, window: 300, stall: 200 },
};

/** A number of rounds that was asked for is always run to its end. */
export function planned({ quick, smoke, rounds }: BenchOptions): Plan {
  const plan = smoke ? SMOKE : quick ? QUICK : FULL;
  return rounds === undefined ? plan : { ...plan, rounds, budget: Infinity };
}
