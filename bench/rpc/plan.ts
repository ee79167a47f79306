/**
 * What is run, how long and how often.
 */

import type { BenchOptions } from '../harness/bench.ts';

/**
 * `apart` and `together`: client and server on two CPUs, on one. The system would choose for each peer as it
 * likes, and waking a process on another CPU costs more than most of what we measure.
 */
export type Placement = 'apart' | 'together' | 'free';

export interface Step {
  readonly name: StepName;
  /** Bytes of a payload. */
  readonly size: number;
  /** Calls at once. */
  readonly lanes: number;
  readonly placement: Placement;
}

export type StepName =
  | 'apart'
  | 'together'
  | 'inFlight'
  | 'bigApart'
  | 'bigInFlight'
  | 'flood512'
  | 'flood4096'
  | 'bigFlood'
  | 'huge';

/** Bytes of a small payload and of a big one. */
export const SMALL = 100;
export const BIG = 65_536;
/** Only distributions carry as much in one message. */
export const HUGE = 67_108_864;

const STEPS: Readonly<Record<StepName, Omit<Step, 'name'>>> = {
  apart: { size: SMALL, lanes: 1, placement: 'apart' },
  together: { size: SMALL, lanes: 1, placement: 'together' },
  inFlight: { size: SMALL, lanes: 64, placement: 'free' },
  bigApart: { size: BIG, lanes: 1, placement: 'apart' },
  bigInFlight: { size: BIG, lanes: 64, placement: 'free' },
  flood512: { size: SMALL, lanes: 512, placement: 'free' },
  flood4096: { size: SMALL, lanes: 4_096, placement: 'free' },
  // each on a stream of its own, at a limit of 100 streams
  bigFlood: { size: BIG, lanes: 512, placement: 'free' },
  huge: { size: HUGE, lanes: 1, placement: 'free' },
};

export const step = (name: StepName): Step => ({ name, ...STEPS[name] });

/** What every peer does that can carry it. */
export const COMMON: readonly StepName[] = ['apart', 'together', 'inFlight', 'bigApart', 'bigInFlight'];

export interface Plan {
  readonly rounds: number;
  /** Milliseconds before counting in the first step: the compiler of the engine needs about a second. */
  readonly coldWarm: number;
  /** The same in later steps. */
  readonly warm: number;
  /** Calls before counting in every step, unless that takes three times as long as the time above. */
  readonly warmCalls: number;
  /** Milliseconds counted, of each step. */
  readonly window: number;
  /** Milliseconds without an answer that count as a stall. */
  readonly stallAfter: number;
  /** Milliseconds after which no new round begins. */
  readonly budget: number;
  /** Also ours in other settings, not only as users start it. */
  readonly variants: boolean;
}

export const FULL: Plan = {
  rounds: 5,
  coldWarm: 1_500,
  warm: 500,
  warmCalls: 5_000,
  window: 2_000,
  stallAfter: 3_000,
  budget: 1_800_000,
  variants: true,
};

export const QUICK: Plan = {
  ...FULL,
  rounds: 3,
  coldWarm: 400,
  warm: 120,
  warmCalls: 1_000,
  window: 300,
  stallAfter: 2_000,
  budget: 150_000,
};

/** Proves that it runs. */
export const SMOKE: Plan = {
  ...FULL,
  rounds: 1,
  coldWarm: 20,
  warm: 10,
  warmCalls: 10,
  window: 40,
  // a loaded machine is not a stall
  stallAfter: 10_000,
  variants: false,
};

/** A smaller or larger number of rounds is always run to its end. */
export function planned({ quick, smoke, rounds }: BenchOptions): Plan {
  const plan = smoke ? SMOKE : quick ? QUICK : FULL;
  return rounds === undefined ? plan : { ...plan, rounds, budget: Infinity };
}

/** Milliseconds to start a process and to connect. */
export const START_LIMIT = 20_000;

/** Longest silence of a client that still works. */
export const silenceLimit = ({ coldWarm, window, stallAfter }: Plan): number =>
  3 * coldWarm + window + stallAfter + 15_000;
