/**
 * What we want of a figure, and how far it is from there. Pure.
 */
import { median, ratios, rounded, type Spread } from './statistics.ts';

interface Wanted {
  /** Our figure over this peer's; without it our figure itself. One whose peer is not in the run stays open. */
  readonly than?: string;
  /** What we would like even better; never judged. */
  readonly stretch?: number;
  /** Taken off our figure before it is compared. */
  readonly allowance?: number;
  /** Why nobody can judge it yet. */
  readonly notBuilt?: string;
}

export type Goal = (Wanted & { readonly atMost: number }) | (Wanted & { readonly atLeast: number });

export type Judged = Goal & {
  /** Null when open. */
  readonly met: boolean | null;
  /** How many times better the figure must become: 1 and less is met. Null when open. */
  readonly distance: number | null;
};

/** By round; undefined where there is none. */
export type Figures = readonly (number | undefined)[];

/** `theirs`: the figures of the peer that the goal names. */
export function judge(goal: Goal, ours: Figures, theirs: Figures | undefined): Judged {
  const value = goal.notBuilt === undefined ? compared(goal, ours, theirs) : undefined;
  if (value === undefined) return { ...goal, met: null, distance: null };
  const met = 'atMost' in goal ? value <= goal.atMost : value >= goal.atLeast;
  return { ...goal, met, distance: distance(goal, value, met) };
}

/** Goals against peers that were not in the run do not keep the others from being met. */
export function overall(goals: readonly Judged[]): boolean | null {
  const judged = goals.filter(({ met }) => met !== null);
  return judged.length === 0 ? null : judged.every(({ met }) => met === true);
}

function compared(goal: Goal, ours: Figures, theirs: Figures | undefined): number | undefined {
  const { allowance = 0 } = goal;
  const mine = ours.map((figure) => (figure === undefined ? undefined : Math.max(0, figure - allowance)));
  if (goal.than !== undefined) return theirs === undefined ? undefined : ratios(mine, theirs)?.median;
  const known = mine.filter((figure) => figure !== undefined);
  // what must never happen may not happen in one round of three either
  if ('atMost' in goal && goal.atMost === 0) return known.length === 0 ? undefined : Math.max(...known);
  return known.length === 0 ? undefined : median(known);
}

function distance(goal: Goal, value: number, met: boolean): number | null {
  const found = 'atMost' in goal ? value / goal.atMost : goal.atLeast / value;
  if (Number.isFinite(found)) return rounded(found);
  return met ? 0 : null;
}

/** `≤ 3.5` and what else there is to say of it. */
export function goalText(goal: Goal): string {
  const text = 'atMost' in goal ? `≤ ${goal.atMost}` : `≥ ${goal.atLeast}`;
  const plus = goal.allowance === undefined ? '' : ` + ${goal.allowance}`;
  const stretch = goal.stretch === undefined ? '' : ` (better ${goal.stretch})`;
  return `${text}${plus}${stretch}`;
}

export const verdictText = ({ met, distance: left, notBuilt }: Judged): string => {
  if (notBuilt !== undefined) return `open: ${notBuilt}`;
  if (met === null) return 'open';
  return met ? 'yes' : left === null ? 'NO' : `NO, ${left}x away`;
};

export const tidy = (found: Spread | undefined): Spread | undefined =>
  found && { median: rounded(found.median), min: rounded(found.min), max: rounded(found.max) };
