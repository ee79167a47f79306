/**
 * What the mesh said about who serves what, for at most a minute.
 *
 * Pure: times come in, monotonic ms unless `wall` is said. An entry lives as long as the cache's ttl, the ttl it is
 * put with and the earliest end of its records allow, whichever is least; it is over when its age is equal to that,
 * so a life of 0 is never found. An empty list is an answer too (nobody serves it), believed for a few seconds.
 * In the last sixth of its life a hit says, once, that somebody should look again, so that a name in use is never
 * waited for twice. Bounded: beyond the limit the oldest entry that was not found since leaves.
 * Source: SPEC §5, seed 000; negative entries and refreshing are ours.
 */
import { seconds } from '../../actor/clock.ts';
import type { Value } from '../../codec/value.ts';
import { weightOf } from '../connection/weight.ts';
import type { RemoteProvider } from './remote-provider.ts';

/** Longest life of what was found, milliseconds (seed 000). */
export const CACHE_TTL: number = seconds(60);
/** How long an empty answer is believed, milliseconds: a service that has just started should not wait longer. */
export const NEGATIVE_TTL: number = seconds(5);
/** Names at most. */
const LIMIT = 10_000;
/** Providers of all of them together. */
const PROVIDERS = 65_536;
/** What these may hold in memory, bytes, about: metadata of 3 KiB may take ten times that. */
const WEIGHT = 67_108_864;
/** A provider without its metadata and addresses. */
const PROVIDER_WEIGHT = 200;
/** The part of its life after which an entry is looked up again when it is used. */
const FRESH = 5 / 6;
/** Used entries that an eviction passes over before it takes whoever is next. */
const CHANCES = 8;

export interface ProviderCacheOptions {
  /** Milliseconds. */
  readonly ttl?: number;
  readonly negativeTtl?: number;
  readonly limit?: number;
  readonly providers?: number;
  /** Bytes. */
  readonly weight?: number;
}

export interface CacheStats {
  /** Names in it, those that are over and not yet pruned included. */
  readonly size: number;
  /** Answers from it, empty ones included. */
  readonly hits: number;
  readonly misses: number;
  /** Of the hits, those that said that nobody serves it. */
  readonly negativeHits: number;
  /** Entries that left for lack of room. */
  readonly evictions: number;
  /** Hits of all that asked; 0 when nobody did. */
  readonly cacheHitRatio: number;
}

const weightOfProvider = ({ endpoints, metadata }: RemoteProvider): number =>
  PROVIDER_WEIGHT + weightOf(endpoints) + weightOf(metadata as Value);

/** An answer of the mesh. */
export class CacheEntry {
  /** Empty: nobody serves it. */
  readonly providers: readonly RemoteProvider[];
  /** Of the providers. */
  readonly weight: number;
  /** Monotonic ms at which it was put. */
  readonly since: number;
  /** Monotonic ms at which it is over. */
  readonly until: number;
  /** From when on a hit asks for a refresh; Infinity once one has, and for an empty answer. */
  #refreshFrom: number;
  /** Whether it was found since an eviction looked at it. */
  used: boolean;

  constructor(providers: readonly RemoteProvider[], since: number, until: number, refreshFrom: number) {
    this.providers = providers;
    this.since = since;
    this.weight = providers.reduce((sum, provider) => sum + weightOfProvider(provider), 0);
    this.until = until;
    this.#refreshFrom = refreshFrom;
    this.used = false;
  }

