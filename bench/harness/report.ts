/**
 * The result of a bench: figures of all rounds in, rows with ratios and verdicts out. Pure.
 */
import { judge, overall, tidy, type Figures, type Goal, type Judged } from './goal.ts';
import { ratios, spread, type Spread } from './statistics.ts';

type Unit =
  | 'µs'
  | 'ms'
  | 's'
  | 'calls/s'
  | 'round trips/s'
  | 'calls'
  | 'messages'
  | 'connections'
  | 'KiB'
  | 'MB'
  | 'MB/s'
  | 'k/CPU s'
  | 'bytes'
  | 'times'
  | 'instructions'
  | '%';

/** One thing that is measured of us and of others. */
export interface Case {
  readonly name: string;
  readonly unit: Unit;
  /** Whose figure is ours. */
  readonly ours: string;
  readonly goals: readonly Goal[];
}

export interface Row {
  readonly case: string;
  readonly unit: string;
  /** Null when it was never measured. */
  readonly ours: Spread | null;
  readonly peers: Readonly<Record<string, Spread | null>>;
  /** Ours over theirs: the median of the rounds' ratios. */
  readonly ratios: Readonly<Record<string, Spread>>;
  readonly goal: readonly Judged[];
  /** False when one goal is missed, true when all that could be judged are met, null when all are open. */
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
export interface Report {
  readonly bench: string;
  /** What was done, in one line. */
  readonly what: string;
  readonly node: string;
  readonly cpus: number;
  /** Complete rounds. */
  readonly rounds: number;
  readonly date: string;
  readonly quick: boolean;
  /** Processes that wanted a CPU, averaged over a minute, before and after (`os.loadavg`). */
  readonly load: readonly [before: number, after: number];
  /** Which process ran on which CPU, or why that is unknown. */
  readonly placement: string;
  readonly rows: readonly Row[];
  readonly skipped: readonly { readonly peer: string; readonly reason: string }[];
  readonly incidents: readonly Incident[];
  /** By name: what one must know to read its figures. */
  readonly notes: Readonly<Record<string, string>>;
}

/** A row; `theirs` by peer in the order of their lines. */
export function row(definition: Case, ours: Figures, theirs: ReadonlyMap<string, Figures>): Row {
  const peers: Record<string, Spread | null> = {};
  const found: Record<string, Spread> = {};
  for (const [name, figures] of theirs) {
    peers[name] = tidy(spread(known(figures))) ?? null;
    const ratio = tidy(ratios(ours, figures));
    if (ratio !== undefined) found[name] = ratio;
  }
  const goal = definition.goals.map((wanted) =>
    judge(wanted, ours, wanted.than === undefined ? undefined : theirs.get(wanted.than)),
  );
  return {
    case: definition.name,
    unit: definition.unit,
    ours: tidy(spread(known(ours))) ?? null,
    peers,
    ratios: found,
    goal,
    met: overall(goal),
  };
}

/** What happened to a peer, by round; the same in several rounds is said once. */
export function incidentsOf(peer: string, byRound: readonly (readonly string[])[]): readonly Incident[] {
  const byText = new Map<string, number[]>();
  for (const [index, troubles] of byRound.entries())
    for (const what of troubles) byText.set(what, [...(byText.get(what) ?? []), index + 1]);
  return [...byText].map(([what, rounds]) => ({ peer, what, rounds }));
}

const known = (values: Figures): number[] => values.filter((value) => value !== undefined);
