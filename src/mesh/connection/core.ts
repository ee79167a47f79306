/**
 * The working part of a connection: streams and frames. Driven by the link's events and by the connection's
 * actor; all of it synchronous (DESIGN D2).
 *
 * What a peer does wrong ends its frame, its stream or this connection, never more.
 */
import type { Process } from '../../actor/process.ts';
import type { TimerEntry } from '../../actor/timers.ts';
import type { Frame } from '../../codec/frame.ts';
import type { FrameEvent } from '../../codec/frame-reader.ts';
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
import { addressText } from '../peer/endpoint-text.ts';
import type { Standing } from '../peer/standings.ts';
import type { RpcCall } from '../router/rpc-call.ts';
import { peerSlow } from '../events/connection-events.ts';
import { Answering, type Answerer } from './answering.ts';
import { Asking, type Asker } from './asking.ts';
import { BodyStream, type BodyOwner } from './body-stream.ts';
import { CallsOut, type Carrier } from './calls-out.ts';
import type { Greeting } from './hello.ts';
import { Outbox, type OutboxOwner } from './outbox.ts';
import { askStation } from '../nat/traversal/ready.ts';
import { patienceOf } from './liveness.ts';
import { Prober, type Probed } from './prober.ts';
import { SlowPeer, type Watched } from './slow-peer.ts';
import { Channel, CHANNELS, type ChannelOwner } from './channel.ts';
import { describeClose } from './close.ts';
import { routeBody, routeFrame, type Rejected } from './frame-routing.ts';
import { Incoming, type ReplySender } from './incoming.ts';

/** Bytes that unfinished bodies of one peer may hold in memory; at least two bodies fit. */
const HELD = 33_554_432;

/** What the actor does for its core. */
export interface CoreOwner {
  readonly context: MeshContext;
  readonly process: Process;
  readonly lifecycle: MachineCell;
  /** A frame of the control stream. */
  onControl(frame: Frame): void;
  onRejectedControl(event: Rejected): void;
  /** The peer sends no calls any more. */
  onFarewell(): void;
  /** Nothing may be in flight any more. */
  checkIdle(): void;
  /** The peer may be gone, or answers again. */
  onDoubted(why: 'gone' | 'suspect' | 'trusted'): void;
  /** The peer has proven who it is. */
  onVerified(): void;
  /** Its packets go another way. */
  onPath(): void;
  /** The link is gone. */
  onEnded(reason: CloseReason): void;
}

