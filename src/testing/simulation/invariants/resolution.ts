/**
 * Invariants 15 and 20: what is served is found from everywhere. Pure.
 */

/** One question of the end: a call that must succeed. */
export interface Answered {
  readonly from: string;
  readonly service: string;
  /** `ok`, or the tag of the failure. */
  readonly how: string;
}

export const found = (answers: readonly Answered[]): readonly string[] =>
  answers
    .filter(({ how }) => how !== 'ok')
    .map(({ from, service, how }) => `${service}, which is served, called from ${from}: ${how}`);
