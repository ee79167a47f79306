/**
 * The working part of a connection: streams, frames, calls out and in. Driven by the link's events and by the
 * connection's actor; all of it synchronous (DESIGN D2).
 *
 * What a peer does wrong ends its frame, its stream or this connection, never more. A call is settled by its
 * reply, its deadline, a cancel, or the end of the link.
 */
import type { CallFailure } from '../../actor/call.ts';
import type { Process } from '../../actor/process.ts';
import { encodeFrame, type Frame } from '../../codec/frame.ts';
import type { FrameEvent } from '../../codec/frame-reader.ts';
import type { CallPayload, ReplyPayload } from '../../codec/payloads.ts';
import type { MachineCell } from '../../xstate/cell.ts';
import {
  CloseCode,
  ResetCode,
  type CloseReason,
  type Link,
  type LinkEvents,
  type Stream,
  type StreamEvents,
} from '../../transport/transport.ts';
import type { MeshContext } from '../context.ts';
import type { Abandonable, RpcCall } from '../router/rpc-call.ts';
import { BodyStream, type BodyOwner } from './body-stream.ts';
import { Channel, CHANNELS, type ChannelOwner } from './channel.ts';
import { describeClose } from './close.ts';
import { fromWire } from '../errors/wire.ts';
import { Incoming } from './incoming.ts';
import { keyOf, Outgoing } from './outgoing.ts';

/** Messages up to this size travel as frames on the rpc stream (DESIGN D5). */
const FRAMED = 16_384;

/** What the actor does for its core. */
export interface CoreOwner {
  readonly context: MeshContext;
  readonly process: Process;
  readonly lifecycle: MachineCell;
  /** A frame of the control stream. */
  onControl(frame: Frame): void;
  /** The link is gone. */
  onEnded(reason: CloseReason): void;
}

export class ConnectionCore implements LinkEvents, ChannelOwner, BodyOwner, Abandonable {
  readonly context: MeshContext;
  readonly outgoing: Outgoing = new Outgoing();
  readonly incoming: Incoming;
  readonly control: Channel;
  readonly dht: Channel;
  readonly rpc: Channel;
  /** Hex id of the peer; empty before the link is verified. */
  peerId = '';
  link: Link | undefined;
  owner: CoreOwner | undefined;
  /** True between the acceptance of the hello and the end. */
  ready = false;
  ended: CloseReason | undefined;

  constructor(context: MeshContext) {
    this.context = context;
    this.incoming = new Incoming(context, this);
    this.control = new Channel('control', this, false);
    this.dht = new Channel('dht', this, true);
    this.rpc = new Channel('rpc', this, true);
  }

  // --- link events ------------------------------------------------------------------------------------------

  onOpen(link: Link): void {
    this.link = link;
    this.peerId = link.peer === undefined ? '' : Buffer.from(link.peer.nodeId).toString('hex');
    if (link.role === 'dialer') this.#openChannels(link);
    this.owner?.lifecycle.send({ type: 'opened' });
  }

  onStream(stream: Stream): StreamEvents | ResetCode {
    const index = stream.id >> 2;
    const name = this.link?.role === 'acceptor' ? CHANNELS[index] : undefined;
    if (name !== undefined) {
      const channel = this[name];
      channel.attach(stream);
      return channel;
    }
    if (!this.ready) return ResetCode.notAccepted;
    const body = new BodyStream(this, this.context.settings.maxBody);
    body.attach(stream);
    return body;
  }

  onCredit(): void {
    this.#pump();
  }

  onClose(reason: CloseReason): void {
    this.end(reason);
  }

  onFault(error: unknown): void {
    if (this.owner !== undefined) this.context.runtime.crash(this.owner.process, error);
  }

