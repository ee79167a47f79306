/**
 * Where a node listens, and where those are whom it is told of: options in, addresses out. Names of hosts are resolved here.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { invalid } from './config.ts';
import { RpcError } from './mesh/errors/rpc-error.ts';
import { connectTarget, isLoopbackHost, parseMeshUrl, type ConnectTarget } from './mesh/url.ts';
import type { PhysicalAddress } from './transport/transport.ts';

/** Stations of one client at most. */
const MAX_URLS = 16;

/** One at least. */
export type Some<T> = readonly [T, ...T[]];

/** Where the nodes are to which a client connects, all of one realm. Throws `RpcError` `invalid_args`. */
export function connectTargets(
  url: string | readonly string[],
  realm: string | undefined,
): Some<ConnectTarget> {
  const urls: readonly string[] = typeof url === 'string' ? [url] : Array.isArray(url) ? [...url] : [];
  const [first, ...others] = urls.map((each) => {
    const target = connectTarget(each, realm);
    if (target.ok) return target.target;
    throw target.error.tag === 'invalid_url'
      ? invalid('url', 'must be https://host:port (or quic://, http://, host:port), or a list of these')
      : invalid('realm', 'is required for a node that is not on loopback, and is not the open one');
  });
  if (first === undefined || urls.length > MAX_URLS)
    throw invalid('url', `must be https://host:port, or a list of 1 to ${MAX_URLS} of these`);
  return [first, ...others];
}

/**
 * Their addresses, of one family, since one socket serves all. A name that cannot be resolved is a station that is not
 * there, unless there is no other.
 */
export async function resolveAll(targets: Some<ConnectTarget>): Promise<Some<PhysicalAddress>> {
  const found = await Promise.allSettled(targets.map(({ host, port }) => resolve(host, port)));
  const [first, ...others] = found.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  if (first === undefined) throw (found[0] as PromiseRejectedResult).reason;
  const family = isIP(first.host);
  if (others.some(({ host }) => isIP(host) !== family))
    throw invalid('url', 'must be a list of hosts that are all reached by IPv4, or all by IPv6');
  return [first, ...others];
}

/** Where other nodes of this node's realm are. Throws `RpcError` `invalid_args`, which names that field. */
export const targetsOf = (field: string, urls: readonly string[], realm: string): readonly ConnectTarget[] =>
  urls.map((url) => {
    const target = connectTarget(url, realm);
    if (target.ok) return target.target;
    throw target.error.tag === 'invalid_url'
      ? invalid(field, `must be a list of URLs, each https://host:port, not ${url}`)
      : invalid('realm', `must name another realm: the open one is not to be found at ${url}`);
  });

/** All addresses of a host, IPv4 before IPv6. Rejects when there are none. */
export const addressesOf = async (host: string): Promise<readonly string[]> =>
  (await lookup(host, { all: true, order: 'ipv4first' })).map(({ address }) => address);

/** `host:port`, a numeric address or `localhost`, IPv6 in brackets; port 0 takes a free one. Throws `RpcError` `invalid_args`. */
export function listenAddress(listen: string): PhysicalAddress {
  const zero = listen.endsWith(':0');
  const parsed = parseMeshUrl(zero ? listen.replace(/:0$/, ':1') : listen);
  const host = parsed.ok ? bare(parsed.at.host) : '';
  if (!parsed.ok || listen.includes('://')) throw invalid('listen', 'must be host:port, IPv6 in brackets');
  if (host === 'localhost') return { host: '127.0.0.1', port: zero ? 0 : parsed.at.port };
  if (isIP(host) === 0) throw invalid('listen', 'must name a numeric address of this machine');
  return { host, port: zero ? 0 : parsed.at.port };
}

/** The host's first address, IPv4 before IPv6. */
async function resolve(host: string, port: number): Promise<PhysicalAddress> {
  const name = bare(host);
  if (isIP(name) !== 0) return { host: name, port };
  try {
    const { address } = await lookup(name, { order: 'ipv4first' });
    return { host: address, port };
  } catch (cause) {
    const detail = `the host ${name} cannot be resolved`;
    throw new RpcError({ tag: 'connection_error', sent: false, detail }, undefined, { cause });
  }
}

/** Where an outbound socket binds to reach these, all of one family. */
export function anyPort(addresses: Some<PhysicalAddress>): PhysicalAddress {
  const [{ host }] = addresses;
  const loopback = addresses.every((each) => isLoopbackHost(each.host));
  if (loopback) return { host: isIP(host) === 6 ? '::1' : '127.0.0.1', port: 0 };
  return { host: isIP(host) === 6 ? '::' : '0.0.0.0', port: 0 };
}

/** Without the brackets of IPv6. */
export const bare = (host: string): string => host.replace(/^\[(.*)\]$/, '$1');

/** `https://host:port`. */
export const urlOf = ({ host, port }: PhysicalAddress): string =>
  `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
