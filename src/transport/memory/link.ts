/**
 * One end of a simulated link: handshake, open, closing, closed.
 *
 * Events go to the receivers in QUIC's order; what they throw ends this link and nothing else. Lives as long
 * as its endpoint keeps it; everything it waits for (handshake, silence) is one event in the network's queue.
 */
import { judge } from '../../identity/verdict.ts';
import {
  CloseCode,
  type CloseReason,
  type Link,
  type LinkEvents,
  type LinkState,
  type LinkStats,
  type Path,
  type PeerIdentity,
  type PhysicalAddress,
  type Protocol,
  ResetCode,
  type Stream,
  type StreamEvents,
} from '../transport.ts';
import { linkHighWater } from '../limits.ts';
import type { LinkOwner } from './link-owner.ts';
import { elicitsAck, isHint, packet, type Frame, type Packet, type Parameters } from './packet.ts';
import type { Pipe } from './pipe.ts';
import { Silence } from './silence.ts';
import { StreamTable, type StreamLink } from './stream-table.ts';
import type { Wire, WireEnd } from './wire.ts';

/** 0x100 + TLS alert 120: none of our protocols is spoken here (RFC 7301). */
export const NO_PROTOCOL = 376;

/** Share of a new sample in the smoothed round-trip time (RFC 9002 §5.3). */
const RTT_SHARE = 1 / 8;

/** Milliseconds between two doubts about one link: hints can be forged. */
const DOUBT_PAUSE = 1_000;

export interface LinkOptions {
  readonly id: number;
  readonly role: 'dialer' | 'acceptor';
  readonly protocol: Protocol;
  readonly wire: Wire;
  /** The acceptor learns its own when the peer was verified. */
  readonly events?: LinkEvents;
  readonly expectedId?: Uint8Array | undefined;
}

export class MemoryLink implements Link, WireEnd, StreamLink {
  readonly id: number;
  readonly role: 'dialer' | 'acceptor';
  readonly protocol: Protocol;
  readonly wire: Wire;
  #state: LinkState = 'handshaking';
  #peer: PeerIdentity | undefined;
  #events: LinkEvents | undefined;
  readonly #owner: LinkOwner;
  readonly #expectedId: Uint8Array | undefined;
  readonly #streams: StreamTable;
  readonly #out: Pipe;
  readonly #frames: Frame[] = [];
  readonly #silence: Silence;
  #ackFor: number | undefined;
  #flushing = false;
  #rtt = 0;
  #bytesSent = 0;
  #bytesReceived = 0;
  #arrivals = 0;
  #doubtedAt = -Infinity;

