/**
 * Nodes that work together against all others: from now on they name each other only, and keep nothing of what they
 * say they keep. Otherwise they are nodes like any.
 */
import { shared } from '../../src/mesh/context.ts';
import type { Contact } from '../../src/mesh/dht/contact.ts';
import { compareDistance } from '../../src/mesh/dht/node-id.ts';
import type { Acquaintance } from '../../src/testing/simulation/acquaint.ts';

export function collude(attackers: readonly Acquaintance[]): void {
  const all = attackers.map(({ contact }) => contact);
  for (const { context, contact: self } of attackers) {
    const closest = (target: Uint8Array, count: number, excluding?: string): Contact[] =>
      all
        .filter(({ nodeId }) => nodeId !== excluding && nodeId !== self.nodeId)
        .toSorted((a, b) => compareDistance(a.id, b.id, target))
        .slice(0, count);
    Object.assign(shared(context, 'routingTable') ?? {}, { closest, closestUnsorted: closest });
    Object.assign(context.records, { get: () => [], put: () => 'added' });
  }
}
