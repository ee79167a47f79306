/**
 * Who may ask the inspector for what (INSPECTOR §5, SECURITY §11). Pure.
 *
 * The checks come in this order, each with a status of its own: Host (421), Origin (403), Sec-Fetch-Site (403), token (401). The first
 * stops a name that somebody pointed at this address (DNS rebinding); the second a page of another origin, also of another port of this
 * machine, which is the same site, so that SameSite does not stop it.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { unlocks, type Session } from './sessions.ts';

/** What is looked at of a request. Header names in lower case. */
export interface Asked {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Of the URL of the page, as `t`; null: there is none. */
  readonly ticket: string | null;
}

export interface Rules {
  /** Values of Host that are ours, with the port, in lower case. */
  readonly hosts: ReadonlySet<string>;
  readonly scheme: 'http' | 'https';
  readonly token: string;
  /** The name of our cookie. */
  readonly cookie: string;
  /** The session of which one of these is the secret. */
  readonly session: (secrets: readonly string[]) => Session | undefined;
}

export type Verdict =
  /** `files`: a browser has our cookie, and that is no more than the files of the page take. */
  | { readonly tag: 'pass'; readonly reach: 'all' | 'files'; readonly session?: Session }
  /**
   * A page was opened by its link: its token becomes a session. `byName`: as `localhost`, which is also the other loopback address, where
   * anybody of this machine may listen at the same port; the session must not be sent there.
   */
  | { readonly tag: 'enter'; readonly byName: boolean }
  /** `allow`: what may be asked with, of a 405 (RFC 9110 §15.5.6). */
  | { readonly tag: 'refused'; readonly status: Refusal; readonly error: string; readonly allow?: string };

export type Refusal = 401 | 403 | 404 | 405 | 413 | 415 | 421 | 429;

/** What the page brings beside its cookie. */
const KEY = 'x-espalier-key';
const NO_TOKEN = 'the token is missing or wrong';
/** The port of HTTP. */
const USUAL = 80;
/** Ours is 32 characters. */
const LONGEST_TOKEN = 256;

const refused = (status: Refusal, error: string): Verdict => ({ tag: 'refused', status, error });

/** Asked for in a way in which this place is not. @param allow those in which it is. */
export const otherMethod = (allow: string, error: string): Extract<Verdict, { tag: 'refused' }> => ({
  tag: 'refused',
  status: 405,
  error,
  allow,
});

export function judge({ method, headers, ticket }: Asked, rules: Rules): Verdict {
  const host = single(headers['host'])?.toLowerCase();
  if (host === undefined || !rules.hosts.has(host)) return refused(421, 'not the name of this inspector');
  const { origin } = headers;
  if (origin !== undefined && origin !== `${rules.scheme}://${host}`)
    return refused(403, 'not from a page of this inspector');
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    return refused(403, 'not from a page of this inspector');
  const reads = method === 'GET' || method === 'HEAD';
  if (ticket !== null && reads && matches(ticket, rules.token))
    return { tag: 'enter', byName: host.startsWith('localhost') };
  const bearer = bearerOf(single(headers['authorization']));
  if (bearer !== undefined)
    return matches(bearer, rules.token) ? { tag: 'pass', reach: 'all' } : refused(401, NO_TOKEN);
  const session = rules.session(cookiesOf(single(headers['cookie']), rules.cookie));
  if (session === undefined) return refused(401, NO_TOKEN);
  return { tag: 'pass', reach: unlocks(single(headers[KEY]), session) ? 'all' : 'files', session };
}

/** A request that changes something: says so in ways a form or a link of another page cannot. */
export function judgeAction({ method, headers }: Asked, actions: boolean): Verdict {
  if (method !== 'POST') return otherMethod('POST', 'actions are asked for by POST');
  if (!actions) return refused(403, 'this inspector only reads: it was started without actions');
  const [type = ''] = (single(headers['content-type']) ?? '').toLowerCase().split(';');
  if (type.trim() !== 'application/json') return refused(415, 'the body must be application/json');
  if (headers['x-espalier-action'] !== '1') return refused(403, 'the header X-Espalier-Action: 1 is missing');
  return { tag: 'pass', reach: 'all' };
}

/** Loopback by all its names, and what else it was told to answer to. */
export function hostsOf(host: string, port: number): ReadonlySet<string> {
  const bare = host.includes(':') ? `[${host}]` : host;
  const names = ['127.0.0.1', 'localhost', '[::1]', bare].map((name) => name.toLowerCase());
  // nobody names the port that goes without saying
  return new Set(names.flatMap((name) => (port === USUAL ? [name, `${name}:${port}`] : [`${name}:${port}`])));
}

/** Cookies are shared by all ports of a host: each has its own name. */
export const cookieName = (port: number): string => `espalier_inspector_${port}`;

const single = (header: string | string[] | undefined): string | undefined =>
  typeof header === 'string' ? header : undefined;

function bearerOf(header: string | undefined): string | undefined {
  const [, token] = /^bearer +(\S+)$/i.exec(header ?? '') ?? [];
  return token;
}

/** All of that name: a page of another port may have set one of its own, for a longer path, which then comes first. */
function cookiesOf(header: string | undefined, name: string): string[] {
  const found: string[] = [];
  for (const pair of (header ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) found.push(pair.slice(at + 1).trim());
  }
  return found;
}

/** In the same time, however much of it is right. */
function matches(given: string, token: string): boolean {
  if (given.length > LONGEST_TOKEN) return false;
  return timingSafeEqual(digest(given), digest(token));
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
