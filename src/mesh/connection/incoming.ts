/**
 * Calls a peer asked for and has no answer to yet.
 *
 * Bounded per peer; an id that is already in flight is ignored and counted. The outcome is encoded the moment
 * it exists, so that nobody can change it afterwards.
 */
import { encodeFrame, type PayloadError } from '../../codec/frame.ts';
import type { CallPayload, ReplyPayload } from '../../codec/payloads.ts';
import type { Unencodable } from '../../codec/normalize.ts';
import type { Value } from '../../codec/value.ts';
import { ResetCode } from '../../transport/transport.ts';
import { uncopied } from '../call/value-limits.ts';
import type { MeshContext } from '../context.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import { toWire } from '../errors/wire.ts';
import { isSystemProcedure } from '../system/system-procedures.ts';
import { explanationToWire, planOf, whereToWire } from '../router/plan-wire.ts';
import { toRouter } from '../router/router.ts';
import type { Caller, Reach } from '../router/rpc-call.ts';
import { judgeTrail, trailOf, type Trail } from '../router/trail.ts';
import { checkProcedureName } from '../topic/procedure-name.ts';
import { FRAMED, type BodyStream } from './body-stream.ts';
import { keyOf } from './outgoing.ts';
import { PeerCall, type Answering } from './peer-call.ts';
import { weightOf } from './weight.ts';

/** Calls of one peer in flight at once (DESIGN §8, Calls). */
const PER_PEER = 4_096;

/** Bytes that the args of those calls may hold in memory, about; two of the largest fit in any case. */
const WEIGHT = 33_554_432;

/** What answering needs of the connection. */
export interface ReplySender {
  readonly peerId: string;
  /** The peer takes part in the DHT: it looks for providers itself. */
  readonly searches: boolean;
  /** Sends a reply, or lets it wait until `deadline`. False when too much waits already. */
  sendReply(bytes: Uint8Array, body: BodyStream | undefined, deadline: number): boolean;
  /** Sends a small reply past all that wait. */
  sendReplyNow(bytes: Uint8Array, body: BodyStream | undefined): void;
  /** A call of the peer's is over. */
  onIncomingSettled(): void;
}

type Outcome = { readonly result: Value } | { readonly failure: RpcFailure };

export class Incoming implements Answering {
  /** The connection is closing: what runs may finish, nothing new begins. */
  draining = false;
  readonly #context: MeshContext;
  readonly #sender: ReplySender;
  readonly #calls = new Map<string, PeerCall>();
  /** Of their args, in all. */
  #weight = 0;

  constructor(context: MeshContext, sender: ReplySender) {
    this.#context = context;
    this.#sender = sender;
  }

  get inFlight(): number {
    return this.#calls.size;
  }

