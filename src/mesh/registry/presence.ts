/**
 * Where a node is that nobody can dial: a record under its own id, which names the stations that lead to it. Pure.
 *
 * Nodes that can be dialed are found by their id among the contacts of the DHT; who has attached to a station keeps no
 * records for others and is no contact. The record is one like that of a procedure, under a name that nobody can serve
 * (seed 002: a target known by its id is resolved through the DHT). Anybody can sign records under that name; only the
 * node's own counts, and it has a place wherever it is kept.
 */
import { procedureKey } from '../dht/record.ts';
import type { Offer } from './service-table.ts';

const PREFIX = '_node.';

export const presenceName = (nodeId: string): string => `${PREFIX}${nodeId}`;

export const isPresence = (name: string): boolean => name.startsWith(PREFIX);

/** Whose own record alone counts under this name; undefined: everybody's. */
export const signerOf = (name: string): string | undefined =>
  isPresence(name) ? name.slice(PREFIX.length) : undefined;

export const presenceKey = (nodeId: string): Uint8Array => procedureKey(presenceName(nodeId));

/** What the record says besides. */
export const PRESENCE: Pick<Offer, 'exclusive' | 'ttl' | 'metadata' | 'description'> = {
  exclusive: false,
  ttl: 300,
  metadata: {},
  description: undefined,
};
