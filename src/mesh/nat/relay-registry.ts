/**
 * Relays that are known, and which of them to take. Pure; times are clock ms.
 *
 * A relay is forgotten 600 s after it was last heard of. A full registry takes nobody new, and still refreshes those it
 * knows. Source: SPEC §8.6.
 */
const LIMIT = 1_000;
export const RELAY_TTL = 600_000;
/** Sessions a relay takes, when it does not say. */
export const CAPACITY = 100;

export interface Relay {
  readonly id: string;
  /** Sessions on it. */
  readonly load: number;
  readonly capacity: number;
  /** Round trip, milliseconds. */
  readonly latency: number;
}

export interface Selection {
  readonly exclude?: readonly string[];
  /** Who is to be reached: it is no relay to itself. */
  readonly target?: string;
  /** Milliseconds. */
  readonly maxLatency?: number;
}

export type Chosen =
  | { readonly ok: true; readonly relay: Relay }
  | { readonly ok: false; readonly error: { readonly tag: 'no_relays_available' } };

/** The least loaded, and of those the nearest. */
export function selectRelay(relays: Iterable<Relay>, wanted: Selection = {}): Chosen {
  const { exclude = [], target, maxLatency = Infinity } = wanted;
  let best: Relay | undefined;
  for (const relay of relays) {
    const usable =
      relay.id !== target &&
      !exclude.includes(relay.id) &&
      relay.load < relay.capacity &&
      relay.latency <= maxLatency;
    if (usable && (best === undefined || isBetter(relay, best))) best = relay;
  }
  return best === undefined
    ? { ok: false, error: { tag: 'no_relays_available' } }
    : { ok: true, relay: best };
}

const isBetter = (one: Relay, other: Relay): boolean =>
  one.load < other.load || (one.load === other.load && one.latency < other.latency);

export type Registered =
  { readonly ok: true } | { readonly ok: false; readonly error: { readonly tag: 'max_relays_reached' } };

export class RelayRegistry {
  readonly #entries = new Map<string, { readonly relay: Relay; readonly at: number }>();
  readonly #limit: number;

  constructor(limit: number = LIMIT) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#entries.size;
  }

  register(relay: Relay, now: number): Registered {
    if (!this.#entries.has(relay.id) && this.#entries.size >= this.#limit) {
      this.prune(now);
      if (this.#entries.size >= this.#limit) return { ok: false, error: { tag: 'max_relays_reached' } };
    }
    this.#entries.set(relay.id, { relay, at: now });
    return { ok: true };
  }

  unregister(id: string): void {
    this.#entries.delete(id);
  }

  select(wanted: Selection, now: number): Chosen {
    this.prune(now);
    return selectRelay(
      [...this.#entries.values()].map(({ relay }) => relay),
      wanted,
    );
  }

  /** Forgets who was not heard of for too long; says how many. */
  prune(now: number): number {
    let gone = 0;
    for (const [id, { at }] of this.#entries) {
      if (now - at < RELAY_TTL) continue;
      this.#entries.delete(id);
      gone++;
    }
    return gone;
  }
}
