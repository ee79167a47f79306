/**
 * The ways to a peer that is not connected, in the order in which they are tried. Pure.
 *
 * A new connection to one address after the other, then through its NAT. Each address gets an equal part of the
 * time that is left, so that a dead one does not eat the deadline of those behind it. Source: seed 002; SPEC §7.
 */

/** Milliseconds for one address at most (the reference's figure), and at least: a handshake nearby. */
export const LONGEST_ATTEMPT = 3_000;
const SHORTEST_ATTEMPT = 250;

export type Route =
  /** `address` is `host:port`. */
  | { readonly tag: 'direct'; readonly address: string }
  /** A hole in its NAT, or a relay. */
  | { readonly tag: 'nat' };

export interface Reach {
  /** Not tried yet, best first. */
  readonly addresses: readonly string[];
  /** Whether an address answered nobody a moment ago. */
  readonly dead: (address: string) => boolean;
  /** Somebody knows how to get through a NAT, and has not tried. */
  readonly nat: boolean;
  /** The node says that it is reached through a station: that way is first, so that the call starts at once. */
  readonly relayed: boolean;
}

export function planRoutes({ addresses, dead, nat, relayed }: Reach): readonly Route[] {
  const worthTrying = addresses.filter((address) => !dead(address));
  const direct = worthTrying.map((address): Route => ({ tag: 'direct', address }));
  if (!nat) return direct;
  return relayed ? [{ tag: 'nat' }, ...direct] : [...direct, { tag: 'nat' }];
}

/** Milliseconds for the next attempt. @param left until the last caller gives up; `attempts`: still to come, this one included. */
export const attemptTime = (left: number, attempts: number, longest: number = LONGEST_ATTEMPT): number =>
  Math.max(SHORTEST_ATTEMPT, Math.min(longest, left / attempts));
