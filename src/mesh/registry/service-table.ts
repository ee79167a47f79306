/**
 * Who serves what at this node: its own handlers, those of local clients, and connected clients.
 *
 * Pure state, owned by the service registry and read by the router. One provider per procedure and owner: a
 * second advertise by the same owner replaces the first; by another it is one more provider, unless one of the
 * two is exclusive (DESIGN §8, Second advertise). Bounded by `limit` entries in all; connected clients, whose
 * identities cost nothing, may fill most of it, never all: what is ours finds room (SECURITY §13).
 */
import type { Process } from '../../actor/process.ts';
import type { ValueMap } from '../../codec/value.ts';

/** What whoever serves a procedure says of it. */
export interface Offer {
  readonly exclusive: boolean;
  /** Seconds a record of it lives without being repeated. */
  readonly ttl: number;
  /** Frozen. */
  readonly metadata: ValueMap;
  readonly description: string | undefined;
}

export interface Provider extends Offer {
  /** Identifies this advertisement; a handle of a replaced one does nothing. */
  readonly id: string;
  readonly procedure: string;
  /** `node`, a local client, or a connected one (`peer:` and its node id). */
  readonly owner: string;
  /** When it came, wall ms. */
  readonly advertisedAt: number;
  readonly target:
    /** A procedure process of ours, by name. */
    | { readonly kind: 'handler'; readonly name: string }
    /** A connected client. */
    | { readonly kind: 'peer'; readonly connection: Process; readonly nodeId: string };
  /** Calls given to it that are not settled. */
  inFlight: number;
}

type Wanted = Pick<Provider, 'procedure' | 'owner' | 'exclusive'> & Partial<Pick<Provider, 'target'>>;

/** What adding would do. `full` and `exclusive` refuse. */
export type Verdict = 'added' | 'replaced' | 'exclusive' | 'full';

export type AddResult =
  { readonly tag: Exclude<Verdict, 'replaced'> } | { readonly tag: 'replaced'; readonly previous: Provider };

/** Providers a table holds at most. */
const TABLE_LIMIT = 100_000;
/** What connected clients may fill of that, all together. */
const PEERS_SHARE = 0.9;
/** Connected clients behind one name: the router looks at them all when their processes are gone. */
const PEERS_PER_PROCEDURE = 1_000;

const NONE: readonly Provider[] = [];

export class ServiceTable {
  readonly #byProcedure = new Map<string, Provider[]>();
  readonly #byOwner = new Map<string, Map<string, Provider>>();
  /** Connected clients by name: how many serve it. */
  readonly #peersOf = new Map<string, number>();
  readonly #silent = new Set<Process>();
  readonly #limit: number;
  readonly #peersLimit: number;
  readonly #changed: (procedure: string) => void;
  #size = 0;
  #peers = 0;
  /** False while connected clients are still to say what they serve: a name that is not here may come. */
  complete = true;

  /** @param changed told of each name whose providers are not those from before, or say something else. */
  constructor(limit: number = TABLE_LIMIT, changed: (procedure: string) => void = () => {}) {
    this.#limit = limit;
    this.#changed = changed;
    this.#peersLimit = Math.floor(limit * PEERS_SHARE);
  }

  get size(): number {
    return this.#size;
  }

  /**
   * The providers of a procedure, in the order they came. Connected clients that do not answer are left out as
   * long as there is somebody else.
   */
  providers(procedure: string): readonly Provider[] {
    const all = this.#byProcedure.get(procedure) ?? NONE;
    if (this.#silent.size === 0 || all.length < 2) return all;
    const trusted = all.filter(
      ({ target }) => target.kind !== 'peer' || !this.#silent.has(target.connection),
    );
    return trusted.length === 0 ? all : trusted;
  }

  /** Whether the client behind a connection answers. */
  trust(connection: Process, trusted: boolean): void {
    if (trusted) this.#silent.delete(connection);
    else this.#silent.add(connection);
  }

  /** How many names somebody serves. */
  get names(): number {
    return this.#byProcedure.size;
  }

  /** Names that somebody serves. */
  procedures(): Iterable<string> {
    return this.#byProcedure.keys();
  }

  /** All of them, those that do not answer included. */
  attached(procedure: string): readonly Provider[] {
    return this.#byProcedure.get(procedure) ?? NONE;
  }

  find(procedure: string, owner: string): Provider | undefined {
    return this.#byOwner.get(owner)?.get(procedure);
  }

  /** Everything an owner advertises, as it is now. */
  ownedBy(owner: string): readonly Provider[] {
    return [...(this.#byOwner.get(owner)?.values() ?? [])];
  }

  countOf(owner: string): number {
    return this.#byOwner.get(owner)?.size ?? 0;
  }

  /** What adding would do; without a target it is one of ours. */
  judge({ procedure, owner, exclusive, target }: Wanted): Verdict {
    const previous = this.find(procedure, owner);
    const list = this.#byProcedure.get(procedure) ?? NONE;
    const others = list.length - (previous === undefined ? 0 : 1);
    // an exclusive provider is alone, so the first entry speaks for all
    if (others > 0 && (exclusive || list[0]?.exclusive === true)) return 'exclusive';
    if (previous !== undefined) return 'replaced';
    if (this.#size >= this.#limit) return 'full';
    if (target?.kind !== 'peer') return 'added';
    const crowded = (this.#peersOf.get(procedure) ?? 0) >= PEERS_PER_PROCEDURE;
    return crowded || this.#peers >= this.#peersLimit ? 'full' : 'added';
  }

  add(provider: Provider): AddResult {
    const { procedure, owner } = provider;
    const tag = this.judge(provider);
    if (tag === 'exclusive' || tag === 'full') return { tag };
    const previous = this.find(procedure, owner);
    const list = this.#byProcedure.get(procedure);
    if (list === undefined) this.#byProcedure.set(procedure, [provider]);
    else if (previous === undefined) list.push(provider);
    else list[list.indexOf(previous)] = provider;
    const owned = this.#byOwner.get(owner);
    if (owned === undefined) this.#byOwner.set(owner, new Map([[procedure, provider]]));
    else owned.set(procedure, provider);
    if (previous === undefined) this.#count(provider, 1);
    this.#changed(procedure);
    return previous === undefined ? { tag: 'added' } : { tag: 'replaced', previous };
  }

  /** Removes what this owner advertises under a name; with `id` only when it is still that advertisement. */
  remove(procedure: string, owner: string, id?: string): Provider | undefined {
    const provider = this.find(procedure, owner);
    if (provider === undefined || (id !== undefined && provider.id !== id)) return undefined;
    const list = this.#byProcedure.get(procedure) ?? [];
    list.splice(list.indexOf(provider), 1);
    if (list.length === 0) this.#byProcedure.delete(procedure);
    const owned = this.#byOwner.get(owner);
    owned?.delete(procedure);
    if (owned?.size === 0) this.#byOwner.delete(owner);
    this.#count(provider, -1);
    this.#changed(procedure);
    return provider;
  }

  /** An owner is a connected client or none, for ever: replacing changes no count. */
  #count({ procedure, target }: Provider, change: 1 | -1): void {
    this.#size += change;
    if (target.kind !== 'peer') return;
    this.#peers += change;
    const left = (this.#peersOf.get(procedure) ?? 0) + change;
    if (left === 0) this.#peersOf.delete(procedure);
    else this.#peersOf.set(procedure, left);
  }
}
