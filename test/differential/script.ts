/**
 * A script for a supervisor: a tree, and what is done to it step by step. Plain data, so that OTP's supervisor
 * (`driver.erl`) and ours (`replay.ts`) can play the same one. OTP §3.
 *
 * Both write a trace: one line a step, `result; event; event; = state`. Events: `+a#2` (child `a` runs, for the
 * second time), `+a error` (its start did not come to that), `+s` (the start of supervisor `s` begins),
 * `-a#1 boom` (it ended, why), `!context a reason` (a supervisor's report, of a template's children under the template's id). The state lists the living
 * supervisors, `root[b- a#2]2/1/0/2`, children as `whichChildren` has them and `countChildren`; it is left out when
 * it has not changed. Times and pids do not appear.
 */

/** `shutdown:x` is the reason `{ shutdown: 'x' }`. */
export type Reason = 'normal' | 'shutdown' | 'shutdown:x' | 'boom' | 'kill';

/** What the next starts of a child come to; when the plan is used up, `ok`. */
export type Outcome = 'ok' | 'error' | 'crash' | 'ignore';

/**
 * How a worker takes the order to end. Absent: it does not trap exits. `linger`: it takes 10 ms. `stubborn`: it
 * never goes. Anything else: it ends with that reason instead.
 */
export type StopStyle = 'obey' | 'linger' | 'stubborn' | Exclude<Reason, 'kill'>;

export interface ChildScript {
  readonly id: string;
  /** Default `permanent`. */
  readonly restart?: 'transient' | 'temporary';
  /** Milliseconds; default 5,000, supervisors `infinity`. */
  readonly shutdown?: number | 'brutal' | 'infinity';
  readonly stop?: StopStyle;
  readonly significant?: true;
  /** It is a supervisor. */
  readonly tree?: TreeScript;
}

export interface TreeScript {
  /** `simpleOneForOne`: its one child is the template of all, each started with its id; ours is a DynamicSupervisor. */
  readonly strategy: 'oneForOne' | 'oneForAll' | 'restForOne' | 'simpleOneForOne';
  readonly intensity: number;
  /** Whole seconds. Default 1,000: all restarts count. */
  readonly period?: number;
  /** Default `never`. */
  readonly auto?: 'anySignificant' | 'allSignificant';
  readonly children: readonly ChildScript[];
}

/** A request to the supervisor named second. */
export type Request =
  | readonly ['start', string, ChildScript]
  /** By id; refused by a supervisor with a template. */
  | readonly ['terminate' | 'restart' | 'delete', string, string]
  | readonly ['which' | 'count', string]
  /** One more of the template under this id; stops the newest of this id, dead or alive, by its pid. */
  | readonly ['spawn' | 'dismiss', string, string];

/** Somebody ends: a worker by itself, or by an exit signal from outside. */
export type Ending =
  readonly ['crash', string, Exclude<Reason, 'kill'>] | readonly ['signal', string, Reason];

export type Op =
  | Request
  | Ending
  | readonly ['plan', string, readonly Outcome[]]
  /**
   * A worker ends, and its next start waits until all the items are on their way to its supervisor; then the start
   * comes to the first outcome, later ones to the rest. When there is no such start the items are done in turn.
   */
  | readonly ['during', string, Exclude<Reason, 'kill'>, readonly Outcome[], readonly (Request | Ending)[]]
  | readonly ['unlink', string]
  /** A supervisor is killed with whatever hangs on it; the events of this step are compared as a set. */
  | readonly ['kill_tree', string]
  /** Longer than the period of the tree. */
  | readonly ['pause'];

export interface Script {
  readonly seed: number;
  readonly tree: TreeScript;
  /** The plans it begins with hold for the start of the tree. At the end the tree is stopped. */
  readonly ops: readonly Op[];
}

/** What one machine made of a script. The first line is the start of the tree. */
export type Trace = readonly string[];

/** What is committed: OTP's release, the script, its trace there. */
export interface Fixture extends Script {
  readonly otp: string;
  readonly trace: Trace;
}

/** Milliseconds that `linger` takes, and a pause; `driver.erl` has the same. */
export const LINGER = 10;
export const PAUSE = 3_100;
/** Seconds: the period of a script with pauses, and of one without, which counts all of its restarts. */
export const SHORT_PERIOD = 2;
export const LONG_PERIOD = 1_000;
