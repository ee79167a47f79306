/**
 * Who serves what at this node: its own handlers, those of local clients, and connected clients.
 *
 * Pure state, owned by the service registry and read by the router. One provider per procedure and owner: a
 * second advertise by the same owner replaces the first; by another it is one more provider, unless the first
 * is exclusive (DESIGN §8, Second advertise). Bounded by `limit` entries in all.
 */
import type { Process } from '../../actor/process.ts';

export interface Provider {
  /** Identifies this advertisement; a handle of a replaced one does nothing. */
  readonly id: string;
  readonly procedure: string;
  /** `node`, a local client, or a connection. */
  readonly owner: string;
  readonly exclusive: boolean;
  readonly target:
    /** A procedure process of ours, by name. */
    | { readonly kind: 'handler'; readonly name: string }
    /** A connected client. */
    | { readonly kind: 'peer'; readonly connection: Process; readonly nodeId: string };
  /** Calls given to it that are not settled. */
  inFlight: number;
}

export type AddResult =
  | { readonly tag: 'added' }
  | { readonly tag: 'replaced'; readonly previous: Provider }
  | { readonly tag: 'exclusive' }
  | { readonly tag: 'full' };

/** Providers a table holds at most. */
export const TABLE_LIMIT = 100_000;

const NONE: readonly Provider[] = [];

export class ServiceTable {
  readonly #byProcedure = new Map<string, Provider[]>();
  readonly #limit: number;
  #size = 0;

  constructor(limit: number = TABLE_LIMIT) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#size;
  }

  /** The providers of a procedure, in the order they came. */
  providers(procedure: string): readonly Provider[] {
    return this.#byProcedure.get(procedure) ?? NONE;
  }

  add(provider: Provider): AddResult {
    const list = this.#byProcedure.get(provider.procedure);
    if (list === undefined) {
      if (this.#size >= this.#limit) return { tag: 'full' };
      this.#byProcedure.set(provider.procedure, [provider]);
      this.#size++;
      return { tag: 'added' };
    }
    const at = list.findIndex((other) => other.owner === provider.owner);
    const others = list.length - (at < 0 ? 0 : 1);
    if (
      others > 0 &&
      (provider.exclusive || list.some((other) => other.exclusive && other.owner !== provider.owner))
    ) {
      return { tag: 'exclusive' };
    }
    if (at >= 0) {
      const previous = list[at] as Provider;
      list[at] = provider;
      return { tag: 'replaced', previous };
    }
    if (this.#size >= this.#limit) return { tag: 'full' };
    list.push(provider);
    this.#size++;
    return { tag: 'added' };
  }

  /** Removes the advertisement with this id; undefined when it is not there any more. */
  remove(procedure: string, id: string): Provider | undefined {
    return this.#take(procedure, (provider) => provider.id === id);
  }

  /** Removes what this owner advertises under a name. */
  removeOwned(procedure: string, owner: string): Provider | undefined {
    return this.#take(procedure, (provider) => provider.owner === owner);
  }

  /** Everything an owner advertises. */
  ownedBy(owner: string): readonly Provider[] {
    return [...this.all()].filter((provider) => provider.owner === owner);
  }

  *all(): Generator<Provider> {
    for (const list of this.#byProcedure.values()) yield* list;
  }

  #take(procedure: string, matches: (provider: Provider) => boolean): Provider | undefined {
    const list = this.#byProcedure.get(procedure);
    const at = list === undefined ? -1 : list.findIndex(matches);
    if (list === undefined || at < 0) return undefined;
    const [provider] = list.splice(at, 1);
    this.#size--;
    if (list.length === 0) this.#byProcedure.delete(procedure);
    return provider;
  }
}
