/**
 * The paths of one link by address: at most six (TRANSPORT §12), and which of them makes room. Pure.
 */
import type { Candidate, Origin } from './candidate.ts';

/** Paths remembered per link; further sources are not followed. */
export const MAX_PATHS = 6;

export function find(candidates: readonly Candidate[], host: string, port: number): Candidate | undefined {
  for (const candidate of candidates) if (candidate.isAt(host, port)) return candidate;
  return undefined;
}

/**
 * Makes room for one more. What was only found goes first, the one silent longest, proven ones last; for an offer also
 * what was offered and is dead. Never the active path. False when there is no room.
 */
export function room(candidates: Candidate[], active: Candidate, origin: Origin): boolean {
  if (candidates.length < MAX_PATHS) return true;
  const dispensable = candidates.filter(
    (one) => one !== active && (one.origin === 'found' || (origin === 'offered' && one.health === 'dead')),
  );
  const [first, ...others] = dispensable;
  if (first === undefined) return false;
  const oldest = others.reduce((least, one) => (before(one, least) ? one : least), first);
  candidates.splice(candidates.indexOf(oldest), 1);
  return true;
}

function before(one: Candidate, other: Candidate): boolean {
  if ((one.origin === 'found') !== (other.origin === 'found')) return one.origin === 'found';
  return one.proven === other.proven ? one.heard < other.heard : other.proven;
}
