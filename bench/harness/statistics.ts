/**
 * Medians and spreads. Pure.
 */

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The middle of `values`; of an even number of them the mean of the two in the middle. NaN when empty. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}

/** The value that a share `q` (0 … 1) of an ascending list lies below (nearest rank). NaN when empty. */
export const quantile = (ascending: ArrayLike<number>, q: number): number =>
  ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * q))] ?? Number.NaN;

/** Undefined when there is nothing to describe. */
export function spread(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/**
 * `ours / theirs`, round by round: two figures of one round saw the same machine. Rounds in which either is
 * missing or zero count for nothing.
 */
export function ratios(
  ours: readonly (number | undefined)[],
  theirs: readonly (number | undefined)[],
): Spread | undefined {
  const found: number[] = [];
  for (const [round, mine] of ours.entries()) {
    const other = theirs[round];
    if (mine !== undefined && other !== undefined && other > 0) found.push(mine / other);
  }
  return spread(found);
}

/** Three significant digits, for people and for JSON. */
export const rounded = (value: number): number => Number(value.toPrecision(3));
