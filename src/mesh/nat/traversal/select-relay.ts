/** Which of several stations to take as a relay. Pure. Source: SPEC §8.6. */
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
