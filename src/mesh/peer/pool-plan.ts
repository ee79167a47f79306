/**
 * The ways to a peer, in the order in which they are tried. Pure.
 *
 * A connection that is there, else a new one to one address after the other. Each address gets an equal part of the
 * time that is left, so that a dead one does not eat the deadline of those behind it. Source: seed 002; SPEC §7.
 */

/** Milliseconds for one address at most (the reference's figure), and at least: a handshake nearby. */
export const LONGEST_ATTEMPT = 3_000;
const SHORTEST_ATTEMPT = 250;

export type Route =
  /** A connection that is there. */
  | { readonly tag: 'pooled' }
  /** A new one; `address` is `host:port`. */
  | { readonly tag: 'direct'; readonly address: string };

export interface Reach {
  readonly connected: boolean;
  /** Best first. */
  readonly addresses: readonly string[];
  /** Whether an address answered nobody a moment ago. */
  readonly dead: (address: string) => boolean;
}

/** Hole punching and relays come after these. */
export function planRoutes({ connected, addresses, dead }: Reach): readonly Route[] {
  if (connected) return [{ tag: 'pooled' }];
  const worthTrying = addresses.filter((address) => !dead(address));
  return worthTrying.map((address) => ({ tag: 'direct', address }));
}

/** Milliseconds for the next attempt. @param left until the last caller gives up; `attempts`: still to come, this one included. */
export const attemptTime = (left: number, attempts: number): number =>
  Math.max(SHORTEST_ATTEMPT, Math.min(LONGEST_ATTEMPT, left / attempts));
