/**
 * What a node did last, for whoever looks: lookups, and the ways to peers that were tried.
 *
 * Plain data in two short rings, the newest last. Each entry stands for many messages or for a connection, so it is kept
 * whether anybody looks or not; whom a lookup asked is kept only while somebody has looked a moment ago. Times `at` are
 * milliseconds since 1970, all others are durations in ms.
 */

/** Lookups and ways kept. */
const LOOKUPS = 32;
const WAYS = 100;
/** Milliseconds after a look in which lookups keep whom they have asked. */
const WATCHED = 60_000;
/** Nodes of one lookup that are told of. */
export const ASKED = 48;

/** A lookup that is over. */
export interface LookupNote {
  /** When it ended. */
  readonly at: number;
  readonly kind: 'nodes' | 'providers' | 'store';
  /** What was looked for, hex. */
  readonly key: string;
  /** Of which procedure; empty: of none that is known here. */
  readonly procedure: string;
  readonly outcome: 'nodes' | 'providers' | 'stored' | 'unreachable';
  /** Nodes or providers found, or nodes that keep the record. */
  readonly found: number;
  readonly asked: number;
  readonly answered: number;
  readonly failed: number;
  /** Longest chain of referrals. */
  readonly hops: number;
  readonly took: number;
  /** In the order in which they were asked; undefined: nobody was looking. */
  readonly trace: readonly AskedNote[] | undefined;
}

/** A node that a lookup has asked. */
export interface AskedNote {
  readonly node: string;
  readonly address: string;
  /** Referrals from us to it, 1: we knew it. */
  readonly depth: number;
  /** Hex id of who named it; empty: we knew it. */
  readonly by: string;
  /** From the beginning of the lookup to the question. */
  readonly after: number;
  readonly outcome: 'answered' | 'failed' | 'late' | 'waiting';
}

/** How a way was tried: an address of the peer, a station that may lead to it, a hole in the NATs between. */
export type WayStep = 'dial' | 'relay' | 'punch';

export interface WayNote {
  /** When it ended. */
  readonly at: number;
  /** Hex id of the peer; empty when nobody at the address has proven one. */
  readonly peer: string;
  readonly step: WayStep;
  /** `host:port` that was dialed; hex id or `host:port` of the station. */
  readonly where: string;
  /** `given_up`: another way was faster, or nobody needed it any more. */
  readonly outcome: 'won' | 'failed' | 'given_up';
  /** Empty when it has won. */
  readonly why: string;
  readonly ms: number;
}

export class Recent {
  readonly #lookups: LookupNote[] = [];
  readonly #ways: WayNote[] = [];
  #watchedUntil = -Infinity;

  /** Oldest first. */
  get lookups(): readonly LookupNote[] {
    return this.#lookups;
  }

  /** Oldest first. */
  get ways(): readonly WayNote[] {
    return this.#ways;
  }

  /** Somebody looks: lookups that end from now on tell whom they have asked. @param now clock ms. */
  watch(now: number): void {
    this.#watchedUntil = now + WATCHED;
  }

  isWatched(now: number): boolean {
    return now < this.#watchedUntil;
  }

  lookup(note: LookupNote): void {
    if (this.#lookups.push(note) > LOOKUPS) this.#lookups.shift();
  }

  way(note: WayNote): void {
    if (this.#ways.push(note) > WAYS) this.#ways.shift();
  }
}
