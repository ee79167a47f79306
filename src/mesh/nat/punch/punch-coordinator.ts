/**
 * The station's side of hole punching: tells two nodes where it observes the other, and when to begin.
 *
 * Only the ends of a relay session may ask, and nobody is told an address that somebody claimed: the host is where the
 * station observes the peer's own connection, the ports are the observed one and few that its owner foretells for itself. So
 * no node can be made to send to an address that took no part (SECURITY §14). Both begin together without a common clock: the
 * target waits for the time its consent and the word to the requester take. Source: SPEC §8.4.
 */
import type {
  PunchExecutePayload,
  PunchRequestPayload,
  PunchResultPayload,
} from '../../../codec/payloads.ts';
import { wayOf } from '../../../transport/way.ts';
import { hex, type MeshContext } from '../../context.ts';
import type { Standing } from '../../peer/standings.ts';
import { sessionKey } from '../../relay/session-key.ts';
import {
  punchFailure,
  PunchSessions,
  type PunchEvent,
  type PunchFailure,
  type PunchStep,
} from './punch-session.ts';

/** Ports of one node that the other is told: the observed one and those it foretells. */
const PORTS = 5;
/** Punches of one source at once. */
const PER_SOURCE = 16;
/** Milliseconds until both begin, at most. */
const LONGEST_DELAY = 2_000;

interface Pair {
  readonly id: Uint8Array;
  readonly source: string;
  readonly target: string;
  /** What the source foretold. */
  readonly ports: readonly number[];
  /** The attempt of which the source was told. */
  told: number;
}

/** Punches under way through this station. It outlives the station's actor. */
export class PunchCoordinator {
  readonly #sessions: PunchSessions = new PunchSessions();
  readonly #pairs = new Map<string, Pair>();

  get size(): number {
    return this.#pairs.size;
  }

  /** A node wants a direct way to another one. */
  onRequest(context: MeshContext, from: Standing, payload: PunchRequestPayload): void {
    const { relays, runtime } = context;
    const now = runtime.clock.now();
    const target = hex(payload.target_id);
    const { session_id: id } = payload;
    const key = sessionKey(id);
    // what costs little is asked first
    const may = relays.admits(from.peerId, target, now) && relays.passed?.joins(from.peerId, target) === true;
    if (!may || this.#isBusy(from.peerId, target) || !this.#sessions.begin(key, now)) {
      from.say('punch_result', { session_id: id, success: false, reason: 'refused' });
      return;
    }
    this.#pairs.set(key, { id, source: from.peerId, target, ports: payload.ports ?? [], told: 0 });
    this.#step(context, key, { tag: 'ready' });
  }

  /** A node agrees, and begins. The requester is told when the target has agreed. */
  onExecute(context: MeshContext, from: Standing, { session_id: id, ports }: PunchExecutePayload): void {
    const key = sessionKey(id);
    const pair = this.#pairs.get(key);
    const session = this.#sessions.find(key);
    if (pair === undefined || session?.tag !== 'coordinating') return;
    if (from.peerId === pair.source) this.#step(context, key, { tag: 'executing' });
    else if (from.peerId === pair.target && pair.told < session.attempts) {
      pair.told = session.attempts;
      this.#tell(context, pair, 'initiator', ports ?? [], 0);
    }
  }

  /** What came of it. The source counts the tries; the target can only refuse. */
  onResult(context: MeshContext, from: Standing, payload: PunchResultPayload): void {
    const key = sessionKey(payload.session_id);
    const pair = this.#pairs.get(key);
    const { success, reason, connected_port: port } = payload;
    if (pair === undefined) return;
    if (from.peerId === pair.source || (from.peerId === pair.target && success)) {
      const event: PunchEvent = success
        ? port === undefined
          ? { tag: 'succeeded' }
          : { tag: 'succeeded', port }
        : { tag: 'failed', reason: failureOf(reason) };
      this.#step(context, key, event);
    } else if (from.peerId === pair.target) this.#step(context, key, { tag: 'failed', reason: 'refused' });
  }

  /** Lets time go by. */
  elapse(context: MeshContext): void {
    for (const { id, step } of this.#sessions.elapse(context.runtime.clock.now()))
      this.#act(context, id, step);
  }

  /** One punch at a time for two nodes, and few for one. */
  #isBusy(source: string, target: string): boolean {
    let count = 0;
    for (const pair of this.#pairs.values()) {
      if (pair.source === source && (pair.target === target || ++count >= PER_SOURCE)) return true;
    }
    return false;
  }

  #step(context: MeshContext, key: string, event: PunchEvent): void {
    const step = this.#sessions.step(key, event, context.runtime.clock.now());
    if (step !== undefined) this.#act(context, key, step);
  }

  #act(context: MeshContext, key: string, { act, session }: PunchStep): void {
    const pair = this.#pairs.get(key);
    if (pair === undefined || act === 'none') return;
    if (act === 'coordinate') {
      const rtt = rttOf(context, pair.source) + rttOf(context, pair.target);
      const delay = Math.min(LONGEST_DELAY, Math.round(rtt / 2));
      const blocked = [pair.source, pair.target].some((nodeId) => isBlocked(context, nodeId));
      if (!blocked && this.#tell(context, pair, 'target', pair.ports, delay)) return;
      this.#step(context, key, { tag: 'failed', reason: blocked ? 'udp_blocked' : 'peer_gone' });
      return;
    }
    this.#pairs.delete(key);
    this.#sessions.forget(key);
    const success = session.tag === 'completed';
    const reason = session.tag === 'failed' ? session.reason : undefined;
    const result = { session_id: pair.id, success, ...(reason === undefined ? {} : { reason }) };
    for (const nodeId of [pair.source, pair.target])
      context.standings.ready(nodeId, false)?.say('punch_result', result);
  }

  /** Tells one of both where the other is; false when one is gone. */
  #tell(
    { standings, runtime }: MeshContext,
    pair: Pair,
    role: 'initiator' | 'target',
    foretold: readonly number[],
    delay: number,
  ): boolean {
    const [told, other] = role === 'initiator' ? [pair.source, pair.target] : [pair.target, pair.source];
    const at = standings.ready(other, false)?.link()?.proven;
    if (at === undefined || wayOf(at) !== 'udp') return false;
    const peer_ports = [...new Set([at.port, ...foretold])].slice(0, PORTS);
    const to = standings.ready(told, false);
    return (
      to?.say('punch_coordinate', {
        session_id: pair.id,
        peer_id: new Uint8Array(Buffer.from(other, 'hex')),
        peer_host: at.host,
        peer_ports,
        punch_time: Math.round(runtime.clock.wall()) + delay,
        role,
        delay,
      }) === true
    );
  }
}

/** It reaches the station over TLS, so that there is no hole to be punched. */
function isBlocked({ standings }: MeshContext, nodeId: string): boolean {
  const at = standings.ready(nodeId, false)?.link()?.proven;
  return at !== undefined && wayOf(at) === 'tls';
}

const rttOf = ({ standings }: MeshContext, nodeId: string): number =>
  standings.ready(nodeId, false)?.rtt() ?? 0;

/** A newer node's word is like none. */
const failureOf = (reason: string | undefined): PunchFailure => punchFailure(reason) ?? 'unreachable';
