/**
 * Where a relay is told to listen. Pure.
 */
import { isIP } from 'node:net';
import { parseDistRelayUrl } from '../../mesh/url.ts';
import type { PhysicalAddress } from '../../transport/transport.ts';

/** `host:port`, a numeric address or `localhost`, IPv6 in brackets; port 0 takes a free one. The error where it is none. */
export function listenAddress(listen: string, what = 'listen'): PhysicalAddress | RangeError {
  const zero = listen.endsWith(':0');
  const parsed = parseDistRelayUrl(zero ? listen.replace(/:0$/, ':1') : listen);
  const host = parsed.ok ? parsed.at.host.replace(/^\[|\]$/g, '') : '';
  if (!parsed.ok || listen.includes('://'))
    return new RangeError(`${what} must be host:port, IPv6 in brackets`);
  const numeric = host === 'localhost' ? '127.0.0.1' : host;
  if (isIP(numeric) === 0) return new RangeError(`${what} must name a numeric address of this machine`);
  return { host: numeric, port: zero ? 0 : parsed.at.port };
}
