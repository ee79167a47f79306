/**
 * What a connection that is ready, or that has changed its path, means to relays and hole punches.
 */
import type { Process } from '../../../actor/process.ts';
import { actor, shared, type MeshContext } from '../../context.ts';
import { pathMoved } from '../../events/path-events.ts';
import type { Standing } from '../../peer/standings.ts';
import { addressesOf } from '../../registry/own-addresses.ts';
import { rebindRelays } from '../../relay/relay-end.ts';
import { sessionAt } from '../../relay/relays.ts';
import type { Link } from '../../../transport/transport.ts';
import { StationFound } from './attempt.ts';
import { PathChanged } from './connector.ts';
import { isRelayed } from './peer-paths.ts';
import { natText } from '../taxonomy.ts';

/** Addresses that one offer names. */
const OFFERED = 8;

/** The hello was accepted. */
export function traversable(context: MeshContext, standing: Standing): void {
  if (context.role === 'client') return;
  if (standing.isStation) {
    rebindRelays(context, standing);
    tellConnector(context, new StationFound());
  }
  if (!isRelayed(standing.link())) return;
  const addresses = addressesOf(context).slice(0, OFFERED);
  const nat = natText(shared(context, 'natProfile')?.profile);
  standing.say('path_offer', nat === undefined ? { addresses } : { addresses, nat });
  tellConnector(context, new PathChanged(standing.process));
}

/** Its packets go another way now. */
export function pathChanged(context: MeshContext, connection: Process): void {
  const standing = context.standings.find(connection);
  if (standing !== undefined) pathMoved(context, standing);
  if (context.role === 'node') tellConnector(context, new PathChanged(connection));
}

/** The peer does not answer: another way to it may be needed at once. */
export function pathDoubted(context: MeshContext, connection: Process): void {
  if (context.role === 'node') tellConnector(context, new PathChanged(connection));
}

function tellConnector(context: MeshContext, what: PathChanged | StationFound): void {
  const connector = actor(context, 'natConnector');
  if (connector !== undefined) context.runtime.send(connector, what);
}

/**
 * Answers are missing. A NAT of ours that has forgotten us lets the station's packets in no more, and the station knows us
 * by the old address: a packet of our own to it tells it the new one.
 */
export function askStation({ relays, standings }: MeshContext, link: Link | undefined): void {
  for (const { address } of link?.paths ?? []) {
    const session = sessionAt(relays, address);
    if (session !== undefined) standings.ready(session.stationId, false)?.link()?.ping();
  }
}