  #openChannels(link: Link): void {
    for (const name of CHANNELS) {
      const channel = this[name];
      const stream = link.openStream(channel);
      if (stream === undefined) {
        link.close(CloseCode.protocolError, 'no streams granted');
        return;
      }
      channel.attach(stream);
    }
  }

  /** The hello was accepted: frames flow. */
  begin(): void {
    this.ready = true;
    this.dht.release();
    this.rpc.release();
    this.#pump();
  }

  /** Settles everything that was in flight. Idempotent. */
  end(reason: CloseReason): void {
    if (this.ended !== undefined) return;
    this.ended = reason;
    this.ready = false;
    const detail = describeClose(reason);
    const { sent, waiting } = this.outgoing.clear();
    for (const { call } of sent) call.refuse({ tag: 'connection_error', sent: true, detail });
    for (const call of waiting) call.refuse({ tag: 'connection_error', sent: false, detail });
    this.incoming.cancelAll(detail);
    this.owner?.onEnded(reason);
  }

  // --- calls out --------------------------------------------------------------------------------------------

  /** Sends a call now, or when there is room for it. */
  send(call: RpcCall): void {
    if (call.settled) return;
    if (this.ended !== undefined) {
      call.refuse({ tag: 'connection_error', sent: false, detail: describeClose(this.ended) });
      return;
    }
    call.worker = this;
    if (this.ready && this.outgoing.hasRoom && !this.rpc.congested && this.outgoing.waiting === 0) {
      this.#transmit(call);
      return;
    }
    call.stage = 'waiting';
    if (!this.outgoing.enqueue(call)) call.refuse({ tag: 'overloaded', bound: 'peer' });
  }

  #pump(): void {
    while (this.ready && this.outgoing.hasRoom && !this.rpc.congested) {
      const call = this.outgoing.nextWaiting();
      if (call === undefined || !this.#transmit(call)) return;
    }
  }

  /** False when the call has to wait for a stream; it is queued again then. */
  #transmit(call: RpcCall): boolean {
    const id = this.context.runtime.random.bytes(16);
    const { maxBody, realm } = this.context.settings;
    const encoded = encodeFrame(
      'call',
      callPayload(call, id, realm, this.context.runtime.clock.now()),
      maxBody,
    );
    if (!encoded.ok) {
      call.refuse(
        encoded.error.tag === 'unencodable'
          ? { tag: 'unencodable', path: encoded.error.path, detail: encoded.error.reason }
          : { tag: 'frame_too_large', limit: maxBody },
      );
      return true;
    }
    let body: BodyStream | undefined;
    if (encoded.bytes.length > FRAMED) {
      body = this.#openBody();
      if (body === undefined) {
        call.stage = 'waiting';
        if (!this.outgoing.enqueue(call)) call.refuse({ tag: 'overloaded', bound: 'streams' });
        return false;
      }
    }
    const key = keyOf(id);
    if (body !== undefined) body.key = key;
    this.outgoing.add(key, { call, id, body });
    call.stage = 'sent';
    call.servedBy = this.peerId;
    this.context.counters.callsOut++;
    if (body === undefined) this.rpc.write(encoded.bytes);
    else body.write(encoded.bytes);
    return true;
  }

  #openBody(): BodyStream | undefined {
    const body = new BodyStream(this, this.context.settings.maxBody);
    const stream = this.link?.openStream(body);
    if (stream === undefined) return undefined;
    body.attach(stream);
    return body;
  }

  /** The caller of a sent call gave up: the peer is told, so that its handler stops. */
  onAbandoned(call: RpcCall, failure: CallFailure): void {
    const sent = this.outgoing.abandon(call);
    if (sent === undefined || !this.ready) return;
    if (sent.body !== undefined)
      sent.body.reset(failure.tag === 'timeout' ? ResetCode.deadline : ResetCode.canceled);
    else this.rpc.send('cancel', { call_id: sent.id, reason: failure.tag });
    this.#pump();
  }

  #onReply(payload: ReplyPayload): void {
    const sent = this.outgoing.take(keyOf(payload.call_id));
    if (sent === undefined) {
      this.context.counters.lateReplies++;
      return;
    }
    settle(sent.call, payload);
    if (this.outgoing.waiting > 0) this.#pump();
    else if (this.outgoing.inFlight === 0) this.incoming.checkIdle();
  }

  // --- answers ----------------------------------------------------------------------------------------------

  /** Sends a reply on the stream of its call, as a frame, or on a stream of its own. False: no stream now. */
  sendReply(bytes: Uint8Array, body: BodyStream | undefined): boolean {
    if (this.link === undefined || this.ended !== undefined) return true;
    if (body !== undefined) body.write(bytes);
    else if (bytes.length <= FRAMED) this.rpc.write(bytes);
    else {
      const own = this.#openBody();
      if (own === undefined) return false;
      own.write(bytes);
    }
    return true;
  }

  // --- frames -----------------------------------------------------------------------------------------------

  onFrame(channel: Channel, event: FrameEvent): void {
    if (this.ended !== undefined) return;
    if (event.tag === 'closed') {
      this.#protocolError(`${channel.name}: ${event.error.tag}`);
    } else if (event.tag === 'rejected') {
      this.context.counters.rejectedFrames++;
      if (event.type === 'call' && event.correlation?.field === 'call_id') {
        this.incoming.reject(event.correlation.id, event.error);
      }
    } else if (channel === this.control) this.owner?.onControl(event.frame);
    else this.#onRpc(channel, event.frame);
  }

  #onRpc(channel: Channel, frame: Frame): void {
    switch (frame.type) {
      case 'call':
        this.incoming.accept(frame.payload, undefined);
        return;
      case 'reply':
        this.#onReply(frame.payload);
        return;
      case 'cancel':
        this.incoming.cancel(frame.payload.call_id, frame.payload.reason);
        return;
      case 'ping':
        channel.send('pong', {
          request_id: frame.payload.request_id,
          timestamp: frame.payload.timestamp,
          server_time: Math.round(this.context.runtime.clock.wall()),
        });
        return;
      case 'pong':
        return;
      default:
        this.context.counters.unexpectedFrames++;
    }
  }

  onBody(body: BodyStream, frame: Frame): void {
    if (this.ended !== undefined) return;
    if (frame.type === 'call' && body.key === undefined) this.incoming.accept(frame.payload, body);
    else if (frame.type === 'reply') this.#onReply(frame.payload);
    else {
      this.context.counters.unexpectedFrames++;
      body.reset(ResetCode.protocolError);
    }
  }

  onBodyLost(body: BodyStream, code: number): void {
    if (body.key === undefined) return;
    const sent = this.outgoing.take(body.key);
    if (sent === undefined) {
      this.incoming.lost(body.key);
      return;
    }
    const limit = this.context.settings.maxBody;
    if (code === ResetCode.frameTooLarge) sent.call.refuse({ tag: 'frame_too_large', limit });
    else if (code === ResetCode.overloaded || code === ResetCode.notAccepted) {
      sent.call.refuse({ tag: 'overloaded', bound: 'streams' });
    } else
      sent.call.refuse({
        tag: 'connection_error',
        sent: true,
        detail: `the call's stream was reset (${code})`,
      });
    this.#pump();
  }

  onChannelLost(_channel: Channel, detail: string): void {
    if (this.ended === undefined && this.link?.state === 'open') this.#protocolError(detail);
  }

  onChannelDrain(channel: Channel): void {
    if (channel === this.rpc) this.#pump();
  }

  #protocolError(detail: string): void {
    this.link?.close(CloseCode.protocolError, detail);
  }
}

function callPayload(call: RpcCall, id: Uint8Array, realm: string, now: number): CallPayload {
  const left = Math.max(1, Math.ceil(call.deadline - now));
  return {
    call_id: id,
    procedure: call.procedure,
    args: call.args,
    timeout: left,
    realm,
    ...(call.trace === undefined ? {} : { trace: call.trace }),
    ...(call.idempotencyKey === undefined ? {} : { idempotency_key: call.idempotencyKey }),
    ...(call.idempotent ? { idempotent: true } : {}),
    ...(call.fromPeer ? { caller: Buffer.from(call.caller.nodeId, 'hex') } : {}),
  };
}

function settle(call: RpcCall, payload: ReplyPayload): void {
  if (payload.error === undefined || payload.error === null) call.reply(payload.result);
  else call.refuse(fromWire(payload.error, call.timeout));
}
