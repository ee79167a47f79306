/**
 * Stations by which a node may be reached: those it names itself, and those we have attached to.
 */
import { wayOf } from '../../../transport/way.ts';
import type { MeshContext } from '../../context.ts';
import { selectRelay, type Relay } from './select-relay.ts';
import type { NatWish } from '../../peer/nat-connector.ts';
import { RELAY_LIMITS } from '../../relay/relay-sessions.ts';
import type { Standing } from '../../peer/standings.ts';

export interface Candidate {
  /** `host:port`, or the hex id of one that is connected. */
  readonly station: string;
  /** Where UDP is blocked, over TLS. */
  readonly tls: boolean;
}

/**
 * In the order in which they are tried: who is connected first, best first, and last who leads to the node already, for another way is
 * wanted because that one does not work. A stranger's station is dialed over TLS only when our own UDP is blocked: else a
 * record would have us knock at any TCP port.
 * @param unreached whether a station could not be reached a moment ago.
 */
export function candidateStations(
  context: MeshContext,
  { nodeId, relay, stations }: NatWish,
  unreached: (station: string) => boolean,
): readonly Candidate[] {
  const { relays } = context;
  if (relay !== undefined) return [{ station: relay, tls: true }];
  const used = new Set(relays.with(nodeId).map(({ stationId }) => stationId));
  const tls = isBlocked(context);
  const connected = new Map<string, Relay>();
  const others = new Set<string>();
  // one that was started again may have another id
  for (const station of [...stations, ...relays.attached, ...relays.stations.reached]) {
    const standing = standingAt(context, station);
    if (standing !== undefined) connected.set(standing.peerId, relayOf(context, standing));
    else if (!unreached(station)) others.add(station);
  }
  const fresh = ranked(
    [...connected.values()].filter(({ id }) => !used.has(id)),
    nodeId,
  );
  const known = ranked(
    [...connected.values()].filter(({ id }) => used.has(id)),
    nodeId,
  );
  return [...fresh, ...others, ...known].map((station) => ({ station, tls }));
}

/** What the choice looks at (SPEC §8.6). */
const relayOf = ({ relays }: MeshContext, { peerId, rtt }: Standing): Relay => ({
  id: peerId,
  load: relays.asked(peerId),
  capacity: RELAY_LIMITS.asked,
  latency: rtt(),
});

/** The least loaded first, of those the nearest; full ones are left out, and so is the node itself. */
function ranked(relays: readonly Relay[], target: string): readonly string[] {
  const order: string[] = [];
  for (;;) {
    const chosen = selectRelay(relays, { exclude: order, target });
    if (!chosen.ok) return order;
    order.push(chosen.relay.id);
  }
}

/** Whoever is connected and is that station: by its address, or by its id. */
export function standingAt({ standings }: MeshContext, station: string): Standing | undefined {
  const byId = standings.ready(station, false);
  if (byId !== undefined) return byId;
  for (const standing of standings.all()) {
    if (standing.address === station && standings.ready(standing.peerId, false) === standing) return standing;
  }
  return undefined;
}

/** We reach a station of ours over TLS alone. */
const isBlocked = ({ relays, standings }: MeshContext): boolean =>
  relays.attached.some((id) => {
    const at = standings.ready(id, false)?.link()?.observed;
    return at !== undefined && wayOf(at) === 'tls';
  });
