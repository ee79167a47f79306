/**
 * The ways to a peer that is not connected, in the order in which they join the race (`race.ts`). Pure.
 *
 * A new connection to one of its addresses, or one through its NAT. Source: seed 002; SPEC §7; RFC 8305 §4.
 */

export type Route =
  /** `address` is `host:port`. */
  | { readonly tag: 'direct'; readonly address: string }
  /** Through a station that was asked: `address` is `relay:` and a session. */
  | { readonly tag: 'relayed'; readonly address: string }
  /** A hole in its NAT, or a relay. `lastResort`: nobody says that one leads there, so all else must have failed. */
  | { readonly tag: 'nat'; readonly lastResort: boolean };

export interface Reach {
  /** Ways through stations, found and not tried yet. */
  readonly ways: readonly string[];
  /** Not tried yet, best first. */
  readonly addresses: readonly string[];
  /** Whether an address answered nobody a moment ago. */
  readonly dead: (address: string) => boolean;
  /** Somebody knows how to get through a NAT, and has not tried. */
  readonly nat: boolean;
  /**
   * Who says that a station leads there. The node itself: that way is first, so that the call starts at once; whoever
   * calls: it comes after the addresses.
   */
  readonly relayed: 'node' | 'caller' | undefined;
}

export function planRoutes({ ways, addresses, dead, nat, relayed }: Reach): readonly Route[] {
  const found = ways.map((address): Route => ({ tag: 'relayed', address }));
  const worthTrying = mixed(addresses.filter((address) => !dead(address)));
  const direct = worthTrying.map((address): Route => ({ tag: 'direct', address }));
  if (!nat) return [...found, ...direct];
  const through: Route = { tag: 'nat', lastResort: relayed === undefined };
  return relayed === 'node' ? [...found, through, ...direct] : [...found, ...direct, through];
}

/** IPv4 and IPv6 by turns, beginning with that of the first: a machine may have no way to all of one kind. */
function mixed(addresses: readonly string[]): readonly string[] {
  const is6 = (address: string): boolean => address.startsWith('[');
  const first = addresses[0];
  if (first === undefined) return addresses;
  const others = addresses.filter((address) => is6(address) !== is6(first));
  if (others.length === 0) return addresses;
  const same = addresses.filter((address) => is6(address) === is6(first));
  return Array.from({ length: Math.max(same.length, others.length) }, (_, n) => [same[n], others[n]])
    .flat()
    .filter((address) => address !== undefined);
}
