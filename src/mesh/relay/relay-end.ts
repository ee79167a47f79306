/**
 * An end's side of relay sessions: asks a station for one, and agrees to those that the stations it attached to bring.
 *
 * Whoever asks does not wait for the answer: a station passes on from the moment it is asked, so that the first call
 * through it takes four round trips. Source: SPEC §8.6, DESIGN D4.
 */
import type { Process } from '../../actor/process.ts';
import type { RelayClosePayload, RelayReadyPayload, RelayRequestPayload } from '../../codec/payloads.ts';
import { SESSION_BYTES } from '../../transport/way.ts';
import { hex, shared, type MeshContext } from '../context.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import { fromWire, toWire } from '../errors/wire.ts';
import type { Standing } from '../peer/standings.ts';
import { PER_PAIR } from './relay-sessions.ts';
import { OWN_SESSIONS, type OwnSession } from './relays.ts';
import { sessionKey } from './session-key.ts';

/** Milliseconds for which a session outlives the connection to its station. */
const COMING_BACK = 10_000;

/** To whoever asked for a session: the target has agreed, or why there is none any more. */
export class RelayAnswered {
  readonly session: OwnSession;
  readonly failure: RpcFailure | undefined;
  constructor(session: OwnSession, failure: RpcFailure | undefined) {
    this.session = session;
    this.failure = failure;
  }
}

/** Asks a station for a session; undefined when that cannot be done now. `asker` is told by `RelayAnswered`. */
export function askRelay(
  context: MeshContext,
  station: Standing,
  peerId: string,
  asker: Process,
): OwnSession | undefined {
  const { relays, runtime } = context;
  const link = station.link();
  const endpoint = shared(context, 'endpoint');
  if (link === undefined || endpoint === undefined) return undefined;
  makeRoom(context, peerId, 'source');
  if (relays.own.size >= OWN_SESSIONS) return undefined;
  const id = runtime.random.bytes(SESSION_BYTES);
  if (!request(station, id, peerId)) return undefined;
  const address = endpoint.openRelayed(id, link);
  const { peerId: stationId } = station;
  const since = runtime.clock.now();
  const session: OwnSession = {
    id,
    stationId,
    peerId,
    role: 'source',
    address,
    asker,
    since,
    lostAt: undefined,
  };
  relays.own.set(sessionKey(id), session);
  return session;
}

const request = (station: Standing, session_id: Uint8Array, peerId: string): boolean =>
  station.say('relay_request', { session_id, target_id: new Uint8Array(Buffer.from(peerId, 'hex')) });

/** A station says that somebody wants to reach us. */
export function onRelayOffer(context: MeshContext, from: Standing, payload: RelayRequestPayload): void {
  const { session_id } = payload;
  const failure = agree(context, from, payload);
  from.say('relay_ready', failure === undefined ? { session_id } : { session_id, error: toWire(failure) });
}

function agree(
  context: MeshContext,
  from: Standing,
  { session_id: id, target_id, source_id }: RelayRequestPayload,
): RpcFailure | undefined {
  const { relays, runtime } = context;
  const identity = shared(context, 'identity');
  const endpoint = shared(context, 'endpoint');
  const link = from.link();
  const now = runtime.clock.now();
  if (source_id === undefined || identity === undefined || hex(target_id) !== hex(identity.nodeId))
    return { tag: 'invalid_args', field: 'target_id', detail: 'is not this node' };
  // one that was started again may have another id
  if (!relays.stations.has(from.peerId) && !relays.stations.reached.includes(from.address))
    return { tag: 'unauthorized', detail: 'not attached to this station' };
  if (!relays.hears(from.peerId, now)) return { tag: 'overloaded', bound: 'relay requests' };
  if (endpoint === undefined || link === undefined || context.phase.closing)
    return { tag: 'connection_error', sent: false, detail: 'the node is closing' };
  const key = sessionKey(id);
  const peerId = hex(source_id);
  const known = relays.own.get(key);
  // the station was restarted, and was asked once more
  if (known?.role === 'target' && known.peerId === peerId && known.stationId === from.peerId)
    return undefined;
  if (known !== undefined || relays.passed?.find(key) !== undefined)
    return { tag: 'invalid_args', field: 'session_id', detail: 'is in use' };
  makeRoom(context, peerId, 'target');
  if (relays.own.size >= OWN_SESSIONS) return { tag: 'overloaded', bound: 'relay sessions' };
  const address = endpoint.openRelayed(id, link);
  const { peerId: stationId } = from;
  relays.own.set(key, {
    id,
    stationId,
    peerId,
    role: 'target',
    address,
    asker: undefined,
    since: now,
    lostAt: undefined,
  });
  // for a connection that is there it is one more way
  context.standings.ready(peerId, false)?.link()?.offerPath('relayed', address);
  return undefined;
}

