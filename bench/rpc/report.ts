/**
 * From the sessions of all rounds to the rows of the result. Pure.
 */
import { ratios, rounded, spread, type Spread } from '../harness/statistics.ts';
import { CASES, type Case, type Goal } from './cases.ts';
import type { Session } from './session.ts';

export type Judged = Goal & { readonly met: boolean | null };

export interface Row {
  readonly case: string;
  readonly unit: string;
  /** Null when it was never measured. */
  readonly ours: Spread | null;
  readonly peers: Readonly<Record<string, Spread | null>>;
  /** Ours over theirs: the median of the rounds' ratios. */
  readonly ratios: Readonly<Record<string, Spread>>;
  readonly goal: readonly Judged[];
  /** False when one goal is missed, true when all are met, null when it is open. */
  readonly met: boolean | null;
}

/** Something that went wrong without ending the bench. */
export interface Incident {
  readonly peer: string;
  readonly what: string;
  /** In which rounds, from 1. */
  readonly rounds: readonly number[];
}

/** The JSON document. */
export interface RpcReport {
  readonly bench: 'rpc';
  readonly node: string;
  readonly cpus: number;
  /** Complete rounds. */
  readonly rounds: number;
  /** Bytes of a payload. */
  readonly size: number;
  readonly date: string;
  readonly quick: boolean;
  /** Processes that wanted a CPU, averaged over a minute, before and after (`os.loadavg`). */
  readonly load: readonly [before: number, after: number];
  /** False where processes cannot be placed on CPUs: "two CPUs" and "one CPU" mean nothing then. */
  readonly placed: boolean;
  readonly rows: readonly Row[];
  readonly skipped: readonly { readonly peer: string; readonly reason: string }[];
  readonly incidents: readonly Incident[];
  /** By name: what one must know to read its figures. */
  readonly notes: Readonly<Record<string, string>>;
}

/** By name of the peer, one session per round. */
export type Sessions = ReadonlyMap<string, readonly Session[]>;

/** One row per case; `compared` names the peers in the order of their columns. */
export function rows(sessions: Sessions, compared: readonly string[]): readonly Row[] {
  return CASES.map((definition) => row(definition, sessions, definition.compared ? compared : []));
}

function row(definition: Case, sessions: Sessions, compared: readonly string[]): Row {
  const mine = figures(definition, sessions.get(definition.ours) ?? []);
  const peers: Record<string, Spread | null> = {};
  const found: Record<string, Spread> = {};
  for (const name of compared) {
    const theirs = figures(definition, sessions.get(name) ?? []);
    peers[name] = tidy(spread(known(theirs))) ?? null;
    const ratio = tidy(ratios(mine, theirs));
    if (ratio !== undefined) found[name] = ratio;
  }
  const ours = tidy(spread(known(mine))) ?? null;
  const goal = definition.goals.map((wanted) => judge(wanted, ours, found));
  return {
    case: definition.name,
    unit: definition.unit,
    ours,
    peers,
    ratios: found,
    goal,
    met: overall(goal),
  };
}

function judge(goal: Goal, ours: Spread | null, found: Readonly<Record<string, Spread>>): Judged {
  const value = goal.than === undefined ? ours?.median : found[goal.than]?.median;
  if (value === undefined) return { ...goal, met: null };
  return { ...goal, met: 'atMost' in goal ? value <= goal.atMost : value >= goal.atLeast };
}

/** Goals against peers that were not in the run do not keep the others from being met. */
function overall(goals: readonly Judged[]): boolean | null {
  const judged = goals.filter(({ met }) => met !== null);
  return judged.length === 0 ? null : judged.every(({ met }) => met === true);
}

const figures = (definition: Case, rounds: readonly Session[]): (number | undefined)[] =>
  rounds.map(({ steps }) => {
    const sample = steps[definition.step];
    return sample === undefined ? undefined : definition.figure(sample);
  });

const known = (values: readonly (number | undefined)[]): number[] =>
  values.filter((value) => value !== undefined);

const tidy = (found: Spread | undefined): Spread | undefined =>
  found && { median: rounded(found.median), min: rounded(found.min), max: rounded(found.max) };

/** What went wrong; the same in several rounds is said once. */
export function incidents(sessions: Sessions): readonly Incident[] {
  const found: Incident[] = [];
  for (const [peer, rounds] of sessions) {
    const byText = new Map<string, number[]>();
    for (const [index, done] of rounds.entries()) {
      for (const what of troubles(done)) {
        byText.set(what, [...(byText.get(what) ?? []), index + 1]);
      }
    }
    for (const [what, where] of byText) found.push({ peer, what, rounds: where });
  }
  return found;
}

function troubles({ steps, failure }: Session): readonly string[] {
  const found: string[] = [];
  for (const [name, { stalled, answered, unanswered, failed, failure: first }] of Object.entries(steps)) {
    if (stalled) found.push(`${name}: STALLED after ${answered} answers, ${unanswered} calls open`);
    else if (unanswered > 0) found.push(`${name}: ${unanswered} calls without an answer`);
    if (failed > 0) found.push(`${name}: ${failed} calls failed, first: ${first}`);
  }
  if (failure !== undefined) found.push(`FAILED: ${failure}`);
  return found;
}
