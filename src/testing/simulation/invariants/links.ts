/**
 * Invariants 13 and 16: what is promised of connections. Pure.
 */

/** One open link of a member. */
export interface LinkFacts {
  /** The member at this end. */
  readonly member: string;
  /** Hex id the peer proved; undefined: it has not yet. */
  readonly peer: string | undefined;
  readonly queued: number;
}

/** Invariant 13. `cap` in bytes. */
export function* withinCap(links: readonly LinkFacts[], cap: number): Generator<string> {
  for (const { member, peer = '?', queued } of links)
    if (queued > cap) yield `${member} has ${queued} bytes queued for ${peer.slice(0, 8)}, ${cap} at most`;
}

/** Invariant 16, long after the last fault: whom we are connected to lives, and no two have two connections. */
export function* converged(links: readonly LinkFacts[], living: ReadonlySet<string>): Generator<string> {
  const seen = new Set<string>();
  for (const { member, peer } of links) {
    if (peer === undefined) continue;
    if (!living.has(peer)) yield `${member} has a connection to ${peer.slice(0, 8)}, which is dead`;
    const pair = `${member} ${peer}`;
    if (seen.has(pair)) yield `${member} has two connections to ${peer.slice(0, 8)}`;
    seen.add(pair);
  }
}
