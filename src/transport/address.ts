/**
 * Physical addresses: their class, their family, and one spelling for each.
 *
 * Pure. The class decides the datagram size and the per-address limits (TRANSPORT §5, DESIGN §8).
 */
import { BlockList, isIP } from 'node:net';

/** `private` is what DESIGN §8 calls private ranges: RFC 1918, carrier NAT, link-local, unique local. */
export type AddressClass = 'loopback' | 'private' | 'public';

// IPv4 ranges too: an IPv4 address may be written as IPv6
const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

const privateRanges = new BlockList();
privateRanges.addSubnet('10.0.0.0', 8, 'ipv4');
privateRanges.addSubnet('172.16.0.0', 12, 'ipv4');
privateRanges.addSubnet('192.168.0.0', 16, 'ipv4');
privateRanges.addSubnet('100.64.0.0', 10, 'ipv4');
privateRanges.addSubnet('169.254.0.0', 16, 'ipv4');
privateRanges.addSubnet('fc00::', 7, 'ipv6');
privateRanges.addSubnet('fe80::', 10, 'ipv6');

const linkLocal = new BlockList();
linkLocal.addSubnet('169.254.0.0', 16, 'ipv4');
linkLocal.addSubnet('fe80::', 10, 'ipv6');

/** The class of a numeric address; an IPv6 zone (`%eth0`) is ignored. */
export function addressClass(host: string): AddressClass {
  const bare = withoutZone(host);
  if (isIP(bare) !== 6) return ipv4Class(bare);
  if (loopback.check(bare, 'ipv6')) return 'loopback';
  return privateRanges.check(bare, 'ipv6') ? 'private' : 'public';
}

/** By hand: a `BlockList` makes an object for each question, and the DHT asks for each contact it gives out. */
function ipv4Class(host: string): AddressClass {
  const [a, b = 0] = host.split('.', 2).map(Number);
  if (a === 127) return 'loopback';
  const isPrivate =
    a === 10 ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168) ||
    (a === 100 && b >= 64 && b < 128) ||
    (a === 169 && b === 254);
  return isPrivate ? 'private' : 'public';
}

/** 4 or 6, or undefined when `host` is not a numeric address. */
export function addressFamily(host: string): 4 | 6 | undefined {
  const family = isIP(host);
  return family === 4 || family === 6 ? family : undefined;
}

export const MAX_PORT = 65_535;

/** Whether a port can be dialed. */
export const isPort = (port: number): boolean => Number.isInteger(port) && port > 0 && port <= MAX_PORT;

const withoutZone = (host: string): string => {
  const zone = host.indexOf('%');
  return zone < 0 ? host : host.slice(0, zone);
};

/** Whether `host` is an address of this machine only. */
export const isLoopback = (host: string): boolean => isIP(host) !== 0 && addressClass(host) === 'loopback';

/** Whether a numeric address means another machine on every wire. */
export const isLinkLocal = (host: string): boolean => {
  const bare = withoutZone(host);
  return linkLocal.check(bare, isIP(bare) === 6 ? 'ipv6' : 'ipv4');
};

/** Leading 16-bit groups of an IPv6 address that make a /64, the least a network gives to one user. */
const PREFIX_GROUPS = 4;

/**
 * Whose address this is, for limits: an IPv4 address counts alone, an IPv6 address with all of its /64, because
 * whoever has one of those has them all. An IPv4 address written as IPv6 counts as itself.
 */
export function addressHolder(host: string): string {
  const bare = withoutZone(host);
  if (isIP(bare) !== 6) return bare;
  const groups = ipv6Groups(bare);
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (mapped)
    return [groups[6] ?? 0, groups[7] ?? 0].flatMap((group) => [group >> 8, group & 0xff]).join('.');
  const prefix = groups.slice(0, PREFIX_GROUPS).map((group) => group.toString(16));
  return `${prefix.join(':')}::/64`;
}

/** The eight groups of an IPv6 address. */
function ipv6Groups(host: string): number[] {
  // an IPv4 tail becomes two groups
  const plain = host.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, a, b, c, d) => {
    const pair = (high: unknown, low: unknown): string => (Number(high) * 256 + Number(low)).toString(16);
    return `${pair(a, b)}:${pair(c, d)}`;
  });
  const [head = '', tail] = plain.split('::');
  const parse = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const front = parse(head);
  if (tail === undefined) return front;
  const back = parse(tail);
  return [...front, ...Array.from({ length: 8 - front.length - back.length }, () => 0), ...back];
}
