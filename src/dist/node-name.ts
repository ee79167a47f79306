/**
 * Names of nodes. Pure.
 *
 * Every name is `left@host`. The QUIC carrier has no EPMD: its names carry the port, `4433@192.168.1.100`, and are taken
 * strictly (SPEC §10): one `@`, a port of 1 … 65535 in plain decimal, a host that is a name, an IPv4 address or a
 * bracketed IPv6 address. Erlang's names (`alice@host`) are those of the other carriers.
 */
import { isIPv4, isIPv6 } from 'node:net';

export interface PortName {
  readonly port: number;
  /** As written; IPv6 addresses in brackets. */
  readonly host: string;
}

export type SplitName =
  | { readonly ok: true; readonly name: PortName }
  | { readonly ok: false; readonly error: { readonly tag: 'invalid_node_name' } };

const REFUSED: SplitName = { ok: false, error: { tag: 'invalid_node_name' } };
const PORT = /^[1-9]\d{0,4}$/;
const LABEL = /^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)$/;
/** Characters of a name, as of any atom. */
const LONGEST = 255;

/** `port@host`, or nothing else. */
export function splitNodeName(name: string): SplitName {
  const [port = '', host = '', ...more] = name.split('@');
  if (more.length > 0 || !PORT.test(port) || Number(port) > 65_535 || !isHost(host)) return REFUSED;
  return { ok: true, name: { port: Number(port), host } };
}

export const isPortName = (name: string): boolean => splitNodeName(name).ok;

/** `left@host` in the sense of Erlang: both parts there, one `@`, nothing that a person cannot see. */
export function isNodeName(name: string): boolean {
  const [left = '', host = '', ...more] = name.split('@');
  return more.length === 0 && name.length <= LONGEST && /^[\w+-]+$/.test(left) && isHost(host);
}

/** The part behind the `@`. */
export const hostOf = (name: string): string => name.slice(name.indexOf('@') + 1);

/** The part before it: what EPMD knows a node by. */
export const aliveOf = (name: string): string => name.slice(0, name.indexOf('@'));

function isHost(host: string): boolean {
  if (host.startsWith('[')) return host.endsWith(']') && isIPv6(host.slice(1, -1));
  if (isIPv4(host)) return true;
  return host.length > 0 && host.length <= 253 && host.split('.').every((label) => LABEL.test(label));
}
