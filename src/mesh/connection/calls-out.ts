/**
 * Calls to the peer: sent as frames or on streams of their own, settled by the peer's replies.
 *
 * A call is settled by its reply, its deadline, a cancel, or the end of the link; replies to anything else are
 * counted and dropped.
 */
import type { CallFailure } from '../../actor/call.ts';
import { encodeFrame, type EncodeFrameError } from '../../codec/frame.ts';
import type { CallPayload, ReplyPayload } from '../../codec/payloads.ts';
import { ResetCode } from '../../transport/transport.ts';
import type { MeshContext } from '../context.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import { fromWire } from '../errors/wire.ts';
import { scopedKey } from '../router/key-scope.ts';
import { explanationFromWire, planToWire, readWhere } from '../router/plan-wire.ts';
import type { Abandonable, RpcCall } from '../router/rpc-call.ts';
import { FRAMED, type BodyStream } from './body-stream.ts';
import type { Channel } from './channel.ts';
import type { Outbox } from './outbox.ts';
import { keyOf, Outgoing, type Sent } from './outgoing.ts';

/** What sending needs of the connection. */
export interface Carrier {
  readonly context: MeshContext;
  readonly peerId: string;
  /** Between the acceptance of the hello and the end. */
  readonly ready: boolean;
  readonly rpc: Channel;
  readonly outbox: Outbox;
  /** A fresh stream; undefined when the peer grants none now, or calls enough are being written. */
  openBody(): BodyStream | undefined;
  /** Something has to wait. */
  watch(): void;
  /** A call of ours is over. */
  onOutgoingSettled(): void;
}

export class CallsOut implements Abandonable {
  /** Nothing is sent for now: another connection may take what waits. */
  held = false;
  readonly #carrier: Carrier;
  readonly #outgoing = new Outgoing();
  /** Told once when the peer, which takes no new calls, can have missed none. */
  #onStill: (() => void) | undefined;
  #stopped = false;

  constructor(carrier: Carrier) {
    this.#carrier = carrier;
  }

  get inFlight(): number {
    return this.#outgoing.inFlight + this.waiting;
  }

  /** Not sent yet. */
  get waiting(): number {
    return this.#outgoing.waiting;
  }

