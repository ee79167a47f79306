/**
 * Calls a peer asked for and has no answer to yet.
 *
 * Bounded per peer; an id that is already in flight is ignored and counted. The outcome is encoded the moment
 * it exists, so that nobody can change it afterwards.
 */
import { encodeFrame, type PayloadError } from '../../codec/frame.ts';
import type { CallPayload, ReplyPayload } from '../../codec/payloads.ts';
import type { Value } from '../../codec/value.ts';
import { ResetCode } from '../../transport/transport.ts';
import { uncopied } from '../client/value-limits.ts';
import { actor, type MeshContext } from '../context.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import { toWire } from '../errors/wire.ts';
import { checkProcedureName } from '../topic/procedure-name.ts';
import type { BodyStream } from './body-stream.ts';
import { keyOf } from './outgoing.ts';
import { PeerCall, type Answering } from './peer-call.ts';

/** Calls of one peer in flight at once (DESIGN §8, Calls). */
const PER_PEER = 4_096;

/** What answering needs of the connection. */
export interface ReplySender {
  readonly peerId: string;
  /** False when it needs a stream and there is none. */
  sendReply(bytes: Uint8Array, body: BodyStream | undefined): boolean;
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
    const refused = this.#judge(payload);
    if (refused !== undefined) {
      this.#reply(payload.call_id, body, { failure: refused });
      return;
    }
    const call = new PeerCall(
      {
        procedure: payload.procedure,
        args: payload.args,
        timeout: payload.timeout,
        deadline: runtime.clock.now() + payload.timeout,
        caller: { nodeId: this.#callerOf(payload), local: false },
        trace: payload.trace ?? undefined,
        fromPeer: true,
        idempotencyKey: payload.idempotency_key ?? undefined,
        idempotent: payload.idempotent === true,
      },
      payload.call_id,
      key,
      body,
      this,
    );
    this.#calls.set(key, call);
    counters.callsIn++;
    const router = actor(this.#context, 'router');
    if (router === undefined) {
      call.refuse({ tag: 'connection_error', sent: false, detail: 'the router is being restarted' });
    } else runtime.call(router, call, payload.timeout);
  }

  /** A call frame that broke a rule, but whose id could be read. */
  reject(id: Uint8Array, error: PayloadError): void {
    if (!this.#calls.has(keyOf(id))) this.#reply(id, undefined, { failure: rejection(error) });
  }

  /** The peer no longer wants an answer, and gets none. */
  cancel(id: Uint8Array, reason: string): void {
    this.#drop(keyOf(id), reason);
  }

  /** The stream of a large call is gone: nobody waits for its answer. */
  lost(key: string): void {
    this.#drop(key, 'the stream was reset');
  }

  cancelAll(reason: string): void {
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const call of calls) call.cancel(reason);
  }

  answer(call: PeerCall, outcome: Outcome): void {
    if (!this.#calls.delete(call.key)) return;
    this.#reply(call.id, call.body, outcome);
    this.#sender.onIncomingSettled();
  }

  #drop(key: string, reason: string): void {
    const call = this.#calls.get(key);
    if (call === undefined) return;
    this.#calls.delete(key);
    call.cancel(reason);
    this.#sender.onIncomingSettled();
  }

  #judge(payload: CallPayload): RpcFailure | undefined {
    const { settings } = this.#context;
    if (this.draining) return { tag: 'connection_error', sent: false, detail: 'the peer is closing' };
    if (this.#calls.size >= PER_PEER) return { tag: 'overloaded', bound: 'peer' };
    if (payload.realm !== settings.realm)
      return { tag: 'unauthorized', detail: 'another realm is served here' };
    const name = checkProcedureName(payload.procedure, settings.names);
    return name.ok ? undefined : { tag: 'invalid_args', field: 'procedure', detail: name.error.reason };
  }

  /** A client believes its own node about who asked; a node believes nobody but the handshake. */
  #callerOf(payload: CallPayload): string {
    const { caller } = payload;
    return this.#context.role === 'client' && caller !== undefined && caller !== null
      ? Buffer.from(caller).toString('hex')
      : this.#sender.peerId;
  }

  #reply(id: Uint8Array, body: BodyStream | undefined, outcome: Outcome): void {
    const { maxBody } = this.#context.settings;
    const load = this.#calls.size;
    const error = (failure: RpcFailure): ReplyPayload => ({ call_id: id, error: toWire(failure), load });
    const payload: ReplyPayload =
      'failure' in outcome ? error(outcome.failure) : { call_id: id, result: outcome.result, load };
    let encoded = encodeFrame('reply', payload, maxBody);
    if (!encoded.ok) {
      const failure: RpcFailure =
        encoded.error.tag === 'unencodable'
          ? uncopied(encoded.error, this.#context.settings.valueLimits, 'result')
          : { tag: 'frame_too_large', limit: maxBody };
      encoded = encodeFrame('reply', error(failure), maxBody);
    }
    if (encoded.ok && !this.#sender.sendReply(encoded.bytes, body)) {
      const full = encodeFrame('reply', error({ tag: 'overloaded', bound: 'streams' }), maxBody);
      if (full.ok) this.#sender.sendReply(full.bytes, undefined);
    }
  }
}

function rejection(error: PayloadError): RpcFailure {
  return error.tag === 'invalid_args'
    ? { tag: 'invalid_args', field: error.field, detail: 'missing or malformed' }
    : { tag: 'invalid_args', field: 'payload', detail: error.rule };
}