  constructor(owner: LinkOwner, options: LinkOptions) {
    const { id, role, protocol, wire } = options;
    this.#owner = owner;
    this.id = id;
    this.role = role;
    this.protocol = protocol;
    this.wire = wire;
    this.#events = options.events;
    this.#expectedId = options.expectedId;
    this.#streams = new StreamTable(this, role, owner.limits.streams);
    this.#out = role === 'dialer' ? wire.forward : wire.backward;
    this.#silence = new Silence(owner.queue, owner.limits, {
      late: () => {
        this.#end({ tag: 'handshake_timeout' });
      },
      idle: () => {
        this.#end({ tag: 'idle_timeout' });
      },
      quiet: () => {
        this.ping();
      },
    });
    if (role === 'dialer') wire.dialer = this;
    else wire.acceptor = this;
  }

  get link(): Link {
    return this;
  }

  get state(): LinkState {
    return this.#state;
  }

  get open(): boolean {
    return this.#state === 'open';
  }

  get peer(): PeerIdentity | undefined {
    return this.#peer;
  }

  get observed(): PhysicalAddress {
    return this.role === 'dialer' ? this.wire.target : this.wire.source;
  }

  get paths(): readonly Path[] {
    return [{ kind: 'direct', address: this.observed, active: true }];
  }

  get streamCredit(): number {
    return this.open ? this.#streams.credit : 0;
  }

  get queued(): number {
    return this.#streams.queued;
  }

  get congested(): boolean {
    return this.queued > linkHighWater(this.#owner.limits);
  }

  /** Only read once they are known: nothing is delivered before the peer was verified. */
  get events(): LinkEvents {
    return this.#events as LinkEvents;
  }

  openStream(events: StreamEvents): Stream | undefined {
    return this.open ? this.#streams.open(events) : undefined;
  }

  admit(): void {
    if (this.open) this.#owner.admitted(this);
  }

  keyPaths(): void {
    // one address, for ever
  }

  ping(): void {
    if (this.open) this.#send({ tag: 'ping' });
  }

  close(code: CloseCode, reason: string = ''): void {
    if (this.#state === 'closed' || this.#state === 'closing') return;
    this.#end({ tag: 'local', code, reason }, { tag: 'close', application: true, code, reason });
  }

  stats(): LinkStats {
    const { lost } = this.#out;
    const [bytesSent, bytesReceived, arrivals] = [this.#bytesSent, this.#bytesReceived, this.#arrivals];
    return { rtt: this.#rtt, bytesSent, bytesReceived, lost, arrivals };
  }

  /** Begins the handshake: the dialer asks, the acceptor answers a proven address. */
  start(): void {
    if (this.role === 'dialer') this.#send({ tag: 'initial', protocol: this.protocol, token: false });
    else this.#send({ tag: 'server', parameters: this.#owner.parameters });
  }

  fail(detail: string): void {
    this.#end({ tag: 'transport_error', detail });
  }

  /** Ends at once, without a word to anybody but the receivers here. */
  vanish(detail: string): void {
    if (this.#state === 'closed') return;
    if (this.#state !== 'closing') this.#detach();
    this.#over({ tag: 'transport_error', detail });
  }

  /** A fault: nothing is read from this link's streams any more, or again. */
  freeze(on: boolean): void {
    this.#streams.freeze(on);
  }

  receive(arrived: Packet): void {
    if (isHint(arrived)) {
      this.#doubt();
      return;
    }
    this.#silence.heard();
    this.#arrivals++;
    this.#bytesReceived += arrived.size;
    this.#owner.received(arrived);
    if (elicitsAck(arrived)) {
      this.#ackFor = arrived.sentAt;
      this.wake();
    }
    for (const frame of arrived.frames) {
      if (this.#state === 'closing' || this.#state === 'closed') return;
      this.#receive(frame);
    }
  }

  wake(): void {
    if (this.#flushing || this.#state === 'closing' || this.#state === 'closed') return;
    this.#flushing = true;
    this.#owner.queue.soon(() => {
      this.#flushing = false;
      if (this.#state === 'closing' || this.#state === 'closed') return;
      this.#flush();
      this.#streams.drained();
    });
  }

  queuedMore(): void {
    this.wake();
    if (this.queued <= this.#owner.limits.queued) return;
    const reason = 'slow consumer';
    this.soon(() => {
      this.close(CloseCode.slowConsumer, reason);
    });
  }

  soon(run: () => void): void {
    this.#owner.queue.soon(run);
  }

  call(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#fault(error);
    }
  }

  lend(bytes: Uint8Array, receive: (bytes: Uint8Array) => void): void {
    this.call(() => {
      this.#owner.lend(bytes, receive);
    });
  }

  #doubt(): void {
    const now = this.#owner.queue.now();
    if (!this.open || this.role !== 'dialer' || now - this.#doubtedAt < DOUBT_PAUSE) return;
    this.#doubtedAt = now;
    this.call(() => this.events.onDoubt?.());
  }

  #receive(frame: Frame): void {
    switch (frame.tag) {
      case 'retry':
        if (this.role === 'dialer') this.#send({ tag: 'initial', protocol: this.protocol, token: true });
        return;
      case 'server':
      case 'client':
        if (this.#state === 'handshaking') this.#verify(frame.parameters);
        return;
      case 'ack':
        this.#sampleRtt(frame.sentAt);
        return;
      case 'close':
        this.#end(
          frame.application
            ? { tag: 'remote', code: frame.code, reason: frame.reason }
            : { tag: 'handshake_failed', code: frame.code, by: 'remote', detail: frame.reason },
        );
        return;
      case 'initial':
      case 'ping':
      case 'gone':
        return;
      case 'stream':
      case 'reset':
      case 'max_data':
      case 'max_stream_data':
      case 'max_streams':
        if (this.open) this.#streams.receive(frame);
        return;
    }
  }

  #verify(peer: Parameters): void {
    const { identity, cache } = this.#owner;
    const question = { now: this.#owner.wall(), ownId: identity.nodeId, expectedId: this.#expectedId };
    const verdict = judge([peer.certificate], question, cache);
    if (verdict.tag === 'refused') {
      const { code, detail } = verdict;
      this.#end(
        { tag: 'handshake_failed', code, by: 'local', detail },
        { tag: 'close', application: false, code, reason: detail },
      );
      return;
    }
    this.#peer = { nodeId: verdict.nodeId, publicKey: verdict.publicKey };
    if (this.role === 'dialer') this.#send({ tag: 'client', parameters: this.#owner.parameters });
    else if (!this.#admit()) return;
    this.#state = 'open';
    this.#owner.opened(this);
    this.#streams.allow(peer.streams);
    this.#silence.opened(peer.idleTimeout);
    this.#owner.log(`${this.#name()} open`);
    this.call(() => {
      this.events.onOpen(this);
    });
  }

  /** Asks the endpoint's owner who receives an inbound link; false when nobody does. */
  #admit(): boolean {
    const answer = this.#owner.admit(this);
    if (typeof answer === 'number') this.close(answer);
    else this.#events = answer;
    return this.#state === 'handshaking';
  }

  #send(frame: Frame): void {
    this.#frames.push(frame);
    this.wake();
  }

  #flush(): void {
    const frames = this.#frames.splice(0);
    if (this.#ackFor !== undefined) frames.push({ tag: 'ack', sentAt: this.#ackFor });
    this.#ackFor = undefined;
    if (this.open) frames.push(...this.#streams.take());
    if (frames.length > 0) this.#transmit(frames);
  }

  #transmit(frames: readonly Frame[]): void {
    const built = packet(frames, this.#owner.queue.now());
    this.#bytesSent += built.size;
    this.#owner.sent(built);
    this.#out.send(built);
  }

  #sampleRtt(sentAt: number): void {
    const sample = this.#owner.queue.now() - sentAt;
    this.#rtt = this.#rtt === 0 ? sample : this.#rtt + (sample - this.#rtt) * RTT_SHARE;
  }

  #fault(error: unknown): void {
    try {
      this.#events?.onFault(error);
    } catch {
      // Whoever throws while being told of a throw has had his chance.
    }
    const detail = error instanceof Error ? `a receiver threw: ${error.message}` : 'a receiver threw';
    const code = CloseCode.internal;
    this.#end({ tag: 'transport_error', detail }, { tag: 'close', application: true, code, reason: '' });
  }

  /** Leaves the wire now, with a last word if there is one; the receivers learn it right after. */
  #end(reason: CloseReason, word?: Frame): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    if (word !== undefined) {
      this.#flush();
      this.#transmit([word]);
    }
    this.#detach();
    this.soon(() => {
      this.#over(reason);
    });
  }

  #detach(): void {
    this.#state = 'closing';
    this.#silence.stop();
    this.#out.end();
    if (this.role === 'acceptor') this.wire.acceptor = undefined;
    else this.wire.dialer = undefined;
    // A retry may still be held back, and nobody else will ever give it up.
    if (this.wire.acceptor === undefined) this.wire.backward.end();
  }

  #over(reason: CloseReason): void {
    if (this.#state === 'closed') return;
    this.#owner.log(`${this.#name()} closed ${JSON.stringify(reason)}`);
    this.#streams.abandon(ResetCode.canceled);
    this.#state = 'closed';
    this.#owner.forget(this);
    this.call(() => this.#events?.onClose(reason));
  }

  #name(): string {
    return `${this.wire.id}${this.role === 'dialer' ? '>' : '<'}`;
  }
}