export class ConnectionCore
  implements
    LinkEvents,
    ChannelOwner,
    BodyOwner,
    Carrier,
    ReplySender,
    OutboxOwner,
    Watched,
    Probed,
    Asker,
    Answerer
{
  readonly context: MeshContext;
  readonly outgoing: CallsOut = new CallsOut(this);
  readonly outbox: Outbox;
  readonly incoming: Incoming;
  readonly asking: Asking = new Asking(this);
  readonly answering: Answering = new Answering(this);
  readonly control: Channel;
  readonly dht: Channel;
  readonly rpc: Channel;
  /** Hex id of the peer; empty before the link is verified. */
  peerId = '';
  link: Link | undefined;
  owner: CoreOwner | undefined;
  /** Our entry among the connections with proven peers. */
  standing: Standing | undefined;
  /** True between the acceptance of the hello and the end. */
  ready = false;
  ended: CloseReason | undefined;
  /** What the hellos told; undefined before. */
  hello: Greeting | undefined;
  /** We closed the link: what still arrives in the same breath does not count. */
  #closed = false;
  /** Bytes of bodies that are not whole yet. */
  #held = 0;
  #pumping: 'no' | 'yes' | 'again' = 'no';
  readonly #slow = new SlowPeer(this);
  readonly prober: Prober = new Prober(this);

  constructor(context: MeshContext) {
    this.context = context;
    this.incoming = new Incoming(context, this);
    this.outbox = new Outbox(this, context.settings.maxBody);
    this.control = new Channel('control', this, false);
    this.dht = new Channel('dht', this, true);
    this.rpc = new Channel('rpc', this, true);
  }

  // --- link events ------------------------------------------------------------------------------------------

  onOpen(link: Link): void {
    this.link = link;
    this.peerId = link.peer === undefined ? '' : Buffer.from(link.peer.nodeId).toString('hex');
    if (link.role === 'dialer') this.#openChannels(link);
    this.owner?.onVerified();
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
    this.pump();
  }

  onDoubt(): void {
    if (this.ready) this.owner?.onDoubted('gone');
  }

  onPath(): void {
    if (this.ready) this.owner?.onPath();
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
        this.close(CloseCode.protocolError, 'no streams granted');
        return;
      }
      channel.attach(stream);
    }
  }

  /** The hello was accepted: frames flow. */
  begin(): void {
    this.ready = true;
    this.link?.admit();
    this.dht.release();
    this.rpc.release();
    this.pump();
    if (this.owed && this.owner !== undefined) this.prober.start(this.owner.process);
  }

  get searches(): boolean {
    return this.owner !== undefined && this.context.standings.find(this.owner.process)?.dht === true;
  }

  close(code: CloseCode, reason: string = ''): void {
    this.#closed = true;
    this.link?.close(code, reason);
  }

  /** What still arrives does not count. */
  get deaf(): boolean {
    return this.ended !== undefined || this.#closed;
  }

  /** Settles everything that was in flight. Idempotent. */
  end(reason: CloseReason): void {
    if (this.ended !== undefined) return;
    this.ended = reason;
    this.ready = false;
    const detail = describeClose(reason);
    this.outgoing.end(detail);
    this.outbox.end();
    this.asking.end(reason);
    this.answering.end();
    this.#slow.stop();
    this.prober.stop();
    this.incoming.cancelAll(detail);
    this.owner?.onEnded(reason);
  }

  // --- calls ------------------------------------------------------------------------------------------------

  /** Sends a call of ours now, or when there is room for it. */
  send(call: RpcCall): void {
    if (this.ended === undefined) {
      this.used();
      this.outgoing.send(call);
      if (this.ready && this.owner !== undefined) this.prober.start(this.owner.process);
    } else call.refuse({ tag: 'connection_error', sent: false, detail: describeClose(this.ended) });
  }

  get congested(): boolean {
    return this.link?.congested ?? true;
  }

  now(): number {
    return this.context.runtime.clock.now();
  }

  openBody(): BodyStream | undefined {
    const body = new BodyStream(this, this.context.settings.maxBody);
    const stream = this.link?.openStream(body);
    if (stream === undefined) return undefined;
    body.attach(stream);
    return body;
  }

  get address(): string {
    return this.link === undefined ? '' : addressText(this.link.observed);
  }

  used(): void {
    if (this.standing !== undefined) this.standing.usedAt = this.now();
  }

  onAskingSettled(): void {
    this.owner?.checkIdle();
  }

  onAnsweringSettled(): void {
    this.owner?.checkIdle();
  }

  onOutgoingSettled(): void {
    this.prober.heard();
    if (!this.busy) this.#slow.stop();
    this.owner?.checkIdle();
  }

  onIncomingSettled(): void {
    this.owner?.checkIdle();
  }

  sendReply(bytes: Uint8Array, body: BodyStream | undefined, deadline: number): boolean {
    if (this.link === undefined || this.ended !== undefined) return true;
    const taken = this.outbox.reply(bytes, body, deadline);
    if (this.outbox.size > 0) this.pump();
    if (this.outbox.size > 0) this.watch();
    return taken;
  }

  sendReplyNow(bytes: Uint8Array, body: BodyStream | undefined): void {
    this.outbox.replyNow(bytes, body);
  }

  /** Sends what waits, as far as there is room: replies before calls. */
  pump(): void {
    if (this.ended !== undefined) return;
    if (this.#pumping !== 'no') {
      this.#pumping = 'again';
      return;
    }
    do {
      this.#pumping = 'yes';
      this.outbox.pump();
      this.outgoing.pump();
    } while ((this.#pumping as string) === 'again');
    this.#pumping = 'no';
    if (this.busy) return;
    this.#slow.stop();
    this.owner?.checkIdle();
  }

  // --- a peer that may be gone ---------------------------------------------------------------------------------

  get owed(): boolean {
    return this.outgoing.inFlight > 0;
  }

  get patience(): number {
    return patienceOf(this.link?.paths.length ?? 1);
  }

  question(missed: number): void {
    this.link?.ping();
    if (missed > 0) askStation(this.context, this.link);
  }

  onSuspect(suspect: boolean): void {
    this.owner?.onDoubted(suspect ? 'suspect' : 'trusted');
  }

  // --- a peer that does not read ------------------------------------------------------------------------------

  watch(): void {
    if (this.owner !== undefined && this.ended === undefined) this.#slow.watch(this.owner.process);
  }

  get written(): number {
    return this.outbox.written + this.control.written + this.dht.written + this.rpc.written;
  }

  /** Calls and questions without an answer, in both directions. */
  get inFlight(): number {
    const { outgoing, incoming, asking, answering } = this;
    return outgoing.inFlight + incoming.inFlight + asking.size + answering.size;
  }

  /** Nothing is in flight, in either direction. */
  get idle(): boolean {
    return this.inFlight + this.outbox.size === 0;
  }

  get busy(): boolean {
    return this.outbox.size + this.outgoing.waiting > 0 || this.rpc.congested;
  }

  onLook(): void {
    this.outbox.expire();
  }

  onSlow(): void {
    peerSlow(this);
    this.close(CloseCode.slowConsumer, 'nothing is read');
  }

  // --- frames -----------------------------------------------------------------------------------------------

  onFrame(channel: Channel, event: FrameEvent): void {
    if (!this.deaf) routeFrame(this, channel, event);
  }

  onBody(body: BodyStream, frame: Frame): void {
    if (!this.deaf) routeBody(this, body, frame);
  }

  hold(bytes: number): boolean {
    this.#held += bytes;
    return bytes <= 0 || this.#held <= Math.max(HELD, 2 * this.context.settings.maxBody);
  }

  /** A link that ends takes its streams first: its calls are settled by `end`, with the reason. */
  onBodyLost(body: BodyStream, code: number): void {
    if (body.key === undefined || this.link?.state !== 'open') return;
    if (!this.outgoing.onBodyLost(body.key, body, code)) this.incoming.lost(body.key);
  }

  onBodyRefused(body: BodyStream, code: ResetCode, replyTo: Uint8Array | undefined): void {
    if (body.key !== undefined) {
      if (!this.outgoing.onAnswerRefused(body.key, code)) this.incoming.lost(body.key);
    } else if (replyTo !== undefined) this.outgoing.onBadReply(replyTo, code);
  }

  /** What it had queued is gone: others may write. */
  onBodyOver(body: BodyStream): void {
    this.outbox.forget(body);
    if (this.link?.state === 'open') this.pump();
  }

  onBodyDrain(): void {
    this.pump();
  }

  after(delay: number, run: () => void): TimerEntry | undefined {
    return this.owner === undefined
      ? undefined
      : this.context.runtime.workAfter(delay, this.owner.process, run);
  }

  onChannelLost(_channel: Channel, detail: string): void {
    if (this.ended === undefined && this.link?.state === 'open') this.close(CloseCode.protocolError, detail);
  }

  onChannelDrain(channel: Channel): void {
    if (channel === this.rpc) this.pump();
  }
}
