/**
 * Which procedure a key of the DHT stands for, where its name is known here: a key is a hash, and says nothing to people.
 *
 * Names are hashed once, as many as there is room for.
 */
import { hex } from '../../mesh/context.ts';
import { procedureKey } from '../../mesh/dht/record.ts';

/** Names whose keys are remembered. */
const MOST = 1_000;

export class KeyNames {
  readonly #names = new Set<string>();
  readonly #byKey = new Map<string, string>();

  /** Names that are known here, the first `most` of them. */
  learn(names: Iterable<string>, most: number): void {
    let left = most;
    for (const name of names) {
      if (left-- <= 0 || this.#names.size >= MOST) return;
      if (this.#names.has(name)) continue;
      this.#names.add(name);
      this.#byKey.set(hex(procedureKey(name)), name);
    }
  }

  /** Forgets all when there is no room left, so that names of now are learned again. */
  tidy(): void {
    if (this.#names.size < MOST) return;
    this.#names.clear();
    this.#byKey.clear();
  }

  /** Empty: it is not known here. */
  nameOf(key: string): string {
    return this.#byKey.get(key) ?? '';
  }
}
