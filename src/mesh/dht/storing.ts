/**
 * Which nodes a record is put on: the k closest to its key that answered, and in place of each that refuses or fails the next one.
 *
 * Pure. Our own node is one of them when it is close enough.
 */
import { K, type Contact } from './contact.ts';
import { compareDistance } from './node-id.ts';

/** Nodes that are tried for one record, at most: twice as many as should keep it. */
const TRIES = 2 * K;

export type Keeper = Contact | 'self';

export class Storing {
  readonly #candidates: Keeper[];
  readonly #wanted: number;
  #tried = 0;
  #open = 0;
  #stored = 0;

  /** @param closest who answered, nearest first. `self`: our id. */
  constructor(key: Uint8Array, self: Uint8Array, closest: readonly Contact[]) {
    const at = closest.findIndex(({ id }) => compareDistance(self, id, key) < 0);
    const place = at === -1 ? closest.length : at;
    this.#candidates = [...closest.slice(0, place), 'self', ...closest.slice(place)];
    this.#wanted = Math.min(K, this.#candidates.length);
  }

  /** The next one to try now. */
  next(): Keeper | undefined {
    if (this.#stored + this.#open >= this.#wanted || this.#tried >= TRIES) return undefined;
    const keeper = this.#candidates[this.#tried];
    if (keeper === undefined) return undefined;
    this.#tried++;
    this.#open++;
    return keeper;
  }

  /** One of them has answered, or has not. */
  settled(kept: boolean): void {
    this.#open--;
    if (kept) this.#stored++;
  }

  /** Nothing is under way and nobody is left. */
  get done(): boolean {
    return this.#open === 0;
  }

  get stored(): number {
    return this.#stored;
  }

  /** How many should keep it. */
  get of(): number {
    return this.#wanted;
  }
}