/** The newest sessions with a peer are the ones that count. */
function makeRoom(context: MeshContext, peerId: string, role: OwnSession['role']): void {
  const same = context.relays.with(peerId).filter((session) => session.role === role);
  for (const session of same.slice(0, Math.max(0, 1 + same.length - PER_PAIR)))
    leaveRelay(context, session, 'replaced');
}

/** The station passes on what the target says. */
export function onRelayAnswer(context: MeshContext, from: Standing, payload: RelayReadyPayload): void {
  const session = sessionOf(context, from, payload.session_id);
  if (session?.role !== 'source') return;
  const { error } = payload;
  const failure = error === undefined || error === null ? undefined : fromWire(error, 0);
  if (failure !== undefined) forget(context, session);
  tell(context, session, failure);
}

/** The station says that it is over. */
export function onRelayEnd(context: MeshContext, from: Standing, payload: RelayClosePayload): void {
  const session = sessionOf(context, from, payload.session_id);
  if (session === undefined) return;
  forget(context, session);
  tell(context, session, { tag: 'connection_error', sent: false, detail: 'the relay session has ended' });
}

/** We need it no more. */
export function leaveRelay(context: MeshContext, session: OwnSession, reason: string): void {
  if (context.relays.own.get(sessionKey(session.id)) !== session) return;
  forget(context, session);
  context.standings.ready(session.stationId, false)?.say('relay_close', { session_id: session.id, reason });
}

/**
 * There is a new connection to a station: our sessions there go over it. A station that was restarted does not know them,
 * so those that we have asked for are asked for once more.
 */
export function rebindRelays(context: MeshContext, station: Standing): void {
  const link = station.link();
  const endpoint = shared(context, 'endpoint');
  if (link === undefined || endpoint === undefined) return;
  for (const session of context.relays.own.values()) {
    if (session.stationId !== station.peerId) continue;
    endpoint.openRelayed(session.id, link);
    if (session.role === 'source') request(station, session.id, session.peerId);
  }
}

/** Sessions whose station has not come back are over, and no way for anybody. */
export function dropLostRelays(context: MeshContext): void {
  const now = context.runtime.clock.now();
  for (const session of context.relays.own.values()) {
    const lost = context.standings.ready(session.stationId, false) === undefined;
    session.lostAt = lost ? (session.lostAt ?? now) : undefined;
    if (now - (session.lostAt ?? now) < COMING_BACK) continue;
    forget(context, session);
    tell(context, session, { tag: 'connection_error', sent: false, detail: 'the station is gone' });
  }
}

/** Ours, and of this station; what anybody else says of it is counted and dropped. */
function sessionOf(context: MeshContext, from: Standing, id: Uint8Array): OwnSession | undefined {
  const session = context.relays.own.get(sessionKey(id));
  if (session?.stationId === from.peerId) return session;
  context.counters.unexpectedFrames++;
  return undefined;
}

function forget(context: MeshContext, session: OwnSession): void {
  const { relays, standings } = context;
  relays.own.delete(sessionKey(session.id));
  for (const standing of standings.of(session.peerId)) standing.link()?.withdrawPath(session.address);
  shared(context, 'endpoint')?.closeRelayed(session.id);
}

function tell(context: MeshContext, session: OwnSession, failure: RpcFailure | undefined): void {
  const { asker } = session;
  if (asker?.alive === true) context.runtime.send(asker, new RelayAnswered(session, failure));
}
