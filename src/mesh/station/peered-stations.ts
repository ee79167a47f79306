/**
 * The stations that this one is peered with, in the order in which they are asked, and who answered lately.
 *
 * It belongs to the node and outlives the actor that keeps the peerings, which alone writes who is where.
 * Pure but for that: monotonic ms come in.
 */

/** Milliseconds for which whoever answered for a name is asked first (SPEC §3, as the cache of providers). */
const REMEMBERED = 60_000;
/** Names of which that is known at most. */
const NAMES = 10_000;

export interface PeeredStation {
  /** As it was configured, `host:port`. */
  readonly name: string;
  /** Hex id that whoever answers there has proven; empty before. It changes when that one has no durable key. */
  nodeId: string;
  /** Numeric `host:port`s, as they were resolved last. */
  addresses: readonly string[];
  /** It is ourselves: one list serves all stations. */
  isSelf: boolean;
}

interface Answerer {
  readonly nodeId: string;
  readonly until: number;
}

export class PeeredStations {
  /** Set once, at the start. */
  all: readonly PeeredStation[] = [];
  readonly #answerers = new Map<string, Answerer>();

  /** Whether a node is one of them, so that what it says of a call's origin is believed. */
  has(nodeId: string): boolean {
    return nodeId !== '' && this.all.some((station) => station.nodeId === nodeId && !station.isSelf);
  }

  /** Where there was a connection to one of them, so that somebody sees to it that there is one again: `host:port`s. */
  get reached(): readonly string[] {
    return this.all.flatMap(({ nodeId, isSelf, addresses }) => (nodeId === '' || isSelf ? [] : addresses));
  }

  /** In the order in which they are asked for a name: whoever answered for it lately comes first. */
  order(procedure: string, now: number): readonly PeeredStation[] {
    const known = this.#answerers.get(procedure);
    const others = this.all.filter(({ isSelf }) => !isSelf);
    if (known === undefined || known.until <= now) return others;
    const first = others.findIndex(({ nodeId }) => nodeId === known.nodeId);
    const [station] = first <= 0 ? [] : others.splice(first, 1);
    return station === undefined ? others : [station, ...others];
  }

  /** Whether somebody answered for a name lately, and has not failed since. */
  hasAnswered(procedure: string, now: number): boolean {
    return (this.#answerers.get(procedure)?.until ?? -Infinity) > now;
  }

  answered(procedure: string, nodeId: string, now: number): void {
    this.#answerers.delete(procedure);
    const oldest = this.#answerers.size < NAMES ? undefined : this.#answerers.keys().next().value;
    if (oldest !== undefined) this.#answerers.delete(oldest);
    this.#answerers.set(procedure, { nodeId, until: now + REMEMBERED });
  }

  /** It did not answer, or no longer knows it. */
  failed(procedure: string, nodeId: string): void {
    if (this.#answerers.get(procedure)?.nodeId === nodeId) this.#answerers.delete(procedure);
  }
}
