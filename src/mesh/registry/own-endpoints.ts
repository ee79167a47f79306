/**
 * Where others may reach this node, as its records say: `host:port`, numeric, best first. Pure.
 *
 * What the user announces wins. Else the address that is bound; when that is a wildcard, the machine's own addresses
 * of the widest class it has: whoever can use a public one cannot use a private one, and the other way round, unless
 * both are in the same network, where the private ones are found by being dialed (DESIGN §8, Per-IP limits).
 */
import { isIP } from 'node:net';
import { MAX_ENDPOINTS } from '../dht/record.ts';
import { addressClass, isLinkLocal, type AddressClass } from '../../transport/address.ts';
import type { PhysicalAddress } from '../../transport/transport.ts';

const WIDEST_FIRST: readonly AddressClass[] = ['public', 'private', 'loopback'];

export interface EndpointSources {
  /** What the user said others should dial; empty: nothing. */
  readonly announce: readonly string[];
  /** Where the listener is. */
  readonly bound: PhysicalAddress | undefined;
  /** Numeric addresses of the machine's interfaces. */
  readonly interfaces: readonly string[];
}

export function ownEndpoints({ announce, bound, interfaces }: EndpointSources): readonly string[] {
  if (announce.length > 0) return announce.slice(0, MAX_ENDPOINTS);
  if (bound === undefined) return [];
  const { host, port } = bound;
  if (!isWildcard(host)) return [endpointOf(host, port)];
  // the socket of an IPv6 wildcard hears both families, that of an IPv4 one its own
  const usable = interfaces.filter((each) => !isLinkLocal(each) && (host !== '0.0.0.0' || isIP(each) === 4));
  for (const wanted of WIDEST_FIRST) {
    const found = usable.filter((each) => addressClass(each) === wanted);
    if (found.length > 0)
      return [...new Set(found)].slice(0, MAX_ENDPOINTS).map((each) => endpointOf(each, port));
  }
  return [];
}

export const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::';

export const endpointOf = (host: string, port: number): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;
