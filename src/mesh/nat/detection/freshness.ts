/**
 * How long what was measured of a NAT holds. Pure; times are ms.
 *
 * Fresh for 300 s, its end included, then stale for 60 s: good for now, and to be measured again; then forgotten. Source:
 * SPEC §8.2.
 */
export const PROFILE_TTL = 300_000;
export const PROFILE_GRACE = 60_000;

export type Freshness = 'fresh' | 'stale' | 'miss';

export function freshness(age: number, ttl: number = PROFILE_TTL, grace: number = PROFILE_GRACE): Freshness {
  if (age <= ttl) return 'fresh';
  return age <= ttl + grace ? 'stale' : 'miss';
}
