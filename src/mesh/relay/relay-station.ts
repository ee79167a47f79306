/**
 * The station's side of relay sessions: asked for by one node, agreed to by the other, ended by either.
 *
 * Runs in the turn of the connection that brings the frame; the datagrams themselves go through the endpoint's
 * forwarder. Nobody but the two ends of a session can do anything with its id. Source: SPEC §8.6, SECURITY §10.2.
 */
import type { RelayClosePayload, RelayReadyPayload, RelayRequestPayload } from '../../codec/payloads.ts';
import type { Link, PhysicalAddress } from '../../transport/transport.ts';
import { wayOf } from '../../transport/way.ts';
import { hex, type MeshContext } from '../context.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import { toWire } from '../errors/wire.ts';
import type { Standing } from '../peer/standings.ts';
import type { RelayEnd, RelayRefusal, RelaySession } from './relay-sessions.ts';
import { sessionKey } from './session-key.ts';

const NOT_ATTACHED: RpcFailure = { tag: 'cross_relay_error', detail: 'target_not_attached' };
const NO_STATION: RpcFailure = { tag: 'unauthorized', detail: 'this node relays for nobody' };
const IN_USE: RpcFailure = { tag: 'invalid_args', field: 'session_id', detail: 'cannot be used' };

/** A node wants to reach another one that is attached here. */
export function onRelayRequest(context: MeshContext, from: Standing, payload: RelayRequestPayload): void {
  const failure = begin(context, from, payload);
  if (failure !== undefined) answer(from, payload.session_id, failure);
}

function begin(
  context: MeshContext,
  from: Standing,
  { session_id: id, target_id: targetId, reason }: RelayRequestPayload,
): RpcFailure | undefined {
  const { relays, runtime, standings } = context;
  const now = runtime.clock.now();
  const { passed } = relays;
  if (passed === undefined || context.phase.closing) return NO_STATION;
  if (!relays.admits(from.peerId, hex(targetId), now)) return { tag: 'overloaded', bound: 'relay requests' };
  const target = standings.ready(hex(targetId), false);
  const key = sessionKey(id);
  // both were lost, as with our socket, and who asked is back first: the session waits for the other
  if (target === undefined && joins(passed.find(key), from.peerId, hex(targetId))) return undefined;
  // a client is reached by its calls
  if (target?.isNode !== true) return NOT_ATTACHED;
  if (relays.own.has(key)) return IN_USE;
  const [source, end] = [endOf(context, from.peerId), endOf(context, target.peerId)];
  // another station leads to it, or to whoever asks: nothing would arrive
  if (source.at() === undefined || end.at() === undefined) return NOT_ATTACHED;
  const opened = passed.open(key, source, end, now);
  if (opened.tag === 'refused') return failureOf(opened.refusal);
  if (opened.tag === 'opened' && opened.replaced !== undefined)
    tellEnds(context, opened.replaced, 'replaced');
  const source_id = new Uint8Array(Buffer.from(from.peerId, 'hex'));
  const request = { session_id: id, target_id: targetId, source_id };
  if (target.say('relay_request', isSaid(reason) ? { ...request, reason } : request)) return undefined;
  passed.close(key);
  return NOT_ATTACHED;
}

/** The target has decided. */
export function onRelayReady(context: MeshContext, from: Standing, payload: RelayReadyPayload): void {
  const { passed } = context.relays;
  const session = passed?.find(sessionKey(payload.session_id));
  if (session === undefined || session.target.nodeId !== from.peerId) {
    context.counters.unexpectedFrames++;
    return;
  }
  const agrees = !isSaid(payload.error);
  // it is asked again after a new connection of the source
  if (agrees) session.agreed = true;
  else passed?.close(session.id);
  context.standings.ready(session.source.nodeId, false)?.say('relay_ready', payload);
}

/** An end wants no more of it. */
export function onRelayClose(context: MeshContext, from: Standing, payload: RelayClosePayload): void {
  const { passed } = context.relays;
  const session = passed?.find(sessionKey(payload.session_id));
  if (session === undefined || !ends(session).includes(from.peerId)) {
    context.counters.unexpectedFrames++;
    return;
  }
  endSession(context, session, payload.reason, from.peerId);
}

/** Forgets a session and tells its ends, but for the one that knows. */
export function endSession(
  context: MeshContext,
  session: RelaySession,
  reason: string,
  knows?: string,
): void {
  context.relays.passed?.close(session.id);
  tellEnds(context, session, reason, knows);
}

function tellEnds(context: MeshContext, session: RelaySession, reason: string, knows?: string): void {
  const session_id = new Uint8Array(Buffer.from(session.id, 'latin1'));
  for (const nodeId of ends(session)) {
    if (nodeId !== knows) context.standings.ready(nodeId, false)?.say('relay_close', { session_id, reason });
  }
}

const ends = ({ source, target }: RelaySession): readonly string[] => [source.nodeId, target.nodeId];

const joins = (session: RelaySession | undefined, source: string, target: string): boolean =>
  session?.source.nodeId === source && session.target.nodeId === target;

/** A node reached through a relay itself is no end: relays are not chained. */
const endOf = ({ standings }: MeshContext, nodeId: string): RelayEnd => {
  const link = (): Link | undefined => standings.ready(nodeId, false)?.link();
  return {
    nodeId,
    at: (): PhysicalAddress | undefined => {
      const at = link()?.proven;
      return at === undefined || wayOf(at) === 'relay' ? undefined : at;
    },
    isAt: (address) => isProvenAt(link(), address),
  };
};

/** Most often it is where we send ourselves. */
function isProvenAt(link: Link | undefined, address: PhysicalAddress): boolean {
  const proven = link?.proven;
  if (proven?.port === address.port && proven.host === address.host) return true;
  return (
    link?.paths.some(
      (path) => path.proven && path.address.port === address.port && path.address.host === address.host,
    ) === true
  );
}

const failureOf = (refusal: RelayRefusal): RpcFailure =>
  refusal.tag === 'overloaded' ? refusal : { ...refusal, detail: 'cannot be used' };

const answer = (to: Standing, id: Uint8Array, failure: RpcFailure): boolean =>
  to.say('relay_ready', { session_id: id, error: toWire(failure) });

/** An optional field that is null is absent. */
const isSaid = <T>(field: T | null | undefined): field is T => field !== undefined && field !== null;
