/**
 * How much one client of dist relays has at once.
 */

/** Relays: it is connected to each. */
export const MOST_RELAYS = 8;
/** Tunnels of both directions, those that are being made included. */
export const MOST_TUNNELS = 256;
