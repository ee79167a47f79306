/**
 * Which names the records of a cluster claim, and with which keys. Pure; time comes in, monotonic ms.
 *
 * A claim binds a name to the key that has signed it. When two keys claim one name, neither is bound: the cookie decides, as it
 * does without records. A node that came back with a new key is not kept out by its old record, and whoever signs for the
 * name of another node keeps nobody out. The user's own `keys` are above both.
 */
import { memberOf } from './member-record.ts';
import type { FoundRecord } from './source.ts';

/** Claims at most; the oldest that never was connected makes room. */
export const MAX_CLAIMS = 1_000;
/** Milliseconds after which a claim is over unless it is found again, whatever its record says. */
const LONGEST = 300_000;
/** With so many records an answer may not have room for all: who is missing in it may be there all the same. */
const WHOLE = 64;
/** Lookups in a row in which a node is missing that has left. */
const MISSES = 3;

interface Claim {
  readonly name: string;
  readonly key: Uint8Array;
  until: number;
  misses: number;
}

export interface Finding {
  /** Our own name. */
  readonly us: string;
  readonly now: number;
  readonly wall: number;
  /** Whether a node is one that has been connected. */
  readonly isProven: (name: string) => boolean;
}

export class Claims {
  /** By the id of the key, oldest first. */
  readonly #all = new Map<string, Claim>();

  get size(): number {
    return this.#all.size;
  }

  /** Takes over what one lookup has found. */
  take(found: readonly FoundRecord[], { us, now, wall, isProven }: Finding): void {
    const seen = new Set<string>();
    for (const record of found) {
      const name = memberOf(record, us);
      const left = record.expiresAt - wall;
      if (name === undefined || left <= 0) continue;
      const known = this.#all.get(record.nodeId);
      if (known === undefined && this.#all.size >= MAX_CLAIMS && !this.#makeRoom(isProven)) continue;
      seen.add(record.nodeId);
      const until = now + Math.min(LONGEST, left);
      if (known?.name === name) {
        known.until = until;
        known.misses = 0;
      } else {
        this.#all.set(record.nodeId, { name, key: Buffer.from(record.nodeId, 'hex'), until, misses: 0 });
      }
    }
    for (const [id, claim] of this.#all) {
      const hasLeft = !seen.has(id) && found.length < WHOLE && ++claim.misses >= MISSES;
      if (hasLeft || now >= claim.until) this.#all.delete(id);
    }
  }

  /** Forgets what is over. */
  sweep(now: number): void {
    for (const [id, { until }] of this.#all) if (now >= until) this.#all.delete(id);
  }

  names(): Iterable<string> {
    return new Set(Array.from(this.#all.values(), ({ name }) => name));
  }

  /** The one key that claims a name. */
  keyOf(node: string): Uint8Array | undefined {
    let only: Uint8Array | undefined;
    for (const { name, key } of this.#all.values()) {
      if (name !== node) continue;
      if (only !== undefined) return undefined;
      only = key;
    }
    return only;
  }

  #makeRoom(isProven: (name: string) => boolean): boolean {
    for (const [id, { name }] of this.#all) if (!isProven(name)) return this.#all.delete(id);
    return false;
  }
}
