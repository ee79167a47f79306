/**
 * How a record says that a node is reached through a station, and how the pool names a way that a station has made. Pure.
 *
 * In records: `relay=host:port`, the station's address. Inside a node: `relay:` and a session in hex, which is never told
 * to anybody, nor believed.
 */
import type { PhysicalAddress } from '../../transport/transport.ts';
import { sessionOf } from '../../transport/way.ts';
import { parseAddress } from './endpoint-text.ts';

const HINT = 'relay=';

/** @param station `host:port`, numeric. */
export const relayHint = (station: string): string => `${HINT}${station}`;

/** The station's `host:port`; undefined when the endpoint is none that a relay leads to. */
export function hintedStation(endpoint: string): string | undefined {
  if (!endpoint.startsWith(HINT)) return undefined;
  const station = endpoint.slice(HINT.length);
  return parseAddress(station) === undefined ? undefined : station;
}

/** Whether a record may say so. */
export const isEndpointText = (text: string): boolean =>
  parseAddress(text) !== undefined || hintedStation(text) !== undefined;

/** Of an address that a wish holds: dialed as it is, or through a session of ours. */
export function dialable(address: string): PhysicalAddress | undefined {
  const relayed = { host: address, port: 0 };
  return sessionOf(relayed) === undefined ? parseAddress(address) : relayed;
}

/** Whether an address that a wish holds is a session of ours. */
export const isWay = (address: string): boolean => address.startsWith('relay:');
