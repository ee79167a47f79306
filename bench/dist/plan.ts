/**
 * How many rounds, and how long each thing takes in one.
 */
import type { BenchOptions } from '../harness/bench.ts';
import { planned as rpcPlanned, type Plan as SessionPlan } from '../rpc/plan.ts';

export interface Plan {
  readonly rounds: number;
  /** Milliseconds after which no new round begins. */
  readonly budget: number;
  /** Between two nodes of ours. */
  readonly sessions: SessionPlan;
  /** With Erlang: milliseconds before anything is counted in a round, before each count, and counted. */
  readonly cold: number;
  readonly warm: number;
  readonly window: number;
  /** With Erlang: how often each thing is done in a round, by both in turn. The median counts. */
  readonly turns: number;
  /** Codecs: milliseconds before counting, and counted. */
  readonly codecs: { readonly warm: number; readonly window: number };
}

/** A message of 64 MiB may take seconds on a loaded machine: that is no stall. */
const STALL = 15_000;

const FULL = {
  rounds: 5,
  budget: 1_200_000,
  cold: 2_000,
  warm: 100,
  window: 300,
  turns: 7,
  codecs: { warm: 300, window: 500 },
};
const QUICK = { ...FULL, rounds: 3, budget: 200_000, cold: 1_000, warm: 50, window: 150, turns: 5 };
const SMOKE = { ...FULL, rounds: 1, cold: 10, warm: 1, window: 10, turns: 1, codecs: { warm: 1, window: 5 } };

/** A number of rounds that was asked for is always run to its end. */
export function planned(options: BenchOptions): Plan {
  const { quick, smoke, rounds } = options;
  const own = smoke ? SMOKE : quick ? QUICK : FULL;
  const sessions = { ...rpcPlanned(options), stallAfter: STALL };
  return rounds === undefined ? { ...own, sessions } : { ...own, sessions, rounds, budget: Infinity };
}
