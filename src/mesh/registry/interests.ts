/**
 * Names a user will call soon, to be looked up before that. Pure. Source: SPEC §3, Interests.
 */

/** Names at most: each costs a lookup when the mesh is ready. */
export const MAX_INTERESTS = 1_000;

/** The names in what a user gave: strings that say something; a bare string counts as one. */
export function interestsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return value === '' ? [] : [value];
  if (!Array.isArray(value)) return [];
  return value.filter((name): name is string => typeof name === 'string' && name !== '');
}

/** All of both, once each, sorted. */
export const mergeInterests = (known: readonly string[], added: readonly string[]): readonly string[] =>
  [...new Set([...known, ...added])].toSorted();
