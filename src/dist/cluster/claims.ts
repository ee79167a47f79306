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
/** Keys that claim one name: what more there are makes no difference. */
const RIVALS = 2;
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
  /** Ids of those who claim a name. */
  readonly #byName = new Map<string, Set<string>>();

  get size(): number {
    return this.#all.size;
  }

  /** Takes over what one lookup has found. */
  take(found: readonly FoundRecord[], finding: Finding): void {
    const seen = new Set<string>();
    for (const record of found) if (this.#take(record, finding)) seen.add(record.nodeId);
    const isWhole = found.length < WHOLE;
    for (const [id, claim] of this.#all)
      if (isWhole && !seen.has(id) && ++claim.misses >= MISSES) this.#drop(id, claim);
    this.sweep(finding.now);
  }

  /** Forgets what is over. */
  sweep(now: number): void {
    for (const [id, claim] of this.#all) if (now >= claim.until) this.#drop(id, claim);
  }

  names(): IterableIterator<string> {
    return this.#byName.keys();
  }

  /** The one key that claims a name. */
  keyOf(node: string): Uint8Array | undefined {
    const [id, ...rivals] = this.#byName.get(node) ?? [];
    return id === undefined || rivals.length > 0 ? undefined : this.#all.get(id)?.key;
  }

  /** False when it is about nobody, or there is no room. */
  #take(record: FoundRecord, { us, now, wall, isProven }: Finding): boolean {
    const { nodeId, expiresAt } = record;
    const name = memberOf(record, us);
    const left = expiresAt - wall;
    if (name === undefined || left <= 0) return false;
    const until = now + Math.min(LONGEST, left);
    const known = this.#all.get(nodeId);
    if (known?.name === name) {
      known.until = until;
      known.misses = 0;
      return true;
    }
    if (known !== undefined) this.#drop(nodeId, known);
    const rivals = this.#byName.get(name) ?? new Set();
    if (rivals.size >= RIVALS || (this.#all.size >= MAX_CLAIMS && !this.#makeRoom(isProven))) return false;
    this.#all.set(nodeId, { name, key: Buffer.from(nodeId, 'hex'), until, misses: 0 });
    this.#byName.set(name, rivals.add(nodeId));
    return true;
  }

  #drop(id: string, { name }: Claim): void {
    this.#all.delete(id);
    const rivals = this.#byName.get(name);
    rivals?.delete(id);
    if (rivals?.size === 0) this.#byName.delete(name);
  }

  #makeRoom(isProven: (name: string) => boolean): boolean {
    for (const [id, claim] of this.#all) {
      if (isProven(claim.name)) continue;
      this.#drop(id, claim);
      return true;
    }
    return false;
  }
}
