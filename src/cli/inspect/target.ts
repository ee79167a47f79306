/**
 * Which inspector is asked: the one that the options name, or the one that runs on this machine (INSPECTOR §4).
 */
import { usageError } from '../error-document.ts';
import { findDescriptors, type FoundDescriptor } from '../../inspect/descriptor.ts';
import { isInspectorUrl, isToken } from '../../inspect/descriptor-text.ts';
import { isLoopbackHost } from '../../mesh/url.ts';
import type { Target } from './api.ts';
import { InspectError, type RuntimeFacts } from './inspect-error.ts';
import { tokenIn } from './token-file.ts';

export interface TargetFlags {
  readonly url?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly pid?: number;
}

/**
 * @param wall the time, milliseconds since 1970.
 * @throws RpcError `invalid_args` when the options do not name exactly one; InspectError `no_runtime`, `several_runtimes`.
 */
export function targetOf(
  flags: TargetFlags,
  wall: number,
  find: () => readonly FoundDescriptor[] = findDescriptors,
): Target {
  const { url, pid } = flags;
  if (url !== undefined) return named(url, tokenOf(flags));
  const found = find();
  const chosen = pid === undefined ? found : found.filter((each) => each.pid === pid);
  const [only] = chosen;
  if (only !== undefined && chosen.length === 1) return { url: trimmed(only.url), token: only.token };
  if (found.length === 0) throw new InspectError({ tag: 'no_runtime' });
  if (only === undefined) throw usageError('pid', `there is no inspector of a process ${pid}`);
  throw new InspectError({ tag: 'several_runtimes', runtimes: chosen.map((each) => factsOf(each, wall)) });
}

function named(given: string, token: string | undefined): Target {
  const { url, ticket } = linkOf(given);
  if (!isInspectorUrl(url)) throw usageError('url', 'must be as http://127.0.0.1:9911');
  const { protocol, hostname } = new URL(url);
  if (protocol === 'http:' && !isLoopbackHost(hostname))
    throw usageError(
      'url',
      'is beyond this machine, and the token would travel in the clear: use https, or a tunnel of SSH',
    );
  const known = token ?? ticket;
  if (known === undefined)
    throw usageError('token', 'is missing: ESPALIER_INSPECTOR_TOKEN, --token-file, or --token');
  return { url: trimmed(inNumbers(url)), token: known };
}

/** `localhost` is two addresses, and anybody of this machine may have this port of the other one: the token goes where inspectors are. */
function inNumbers(given: string): string {
  const url = new URL(given);
  if (url.protocol === 'http:' && url.hostname === 'localhost') url.hostname = '127.0.0.1';
  return url.href;
}

/** The link that a node prints has its token behind it, for browsers. */
function linkOf(given: string): { readonly url: string; readonly ticket?: string } {
  if (!URL.canParse(given)) return { url: given };
  const url = new URL(given);
  const ticket = url.searchParams.get('t');
  url.searchParams.delete('t');
  return { url: url.href, ...(isToken(ticket) ? { ticket } : {}) };
}

function tokenOf({ token, tokenFile }: TargetFlags): string | undefined {
  const given = token ?? (tokenFile === undefined ? undefined : tokenIn(tokenFile, 'token-file'));
  if (given !== undefined && !isToken(given))
    throw usageError('token', 'must be visible ASCII, at most 256 characters');
  return given;
}

const factsOf = ({ pid, node, url, startedAt }: FoundDescriptor, wall: number): RuntimeFacts => ({
  pid,
  node,
  url,
  age: Math.max(0, Math.round(wall - startedAt)),
});

const trimmed = (url: string): string => url.replace(/\/+$/, '');
