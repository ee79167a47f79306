/**
 * What the record of a member says, and whether it can be believed. Pure.
 *
 * Whoever is in the realm can sign a record that names any address, so nobody is made to dial where no member can be: machines of
 * our own network when we are outside of one, this very machine, groups. Source: SPEC §10, names; SECURITY §5.
 */
import { isIP } from 'node:net';
import { parseAddress } from '../../mesh/peer/endpoint-text.ts';
import { addressClass, isLinkLocal } from '../../transport/address.ts';
import { hostOf, splitNodeName } from '../node-name.ts';
import type { FoundRecord } from './source.ts';

/** What ours says. */
export const metadataOf = (node: string): FoundRecord['metadata'] => ({ node });

/** The name that a record is about; undefined when it is none that a member of our cluster can have. */
export function memberOf({ metadata }: Pick<FoundRecord, 'metadata'>, us: string): string | undefined {
  const { node } = metadata;
  if (typeof node !== 'string' || node === us) return undefined;
  const split = splitNodeName(node);
  return split.ok && isSensible(split.name.host, hostOf(us)) ? node : undefined;
}

function isSensible(host: string, ours: string): boolean {
  const at = numeric(host);
  const here = numeric(ours);
  // who goes by a number does not ask the DNS for strangers
  if (at === undefined) return here === undefined && (isLocalhost(ours) || !isLocalhost(host));
  if (parseAddress(`${host}:1`) === undefined || isLinkLocal(at)) return false;
  const theirs = addressClass(at);
  if (theirs === 'public') return true;
  if (here === undefined) return theirs === 'private' || isLocalhost(ours);
  const own = addressClass(here);
  return own === 'loopback' || own === theirs;
}

/** Without brackets; undefined for the name of a host. */
function numeric(host: string): string | undefined {
  const bare = host.startsWith('[') ? host.slice(1, -1) : host;
  return isIP(bare) === 0 ? undefined : bare;
}

const isLocalhost = (host: string): boolean => /(^|\.)localhost$/i.test(host);