  /** True once in its life, when it nears its end: whoever is told so has it looked up again. */
  claimRefresh(now: number): boolean {
    if (now < this.#refreshFrom) return false;
    this.#refreshFrom = Infinity;
    return true;
  }

  /** The same answer without one provider, as old as it is; undefined when that was the last. */
  without(nodeId: string): CacheEntry | undefined {
    const rest = this.providers.filter((provider) => provider.nodeId !== nodeId);
    if (rest.length === this.providers.length) return this;
    return rest.length === 0 ? undefined : new CacheEntry(rest, this.since, this.until, this.#refreshFrom);
  }
}

export class ProviderCache {
  readonly #entries = new Map<string, CacheEntry>();
  readonly #ttl: number;
  readonly #negativeTtl: number;
  readonly #limit: number;
  readonly #most: number;
  readonly #heaviest: number;
  #providers = 0;
  #weight = 0;
  #hits = 0;
  #misses = 0;
  #negativeHits = 0;
  #evictions = 0;

  constructor(options: ProviderCacheOptions = {}) {
    const { ttl = CACHE_TTL, negativeTtl = NEGATIVE_TTL } = options;
    const { limit = LIMIT, providers = PROVIDERS, weight = WEIGHT } = options;
    this.#ttl = ttl;
    this.#negativeTtl = Math.min(ttl, negativeTtl);
    this.#limit = limit;
    this.#most = providers;
    this.#heaviest = weight;
  }

  /** What is known and not over; counts. Allocates nothing. */
  find(procedure: string, now: number): CacheEntry | undefined {
    const entry = this.#entries.get(procedure);
    if (entry === undefined || now >= entry.until) {
      this.#misses++;
      return undefined;
    }
    this.#hits++;
    if (entry.providers.length === 0) this.#negativeHits++;
    entry.used = true;
    return entry;
  }

  /** The same, for those who have asked before; counts nothing. */
  peek(procedure: string, now: number): CacheEntry | undefined {
    const entry = this.#entries.get(procedure);
    return entry !== undefined && now < entry.until ? entry : undefined;
  }

  /** All names in it and what is known of them, those that are over and not yet pruned included. Counts nothing. */
  entries(): IterableIterator<[procedure: string, entry: CacheEntry]> {
    return this.#entries.entries();
  }

  /** The names alone. */
  names(): IterableIterator<string> {
    return this.#entries.keys();
  }

  /**
   * Puts an answer in the place of an older one. Records that are over are left out.
   * @param ttl milliseconds it may live at most, whatever its records say.
   */
  put(
    procedure: string,
    providers: readonly RemoteProvider[],
    now: number,
    wall: number,
    ttl: number = Infinity,
  ): void {
    const live = providers.filter(({ expiresAt }) => expiresAt > wall);
    let life = Math.min(ttl, live.length === 0 ? this.#negativeTtl : this.#ttl);
    for (const { expiresAt } of live) life = Math.min(life, expiresAt - wall);
    this.#remove(procedure);
    const refreshFrom = live.length === 0 ? Infinity : now + life * FRESH;
    this.#add(procedure, new CacheEntry(live, now, now + life, refreshFrom));
  }

  /** A provider has proven to be gone. What is left of the entry lives as long as before. */
  forget(procedure: string, nodeId: string): void {
    const entry = this.#entries.get(procedure);
    const rest = entry?.without(nodeId);
    if (rest === entry) return;
    this.#remove(procedure);
    // without its last provider it says nothing: somebody else may serve it by now
    if (rest !== undefined) this.#add(procedure, rest);
  }

  /** Removes what is over; gives how many. */
  pruneExpired(now: number): number {
    const before = this.#entries.size;
    for (const [procedure, { until }] of this.#entries) if (now >= until) this.#remove(procedure);
    return before - this.#entries.size;
  }

  clear(): void {
    this.#entries.clear();
    this.#providers = 0;
    this.#weight = 0;
  }

  stats(): CacheStats {
    const asked = this.#hits + this.#misses;
    return {
      size: this.#entries.size,
      hits: this.#hits,
      misses: this.#misses,
      negativeHits: this.#negativeHits,
      evictions: this.#evictions,
      cacheHitRatio: asked === 0 ? 0 : this.#hits / asked,
    };
  }

  #add(procedure: string, entry: CacheEntry): void {
    while (this.#entries.size > 0 && !this.#hasRoom(entry)) this.#evict();
    this.#entries.set(procedure, entry);
    this.#providers += entry.providers.length;
    this.#weight += entry.weight;
  }

  #hasRoom({ providers, weight }: CacheEntry): boolean {
    if (this.#entries.size >= this.#limit) return false;
    return this.#providers + providers.length <= this.#most && this.#weight + weight <= this.#heaviest;
  }

  #evict(): void {
    for (let chance = 0; ; chance++) {
      // there is one: it is called with entries only
      const [procedure, entry] = this.#entries.entries().next().value as [string, CacheEntry];
      if (!entry.used || chance === CHANCES) {
        this.#remove(procedure);
        this.#evictions++;
        return;
      }
      entry.used = false;
      this.#entries.delete(procedure);
      this.#entries.set(procedure, entry);
    }
  }

  #remove(procedure: string): void {
    const entry = this.#entries.get(procedure);
    if (entry === undefined) return;
    this.#entries.delete(procedure);
    this.#providers -= entry.providers.length;
    this.#weight -= entry.weight;
  }
}
