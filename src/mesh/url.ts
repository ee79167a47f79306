/**
 * The URLs by which nodes, stations and dist relays are named, and the realm that goes with them.
 *
 * `https://host:port`, `http://`, `quic://` or no scheme for the mesh; `quic://` or none for a dist relay. There
 * is no path, no user, no query. An IPv6 address stands in brackets, and keeps them. No port means the default.
 *
 * Pure. Throws nothing. Source: DESIGN §8 "URL" and "Realm"; `test/vectors/urls.json`.
 */
import { Buffer } from 'node:buffer';
import { isIPv4, isIPv6 } from 'node:net';

export const MESH_PORT = 9_443;
const DIST_RELAY_PORT = 4_434;

/** The open realm, served on loopback only. */
export const DEFAULT_REALM = 'default';

/** Bytes of a host name in the DNS, and of a realm. */
const LONGEST_HOST = 253;
const LONGEST_REALM = 255;

const HOST_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const BRACKETED = /^\[[0-9A-Fa-f:.]+\]$/;
const PORT = /^[1-9][0-9]{0,4}$/;

const MESH_SCHEMES: readonly string[] = ['https', 'http', 'quic'];
const DIST_RELAY_SCHEMES: readonly string[] = ['quic'];

/** `host` keeps the brackets of an IPv6 address. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export interface InvalidUrl {
  readonly tag: 'invalid_url';
  readonly url: string;
}

export type UrlResult =
  { readonly ok: true; readonly at: HostPort } | { readonly ok: false; readonly error: InvalidUrl };

/** Where to connect and in which realm. */
export interface ConnectTarget extends HostPort {
  readonly realm: string;
  readonly loopback: boolean;
}

export type TargetResult =
  | { readonly ok: true; readonly target: ConnectTarget }
  | {
      readonly ok: false;
      readonly error: InvalidUrl | { readonly tag: 'invalid_args'; readonly field: 'realm' };
    };

export const parseMeshUrl = (url: string): UrlResult => parse(url, MESH_SCHEMES, MESH_PORT);

export const parseDistRelayUrl = (url: string): UrlResult => parse(url, DIST_RELAY_SCHEMES, DIST_RELAY_PORT);

/** Adds the realm: required for every host that is not loopback, where the open one does not exist; never empty. */
export function connectTarget(url: string, realm?: string): TargetResult {
  const parsed = parseMeshUrl(url);
  if (!parsed.ok) return parsed;
  const loopback = isLoopbackHost(parsed.at.host);
  const chosen = realm ?? (loopback ? DEFAULT_REALM : '');
  if (!isRealm(chosen) || (!loopback && chosen === DEFAULT_REALM))
    return { ok: false, error: { tag: 'invalid_args', field: 'realm' } };
  return { ok: true, target: { ...parsed.at, realm: chosen, loopback } };
}

/** Whether a realm may have this name: any text that says something, at most 255 bytes. */
export const isRealm = (realm: unknown): realm is string =>
  typeof realm === 'string' && realm !== '' && Buffer.byteLength(realm) <= LONGEST_REALM;

/** `localhost`, 127.0.0.0/8, ::1 and 127.0.0.0/8 mapped into IPv6, with or without brackets. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  const name = bare.toLowerCase();
  if (name === 'localhost') return true;
  if (isIPv4(name)) return name.startsWith('127.');
  if (!isIPv6(name) || name.includes('%')) return false;
  // The URL parser writes every spelling of an address in one way, the mapped ones in hexadecimal.
  const canonical = new URL(`http://[${name}]`).hostname;
  return canonical === '[::1]' || /^\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\]$/.test(canonical);
}

function parse(url: string, schemes: readonly string[], defaultPort: number): UrlResult {
  const refused: UrlResult = { ok: false, error: { tag: 'invalid_url', url } };
  if (typeof url !== 'string') return refused;
  let rest = url;
  const separator = url.indexOf('://');
  if (separator !== -1) {
    if (!schemes.includes(url.slice(0, separator).toLowerCase())) return refused;
    rest = url.slice(separator + 3);
    // What `String(new URL(…))` appends; any other path is refused below.
    if (rest.endsWith('/')) rest = rest.slice(0, -1);
  }
  const colon = rest.lastIndexOf(':');
  const hasPort = colon > rest.lastIndexOf(']');
  const host = hasPort ? rest.slice(0, colon) : rest;
  if (!isHost(host)) return refused;
  if (!hasPort) return { ok: true, at: { host, port: defaultPort } };
  const digits = rest.slice(colon + 1);
  const port = Number(digits);
  return PORT.test(digits) && port <= 65_535 ? { ok: true, at: { host, port } } : refused;
}

function isHost(host: string): boolean {
  if (host.length > LONGEST_HOST) return false;
  return HOST_NAME.test(host) || (BRACKETED.test(host) && isIPv6(host.slice(1, -1)));
}