  accept(payload: CallPayload, body: BodyStream | undefined): void {
    const { runtime, counters } = this.#context;
    const key = keyOf(payload.call_id);
    if (this.#calls.has(key)) {
      counters.duplicateCalls++;
      body?.reset(ResetCode.protocolError);
      return;
    }
    if (body !== undefined) body.key = key;
    const weight = weightOf(payload.args);
    const deadline = runtime.clock.now() + payload.timeout;
    const trail = trailOf(this.#context, payload, this.#sender.peerId);
    const caller = this.#callerOf(payload);
    const refused = this.#judge(payload, weight, trail);
    if (refused !== undefined) {
      this.#context.events.calls.onRefused(payload.procedure, refused);
      this.#reply(payload.call_id, body, deadline, { failure: refused }, this.#calls.size);
      return;
    }
    const call = new PeerCall(
      {
        procedure: payload.procedure,
        args: payload.args,
        timeout: payload.timeout,
        deadline,
        caller,
        trace: payload.trace ?? undefined,
        fromPeer: true,
        idempotencyKey: payload.idempotency_key ?? undefined,
        idempotent: payload.idempotent === true,
        observer: this.#context.events.calls,
        reach: this.#reachOf(payload, trail),
        plan: planOf(payload),
        trail,
        relayed: this.#isRelayed(payload, trail),
      },
      payload.call_id,
      key,
      body,
      weight,
      this,
    );
    this.#calls.set(key, call);
    this.#weight += weight;
    counters.callsIn++;
    toRouter(this.#context, call);
  }

  /** A call frame that broke a rule, but whose id could be read. */
  reject(id: Uint8Array, error: PayloadError): void {
    if (this.#calls.has(keyOf(id))) return;
    this.#reply(id, undefined, Infinity, { failure: rejection(error) }, undefined);
  }

  /** The peer no longer wants an answer, and gets none. */
  cancel(id: Uint8Array, reason: string): void {
    // it has no stream of its own, or nothing will be written to it
    this.#drop(keyOf(id), reason)?.body?.reset(ResetCode.canceled);
  }

  /** The stream of a large call is gone: nobody waits for its answer. */
  lost(key: string): void {
    this.#drop(key, 'the stream was reset');
  }

  cancelAll(reason: string): void {
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    this.#weight = 0;
    for (const call of calls) call.cancel(reason);
  }

  answer(call: PeerCall, outcome: Outcome): void {
    if (!this.#calls.delete(call.key)) return;
    this.#weight -= call.weight;
    this.#reply(call.id, call.body, call.deadline, outcome, call.load, call);
    this.#sender.onIncomingSettled();
  }

  #drop(key: string, reason: string): PeerCall | undefined {
    const call = this.#calls.get(key);
    if (call === undefined) return undefined;
    this.#calls.delete(key);
    this.#weight -= call.weight;
    call.cancel(reason);
    this.#sender.onIncomingSettled();
    return call;
  }

  #judge(payload: CallPayload, weight: number, trail: Trail | undefined): RpcFailure | undefined {
    const { settings } = this.#context;
    if (this.draining) return { tag: 'connection_error', sent: false, detail: 'the peer is closing' };
    const full = this.#weight + weight > Math.max(WEIGHT, 2 * settings.maxBody);
    if (full || this.#calls.size >= PER_PEER) return { tag: 'overloaded', bound: 'peer' };
    if (payload.realm !== settings.realm)
      return { tag: 'unauthorized', detail: 'another realm is served here' };
    if (this.#context.role === 'node' && isSystemProcedure(payload.procedure)) return undefined;
    const name = checkProcedureName(payload.procedure, settings.names);
    if (!name.ok) return { tag: 'invalid_args', field: 'procedure', detail: name.error.reason };
    return trail === undefined ? undefined : judgeTrail(this.#context, trail, this.#sender.peerId);
  }

  /**
   * A client believes its own node about who asked, and a station those that its operator has named as its peers; any
   * other node believes nobody but the handshake.
   */
  #callerOf({ caller, procedure }: CallPayload): Caller {
    const { peerId } = this.#sender;
    const isNamed = caller !== undefined && caller !== null;
    const nodeId = isNamed ? Buffer.from(caller).toString('hex') : peerId;
    if (isNamed && this.#context.role === 'client') return { nodeId, local: false };
    return isNamed && this.#isPeered(procedure)
      ? { nodeId, local: false, via: peerId }
      : { nodeId: peerId, local: false };
  }

  /** Whether its key says already whose it is: what anybody else says of it is taken for that one's own key. */
  #isRelayed({ caller, procedure }: CallPayload, trail: Trail | undefined): boolean {
    const isPassedOn = trail !== undefined || (caller !== undefined && caller !== null);
    return isPassedOn && this.#isPeered(procedure);
  }

  /** It comes from a station that our operator has named; what the system asks is nobody's but that station's. */
  #isPeered(procedure: string): boolean {
    const { role, routing } = this.#context;
    return role === 'node' && routing.stations.has(this.#sender.peerId) && !isSystemProcedure(procedure);
  }

  /**
   * A node has looked for providers itself, and a client asks only its own: neither is passed on. What a station
   * passes on is searched for here too, but not among neighbors that are no stations.
   */
  #reachOf({ caller }: CallPayload, trail: Trail | undefined): Reach {
    if (trail !== undefined) return 'mesh';
    if (this.#context.role === 'client' || this.#sender.searches) return 'here';
    return caller === undefined || caller === null ? 'all' : 'mesh';
  }

  /** @param load calls that the provider still has in hand; undefined when nobody knows. */
  #reply(
    id: Uint8Array,
    body: BodyStream | undefined,
    deadline: number,
    outcome: Outcome,
    load: number | undefined,
    call?: PeerCall,
  ): void {
    const { maxBody } = this.#context.settings;
    const besides = {
      ...(load === undefined ? {} : { load }),
      ...(call?.explanation === undefined ? {} : { explanation: explanationToWire(call.explanation) }),
      ...(call === undefined ? {} : whereToWire(call)),
    };
    const error = (failure: RpcFailure): ReplyPayload => ({
      call_id: id,
      error: toWire(failure),
      ...besides,
    });
    const payload: ReplyPayload =
      'failure' in outcome ? error(outcome.failure) : { call_id: id, result: outcome.result, ...besides };
    let encoded = encodeFrame('reply', payload, maxBody);
    if (!encoded.ok) {
      const failure: RpcFailure =
        encoded.error.tag === 'unencodable'
          ? uncopied(inResult(encoded.error), this.#context.settings.valueLimits, 'result')
          : { tag: 'frame_too_large', limit: maxBody };
      encoded = encodeFrame('reply', error(failure), maxBody);
    }
    if (!encoded.ok || this.#sender.sendReply(encoded.bytes, body, deadline)) return;
    // the handler ran, but for refusals; those are small
    const small = 'failure' in outcome && encoded.bytes.length <= FRAMED;
    const instead = small ? encoded : encodeFrame('reply', error(UNSENT), maxBody);
    if (instead.ok) this.#sender.sendReplyNow(instead.bytes, body);
  }
}

const UNSENT: RpcFailure = {
  tag: 'connection_error',
  sent: true,
  detail: 'too many replies wait to be sent',
};

/** The path inside the result, as a local caller sees it. */
const inResult = (error: Unencodable): Unencodable => ({
  ...error,
  path: error.path.replace(/^\$\.result/, '$'),
});

function rejection(error: PayloadError): RpcFailure {
  return error.tag === 'invalid_args'
    ? { tag: 'invalid_args', field: error.field, detail: 'missing or malformed' }
    : { tag: 'invalid_args', field: 'payload', detail: error.rule };
}
