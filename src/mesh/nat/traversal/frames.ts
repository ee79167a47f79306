/**
 * Frames of relays and hole punches, and whom they are for: us as a station, or as an end.
 *
 * Whoever names an address has it asked a few times at most, and only for a connection that goes through a station: so that
 * nobody has us send more than a handful of small keyed questions anywhere (SECURITY §14).
 */
import type { Frame } from '../../../codec/frame.ts';
import type {
  PathOfferPayload,
  PunchCoordinatePayload,
  PunchResultPayload,
} from '../../../codec/payloads.ts';
import { hex, type MeshContext } from '../../context.ts';
import type { Standing } from '../../peer/standings.ts';
import { onRelayAnswer, onRelayEnd, onRelayOffer } from '../../relay/relay-end.ts';
import { onRelayClose, onRelayReady, onRelayRequest } from '../../relay/relay-station.ts';
import { sessionAt } from '../../relay/relays.ts';
import { sessionKey } from '../../relay/session-key.ts';
import { nextPorts } from '../punch/next-ports.ts';
import { isNear, offerDirect, offerPunched } from './peer-paths.ts';
import { PunchCoordinated, PunchEnded } from '../punch/punching.ts';
import { natOf } from '../taxonomy.ts';
import type { PunchFailure } from '../punch/punch-session.ts';

/** Milliseconds between two offers of addresses that are looked at. */
const OFFERS_APART = 30_000;
/** Milliseconds until a punch begins, at most. */
const LONGEST_DELAY = 10_000;

/** False when the frame is none of these. */
export function onTraversalFrame(context: MeshContext, from: Standing, { type, payload }: Frame): boolean {
  const { relays } = context;
  // a client is an end of nothing, and no station
  if (context.role === 'client') return false;
  switch (type) {
    case 'relay_request':
      if (payload.source_id === undefined || payload.source_id === null)
        onRelayRequest(context, from, payload);
      else onRelayOffer(context, from, payload);
      return true;
    case 'relay_ready':
      if (relays.own.has(sessionKey(payload.session_id))) onRelayAnswer(context, from, payload);
      else onRelayReady(context, from, payload);
      return true;
    case 'relay_close':
      if (relays.own.has(sessionKey(payload.session_id))) onRelayEnd(context, from, payload);
      else onRelayClose(context, from, payload);
      return true;
    case 'punch_request':
      relays.coordinator.onRequest(context, from, payload);
      return true;
    case 'punch_coordinate':
      onCoordinate(context, from, payload);
      return true;
    case 'punch_execute':
      relays.coordinator.onExecute(context, from, payload);
      return true;
    case 'punch_result':
      onResult(context, from, payload);
      return true;
    case 'path_offer':
      onOffer(context, from, payload);
      return true;
    default:
      return false;
  }
}

/** A peer that we reach through a station says where else it may be. */
function onOffer(context: MeshContext, from: Standing, { addresses, nat }: PathOfferPayload): void {
  const now = context.runtime.clock.now();
  if (relayedBy(context, from) === undefined || now - from.offeredAt < OFFERS_APART) return;
  from.offeredAt = now;
  from.nat = natOf(nat ?? undefined);
  offerDirect(context, from.link(), addresses, isNear(context, from.peerId));
}

/** A station says where a peer is. It is believed of peers whom we reach through it now, and of no others. */
function onCoordinate(context: MeshContext, from: Standing, payload: PunchCoordinatePayload): void {
  const { relays, runtime, standings } = context;
  const { session_id, role } = payload;
  if (!relays.hears(from.peerId, runtime.clock.now())) return;
  const ours = relays.punches.get(sessionKey(session_id));
  if (role === 'initiator') {
    if (ours?.alive === true) runtime.send(ours, new PunchCoordinated(payload, from.peerId));
    return;
  }
  const peer = standings.ready(hex(payload.peer_id), false);
  if (peer === undefined || relayedBy(context, peer) !== from.peerId) {
    from.say('punch_result', { session_id, success: false, reason: 'refused' });
    return;
  }
  const ports = nextPorts(context);
  from.say('punch_execute', ports.length === 0 ? { session_id } : { session_id, ports });
  runtime.workAfter(Math.min(LONGEST_DELAY, payload.delay ?? 0), peer.process, () => {
    offerPunched(context, peer.link(), payload, isNear(context, peer.peerId));
  });
}

/** Hex id of the station through which a peer's packets go now, either way; undefined: through none. */
function relayedBy({ relays }: MeshContext, { link }: Standing): string | undefined {
  for (const { address, proven } of link()?.paths ?? []) {
    const session = proven ? sessionAt(relays, address) : undefined;
    if (session !== undefined) return session.stationId;
  }
  return undefined;
}

function onResult(context: MeshContext, from: Standing, payload: PunchResultPayload): void {
  const ours = context.relays.punches.get(sessionKey(payload.session_id));
  if (ours === undefined) context.relays.coordinator.onResult(context, from, payload);
  else if (ours.alive) {
    const reason = payload.success ? undefined : ((payload.reason ?? 'refused') as PunchFailure);
    context.runtime.send(ours, new PunchEnded(reason, from.peerId));
  }
}
