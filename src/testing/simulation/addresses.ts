/**
 * Where the members of a simulated mesh are, how they find each other, and how they are set up. Pure.
 */
import type { NodeOptions } from '../../mesh/client/options.ts';

export const REALM = 'simulated';
export const PORT = 9_443;
/** Milliseconds: what is dead is found out within a storm. */
export const LIMITS = { idleTimeout: 24_000, keepAlive: 8_000, handshakeTimeout: 5_000 };
/** Milliseconds after which a part of a routing table is looked up again. */
export const REFRESH = 90_000;
/**
 * Connections a node keeps, and for how many ms without use. In a large mesh, few: with a hundred each they would be
 * most of the memory, and their keep-alives most of the events.
 */
const POOL = { size: 100, idleTimeout: 60_000 };
const LARGE_POOL = { size: 25, idleTimeout: 5_000 };
/** With more nodes than these a mesh is large. */
export const LARGE = 200;
/** Nodes that everybody knows. */
export const BOOTSTRAPS = 3;

export const urlOf = (index: number): string => `https://${hostOf(index)}:${PORT}`;

/** Benchmarking addresses (RFC 2544), each in a /24 of its own while there are at most 512. */
export const hostOf = (index: number): string =>
  `198.${18 + ((index >> 8) & 1)}.${index & 255}.${1 + (index >> 9)}`;

/** How a node finds the others. `before`: nodes that are there already. */
export const joining = (before: number, nodes: number): NodeOptions => ({
  bootstrap: Array.from({ length: Math.min(BOOTSTRAPS, before) }, (_, n) => urlOf(n)),
  dht: { refresh: REFRESH },
  pool: nodes > LARGE ? LARGE_POOL : POOL,
});
