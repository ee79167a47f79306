/**
 * What is known of the NATs of others, by node id. Pure; times are clock ms.
 *
 * Fresh for 300 s, its end included, then stale for 60 s: good for now, and to be looked at again; then forgotten.
 * Bounded: beyond 10,000 entries the oldest leaves. What was read from the DHT is not published again by whoever read
 * it. Source: SPEC §8.2.
 */
export const PROFILE_TTL = 300_000;
export const PROFILE_GRACE = 60_000;
const LIMIT = 10_000;

export type Freshness = 'fresh' | 'stale' | 'miss';

export function freshness(age: number, ttl: number = PROFILE_TTL, grace: number = PROFILE_GRACE): Freshness {
  if (age <= ttl) return 'fresh';
  return age <= ttl + grace ? 'stale' : 'miss';
}

export type Found<Profile> =
  { readonly freshness: 'fresh' | 'stale'; readonly profile: Profile } | { readonly freshness: 'miss' };

const MISS = { freshness: 'miss' } as const;

export class ProfileCache<Profile> {
  /** Oldest first. */
  readonly #entries = new Map<string, { readonly profile: Profile; readonly at: number }>();
  readonly #limit: number;

  constructor(limit: number = LIMIT) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#entries.size;
  }

  put(nodeId: string, profile: Profile, now: number): void {
    this.#entries.delete(nodeId);
    this.#entries.set(nodeId, { profile, at: now });
    if (this.#entries.size <= this.#limit) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }

  find(nodeId: string, now: number): Found<Profile> {
    const entry = this.#entries.get(nodeId);
    if (entry === undefined) return MISS;
    const age = freshness(now - entry.at);
    if (age !== 'miss') return { freshness: age, profile: entry.profile };
    this.#entries.delete(nodeId);
    return MISS;
  }

  forget(nodeId: string): void {
    this.#entries.delete(nodeId);
  }
}
