/**
 * Endpoints and addresses as text. Pure; throws nothing.
 *
 * An endpoint is what a person writes: `host:port`, with `http://` or `https://` before it if he likes, cut at the
 * last colon, IPv6 in brackets; the port has no default. An address is what nodes tell each other: the same without a
 * scheme, and numeric. Source: SPEC §7; `test/vectors/pool-endpoints.json`.
 */
import { isIPv4, isIPv6 } from 'node:net';
import type { PhysicalAddress } from '../../transport/transport.ts';
import type { HostPort } from '../url.ts';

export interface InvalidEndpoint {
  readonly tag: 'invalid_endpoint';
  readonly reason: 'invalid_format' | 'invalid_port';
}

export type EndpointResult =
  { readonly ok: true; readonly at: HostPort } | { readonly ok: false; readonly error: InvalidEndpoint };

const SCHEME = /^https?:\/\//;
const HOST = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
/** Bytes of a host name in the DNS. */
const LONGEST_HOST = 253;
const PORT = /^[1-9][0-9]{0,4}$/;
const HIGHEST_PORT = 65_535;

export function parseEndpoint(text: string): EndpointResult {
  const rest = text.replace(SCHEME, '');
  const colon = rest.lastIndexOf(':');
  const host = rest.slice(0, Math.max(0, colon));
  // a host in brackets may hold colons, and so may none other; one that does was meant to have a port twice
  if (host === '' || (isIPv6(host) && !host.startsWith('['))) return refused('invalid_format');
  const port = portOf(rest.slice(colon + 1));
  if (port === undefined || (host.includes(':') && !host.startsWith('['))) return refused('invalid_port');
  if (bracketed(host) === undefined && (!HOST.test(host) || host.length > LONGEST_HOST)) {
    return refused('invalid_format');
  }
  return { ok: true, at: { host, port } };
}

/** Undefined for whatever cannot be sent to: a name, port 0, no host of its own. */
export function parseAddress(text: string): PhysicalAddress | undefined {
  const colon = text.lastIndexOf(':');
  const [host, port] = [text.slice(0, Math.max(0, colon)), portOf(text.slice(colon + 1))];
  const numeric = isIPv4(host) ? host : bracketed(host);
  return numeric === undefined || port === undefined || isNowhere(numeric)
    ? undefined
    : { host: numeric, port };
}

export const addressText = ({ host, port }: PhysicalAddress): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

const refused = (reason: InvalidEndpoint['reason']): EndpointResult => ({
  ok: false,
  error: { tag: 'invalid_endpoint', reason },
});

function portOf(digits: string): number | undefined {
  const port = Number(digits);
  return PORT.test(digits) && port <= HIGHEST_PORT ? port : undefined;
}

function bracketed(host: string): string | undefined {
  const inner = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : '';
  return isIPv6(inner) && !inner.includes('%') ? inner : undefined;
}

/** Unspecified, broadcast and multicast addresses: no single node has one. */
function isNowhere(host: string): boolean {
  if (isIPv4(host)) return host.startsWith('0.') || Number(host.split('.')[0]) >= 224;
  return host === '::' || /^ff/i.test(host);
}
