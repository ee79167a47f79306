/**
 * What is run, how long and how often.
 */

/**
 * `apart` and `together`: client and server on two CPUs, on one. The system would choose for each peer as it
 * likes, and waking a process on another CPU costs more than most of what we measure.
 */
export type Placement = 'apart' | 'together' | 'free';

export interface Step {
  readonly name: 'apart' | 'together' | 'inFlight';
  /** Calls at once. */
  readonly lanes: number;
  readonly placement: Placement;
}

export const STEPS: readonly Step[] = [
  { name: 'apart', lanes: 1, placement: 'apart' },
  { name: 'together', lanes: 1, placement: 'together' },
  { name: 'inFlight', lanes: 64, placement: 'free' },
];

/** Without a network there is nothing to place. */
export const ALONE: readonly Step[] = [{ name: 'apart', lanes: 1, placement: 'free' }];

export interface Plan {
  readonly rounds: number;
  /** Bytes of a payload. */
  readonly size: number;
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
}

export const FULL: Plan = {
  rounds: 5,
  size: 100,
  coldWarm: 1_500,
  warm: 500,
  warmCalls: 5_000,
  window: 2_000,
  stallAfter: 3_000,
  budget: 600_000,
};

/** Ends within 40 s with the compiler before it. */
export const QUICK: Plan = {
  ...FULL,
  rounds: 3,
  coldWarm: 500,
  warm: 150,
  warmCalls: 2_000,
  window: 400,
  stallAfter: 1_000,
  budget: 31_000,
};

/** Milliseconds to start a process and to connect. */
export const START_LIMIT = 15_000;

/** Longest silence of a client that still works. */
export const silenceLimit = ({ coldWarm, window, stallAfter }: Plan): number =>
  3 * coldWarm + window + stallAfter + 5_000;