  /** Sends a call now, or when there is room for it. */
  send(call: RpcCall): void {
    if (call.settled) return;
    if (this.#stopped) {
      call.refuse(LEAVING);
      return;
    }
    const { ready, rpc } = this.#carrier;
    call.worker = this;
    if (ready && !this.held && this.#outgoing.free && !rpc.congested) {
      this.#transmit(call);
      return;
    }
    call.stage = 'waiting';
    if (!this.#outgoing.enqueue(call)) call.refuse({ tag: 'overloaded', bound: 'peer' });
    else if (ready) this.#carrier.watch();
  }

  /** Sends what waits, as far as there is room. */
  pump(): void {
    const carrier = this.#carrier;
    if (this.held) return;
    while (carrier.ready && this.#outgoing.hasRoom) {
      const call = this.#outgoing.firstParked;
      const body = call === undefined ? undefined : this.#openBody();
      if (call === undefined || body === undefined) break;
      this.#outgoing.unpark(call);
      if (!this.#transmit(call, body)) body.reset(ResetCode.canceled);
    }
    while (carrier.ready && this.#outgoing.hasRoom && !carrier.rpc.congested) {
      const call = this.#outgoing.nextWaiting();
      if (call === undefined) break;
      this.#transmit(call);
    }
  }

  /**
   * The peer says goodbye: nothing new is sent to it, what waits is refused and may be tried elsewhere. `onStill`
   * is called when what was sent cannot arrive after what is sent next: frames come in order, bodies do not.
   */
  stop(onStill: () => void): void {
    this.#stopped = true;
    this.#onStill = onStill;
    for (const call of this.#outgoing.clearWaiting()) call.refuse(LEAVING);
    this.#settled();
  }

  /** The peer is suspect: what can be served elsewhere goes there. */
  doubt(): void {
    for (const call of this.#outgoing.all) call.onDoubted();
  }

  /** Gives away what has not been sent. */
  takeWaiting(): readonly RpcCall[] {
    return this.#outgoing.clearWaiting();
  }

  #openBody(): BodyStream | undefined {
    return this.#carrier.outbox.hasRoom ? this.#carrier.openBody() : undefined;
  }

  /**
   * @param given the stream for a call that is known to be large.
   * @returns false when it was not sent.
   */
  #transmit(call: RpcCall, given?: BodyStream): boolean {
    const { context, peerId, rpc, outbox } = this.#carrier;
    const { maxBody, realm } = context.settings;
    const now = context.runtime.clock.now();
    if (now >= call.deadline) {
      call.refuse({ tag: 'timeout', timeout: call.timeout, sent: false });
      return false;
    }
    const id = context.runtime.random.bytes(16);
    const encoded = encodeFrame('call', callPayload(call, id, realm, now), maxBody);
    if (!encoded.ok) {
      call.refuse(unsendable(encoded.error, maxBody));
      return false;
    }
    const large = encoded.bytes.length > FRAMED;
    const body = given ?? (large ? this.#openBody() : undefined);
    if (large && body === undefined) {
      this.#park(call);
      return false;
    }
    const key = keyOf(id);
    this.#outgoing.add(key, { call, id, body });
    call.servedBy = peerId;
    context.counters.callsOut++;
    if (body === undefined) {
      call.stage = 'sent';
      rpc.write(encoded.bytes);
    } else {
      body.key = key;
      call.stage = 'waiting';
      // until the last byte is written, nobody can have run it
      outbox.call(encoded.bytes, body, call.deadline, () => {
        call.stage = 'sent';
      });
      this.#carrier.watch();
    }
    return true;
  }

  #park(call: RpcCall): void {
    call.stage = 'waiting';
    if (this.#outgoing.park(call)) this.#carrier.watch();
    else call.refuse({ tag: 'overloaded', bound: 'streams' });
  }

  /** The caller of a sent call gave up: the peer is told, so that its handler stops. */
  onAbandoned(call: RpcCall, failure: CallFailure): void {
    const sent = this.#outgoing.abandon(call);
    const { ready, rpc } = this.#carrier;
    if (sent !== undefined && ready) {
      if (sent.body === undefined) rpc.send('cancel', { call_id: sent.id, reason: reasonOf(failure) });
      else sent.body.reset(failure.tag === 'timeout' ? ResetCode.deadline : ResetCode.canceled);
    }
    this.#settled();
  }

  /** @param body the stream it came on; the answer to a call with a stream of its own comes on no other. */
  onReply(payload: ReplyPayload, body: BodyStream | undefined): void {
    const key = keyOf(payload.call_id);
    const sent = body?.key === undefined || body.key === key ? this.#outgoing.take(key) : undefined;
    if (sent === undefined) {
      this.#carrier.context.counters.lateReplies++;
      return;
    }
    settle(sent.call, payload, this.#carrier.context.role === 'client');
    this.#settled();
  }

  /** A reply that breaks a rule: who waits for it must not wait for its deadline. */
  onBadReply(id: Uint8Array, code: ResetCode): void {
    this.onAnswerRefused(keyOf(id), code);
  }

  /** The stream of a call was reset by the peer. False when the call is none of ours. */
  onBodyLost(key: string, body: BodyStream, code: number): boolean {
    const sent = this.#outgoing.take(key);
    this.#refuse(sent, resetFailure(code, body, this.#carrier.context.settings.maxBody));
    return sent !== undefined;
  }

  /** The answer on a call's stream was refused here. False when the call is none of ours. */
  onAnswerRefused(key: string, code: ResetCode): boolean {
    const sent = this.#outgoing.take(key);
    this.#refuse(sent, refusedFailure(code, this.#carrier.context.settings.maxBody));
    return sent !== undefined;
  }

  /** The connection is gone. */
  end(detail: string): void {
    const { sent, waiting } = this.#outgoing.clear();
    for (const { call } of sent) call.refuse({ tag: 'connection_error', sent: call.mayHaveRun, detail });
    for (const call of waiting) call.refuse({ tag: 'connection_error', sent: false, detail });
  }

  #refuse(sent: Sent | undefined, failure: RpcFailure): void {
    if (sent === undefined) return;
    sent.call.refuse(failure);
    this.#settled();
  }

  #settled(): void {
    if (this.#onStill !== undefined && !this.#outgoing.hasBodies) {
      const onStill = this.#onStill;
      this.#onStill = undefined;
      onStill();
    }
    if (this.#outgoing.waiting > 0) this.pump();
    this.#carrier.onOutgoingSettled();
  }
}

const LEAVING: RpcFailure = { tag: 'connection_error', sent: false, detail: 'the peer is closing' };

function callPayload(call: RpcCall, id: Uint8Array, realm: string, now: number): CallPayload {
  const left = Math.max(1, Math.ceil(call.deadline - now));
  return {
    call_id: id,
    procedure: call.procedure,
    args: call.args,
    timeout: left,
    realm,
    ...(call.trace === undefined ? {} : { trace: call.trace }),
    ...(call.idempotencyKey === undefined ? {} : { idempotency_key: keyFor(call, call.idempotencyKey) }),
    ...(call.mayRunTwice ? { idempotent: true } : {}),
    ...(call.plan === undefined ? {} : planToWire(call.plan)),
    ...(call.trail === undefined ? {} : { hop_count: call.trail.hops, search_id: call.trail.id }),
    ...(call.fromPeer ? { caller: Buffer.from(call.caller.nodeId, 'hex') } : {}),
  };
}

/** To the provider all clients of ours are we, and to whom a station asks all that pass it are that station. */
const keyFor = (call: RpcCall, key: string): string =>
  call.fromPeer || call.trail !== undefined ? scopedKey(call, key) : key;

/** Whoever lost its connection may come again with its key, whoever canceled does not. Nothing else is told. */
const reasonOf = (failure: CallFailure): string =>
  failure.tag === 'canceled' && failure.reason !== undefined && failure.reason !== 'canceled'
    ? 'lost'
    : failure.tag;

/** @param ofOurNode what a client's own node says of the way is the client's too. */
function settle(call: RpcCall, payload: ReplyPayload, ofOurNode: boolean): void {
  call.load = payload.load ?? undefined;
  if (ofOurNode) readWhere(call, payload);
  if (call.plan?.explain === true) call.explanation = explanationFromWire(payload.explanation);
  if (payload.error === undefined || payload.error === null) call.reply(payload.result);
  else call.refuse(fromWire(payload.error, call.timeout));
}

/** Everything a caller can get wrong was judged before; what is left is size, and limits of the frame. */
function unsendable(error: EncodeFrameError, maxBody: number): RpcFailure {
  switch (error.tag) {
    case 'unencodable':
      return { tag: 'unencodable', path: error.path, detail: error.reason };
    case 'invalid_args':
      return { tag: 'invalid_args', field: error.field, detail: 'cannot be sent' };
    case 'frame_too_large':
    case 'unknown_type':
      return { tag: 'frame_too_large', limit: maxBody };
  }
}

/** The peer gave the stream of a call up. It refuses streams (0x12, 0x17) only before anything runs. */
function resetFailure(code: number, body: BodyStream, maxBody: number): RpcFailure {
  switch (code) {
    case ResetCode.frameTooLarge:
      return { tag: 'frame_too_large', limit: maxBody };
    case ResetCode.overloaded:
    case ResetCode.notAccepted:
      if (!body.heard) return { tag: 'overloaded', bound: 'streams' };
      break;
    case ResetCode.protocolError:
      return { tag: 'protocol_error', detail: "the call's stream broke a rule" };
  }
  return { tag: 'connection_error', sent: body.whole, detail: `the call's stream was reset (${code})` };
}

/** We gave an answer up: its handler has run. */
function refusedFailure(code: ResetCode, maxBody: number): RpcFailure {
  switch (code) {
    case ResetCode.frameTooLarge:
      return { tag: 'frame_too_large', limit: maxBody };
    case ResetCode.overloaded:
      return {
        tag: 'connection_error',
        sent: true,
        detail: 'no room for the reply: too much arrives at once',
      };
    case ResetCode.deadline:
      return { tag: 'connection_error', sent: true, detail: 'the reply did not end in time' };
    default:
      return { tag: 'protocol_error', detail: 'the reply cannot be decoded' };
  }
}
