/**
 * Frames of relays and hole punches, and whom they are for: us as a station, or as an end.
 */
import type { Frame } from '../../codec/frame.ts';
import type { PunchCoordinatePayload, PunchResultPayload } from '../../codec/payloads.ts';
import { hex, type MeshContext } from '../context.ts';
import type { Standing } from '../peer/standings.ts';
import { onRelayAnswer, onRelayEnd, onRelayOffer } from '../relay/relay-end.ts';
import { onRelayClose, onRelayReady, onRelayRequest } from '../relay/relay-station.ts';
import { sessionKey } from '../relay/session-key.ts';
import { isNear, offerDirect, offerPunched } from './peer-paths.ts';
import { PunchCoordinated, PunchEnded } from './punching.ts';
import { natOf } from './taxonomy.ts';
import type { PunchFailure } from './punch-session.ts';

/** False when the frame is none of these. */
export function onTraversalFrame(context: MeshContext, from: Standing, { type, payload }: Frame): boolean {
  const { relays } = context;
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
      if (!relays.admits(from.process, context.runtime.clock.now())) return true;
      from.nat = natOf(payload.nat);
      offerDirect(from.link(), payload.addresses, isNear(context, from.peerId));
      return true;
    default:
      return false;
  }
}

/** A station says where a peer is. It is believed of peers that we talk to through that station, and of no others. */
function onCoordinate(context: MeshContext, from: Standing, payload: PunchCoordinatePayload): void {
  const { relays, runtime, standings } = context;
  const { session_id, role, delay = 0 } = payload;
  const ours = relays.punches.get(sessionKey(session_id));
  if (role === 'initiator') {
    if (ours?.alive === true) runtime.send(ours, new PunchCoordinated(payload, from.peerId));
    return;
  }
  const peerId = hex(payload.peer_id);
  const together = relays.with(peerId).some(({ stationId }) => stationId === from.peerId);
  const peer = together ? standings.ready(peerId, false) : undefined;
  if (peer === undefined || !relays.admits(from.process, runtime.clock.now())) {
    from.say('punch_result', { session_id, success: false, reason: 'refused' });
    return;
  }
  from.say('punch_execute', { session_id });
  runtime.workAfter(delay, peer.process, () => {
    offerPunched(peer.link(), payload);
  });
}

function onResult(context: MeshContext, from: Standing, payload: PunchResultPayload): void {
  const ours = context.relays.punches.get(sessionKey(payload.session_id));
  if (ours === undefined) context.relays.coordinator.onResult(context, from, payload);
  else if (ours.alive) {
    const reason = payload.success ? undefined : ((payload.reason ?? 'refused') as PunchFailure);
    context.runtime.send(ours, new PunchEnded(reason, from.peerId));
  }
}
