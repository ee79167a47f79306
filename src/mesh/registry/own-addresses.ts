/**
 * Where others may reach this node now: its own addresses, and the stations that lead to it.
 */
import { networkInterfaces } from 'node:os';
import { MAX_ENDPOINTS } from '../dht/record.ts';
import { shared, type MeshContext } from '../context.ts';
import { relayHint } from '../peer/relay-hint.ts';
import { wayOf } from '../../transport/way.ts';
import { isWildcard, ownEndpoints } from './own-endpoints.ts';

/** Numeric addresses of the machine's interfaces; undefined when it listens at one of them only. */
export function interfacesOf(context: MeshContext): readonly string[] | undefined {
  const bound = shared(context, 'endpoint')?.local;
  if (bound === undefined || !isWildcard(bound.host)) return undefined;
  return Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
}

/** `host:port` of its own, best first. */
export const addressesOf = (
  context: MeshContext,
  interfaces: readonly string[] = interfacesOf(context) ?? [],
): readonly string[] =>
  ownEndpoints({
    announce: context.settings.announce,
    bound: shared(context, 'endpoint')?.local,
    interfaces,
  });

/** What a record says: the stations it is attached to, which lead to it surely, and its addresses. */
export function endpointsOf(context: MeshContext, interfaces?: readonly string[]): readonly string[] {
  const hints = stationsOf(context).map(relayHint);
  return [...hints, ...addressesOf(context, interfaces)].slice(0, MAX_ENDPOINTS);
}

/** `host:port` of stations that it has a connection to. */
function stationsOf({ relays, standings }: MeshContext): readonly string[] {
  return relays.attached.flatMap((nodeId) => {
    const standing = standings.ready(nodeId, false);
    const at = standing?.link()?.observed;
    return standing === undefined || at === undefined || wayOf(at) === 'relay' ? [] : [standing.address];
  });
}
