/**
 * Names of our own contenders.
 */
export const OURS_NAME = 'espalier';
/** The same with the datagrams of a network path instead of loopback's. */
export const SMALL_DATAGRAMS = 'espalier-1350';
/** The same, advertised for 4,096 calls at once. */
export const FLOODED = 'espalier-4096';
/** A connection of its own for every call. */
export const FRESH = 'espalier-fresh';
/** Between two nodes of a distribution: over QUIC, over TCP. */
export const DIST_QUIC = 'dist-quic';
export const DIST_TCP = 'dist-tcp';
