/**
 * How many contacts of one network a table takes, so that whoever owns one network does not own a table.
 *
 * Pure. A network is an IPv4 /24 or an IPv6 /48; an IPv4 address written as IPv6 counts as itself. Loopback and
 * private addresses are not counted. Source: SECURITY §13, DESIGN §8 (Per-IP limits); go-libp2p has 3 per /16.
 */
import { addressClass, addressHolder } from '../../transport/address.ts';

export const PER_BUCKET = 2;
export const PER_TABLE = 10;

/** A network: the 24 bits of an IPv4 one, the leading groups of an IPv6 one. */
export type Prefix = number | string;

const DOT = 46;
const COLON = 58;
const ZERO = 48;

/** Whether the IPv4 addresses that begin with these 16 bits are counted, once it was asked: no range is smaller. */
const counted = new Uint8Array(65_536);
const YES = 1;
const NO = 2;

/** The network of a `host:port`, undefined when it is not counted. */
export function prefixOf(address: string): Prefix | undefined {
  const prefix = address.startsWith('[') ? ipv6Prefix(address) : ipv4Prefix(address);
  return typeof prefix === 'number' && !isCounted(prefix >> 8) ? undefined : prefix;
}

/** By hand, since every contact that enters a table passes here. */
function ipv4Prefix(address: string): number {
  let prefix = 0;
  let part = 0;
  let parts = 0;
  for (let index = 0; index < address.length && parts < 3; index++) {
    const code = address.charCodeAt(index);
    if (code === COLON) break;
    if (code === DOT) {
      prefix = (prefix << 8) | (part & 0xff);
      part = 0;
      parts++;
    } else part = part * 10 + (code - ZERO);
  }
  return prefix;
}

function ipv6Prefix(address: string): Prefix | undefined {
  const host = address.slice(1, address.lastIndexOf(']'));
  if (addressClass(host) !== 'public') return undefined;
  const holder = addressHolder(host);
  return holder.includes(':') ? holder.split(':', 3).join(':') : ipv4Prefix(holder);
}

function isCounted(leading: number): boolean {
  if (counted[leading] === 0) {
    const isPublic = addressClass(`${leading >> 8}.${leading & 0xff}.0.0`) === 'public';
    counted[leading] = isPublic ? YES : NO;
  }
  return counted[leading] === YES;
}

/** Contacts of a table by network. */
export class PrefixCounts {
  readonly #counts = new Map<Prefix, number>();

  /** Networks with at least one. */
  get size(): number {
    return this.#counts.size;
  }

  /** Whether one more fits; always for what is not counted. */
  hasRoom(prefix: Prefix | undefined): boolean {
    return prefix === undefined || (this.#counts.get(prefix) ?? 0) < PER_TABLE;
  }

  add(prefix: Prefix | undefined): void {
    if (prefix !== undefined) this.#counts.set(prefix, (this.#counts.get(prefix) ?? 0) + 1);
  }

  remove(prefix: Prefix | undefined): void {
    if (prefix === undefined) return;
    const left = (this.#counts.get(prefix) ?? 0) - 1;
    if (left > 0) this.#counts.set(prefix, left);
    else this.#counts.delete(prefix);
  }
}
