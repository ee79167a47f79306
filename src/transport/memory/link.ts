/**
 * One end of a simulated link: handshake, open, closing, closed.
 *
 * Events go to the receivers in QUIC's order; what they throw ends this link and nothing else. Lives as long
 * as its endpoint keeps it; everything it waits for (handshake, silence) is one event in the network's queue.
 *
 * Longer than other files: it is what endpoint, streams, paths and users see of the link, each of which has its few lines here.
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
  type PathKind,
  type PeerIdentity,
  type PhysicalAddress,
  type Protocol,
  ResetCode,
  type Stream,
  type StreamEvents,
} from '../transport.ts';
import { linkHighWater } from '../limits.ts';
import { endNumber, idOf } from './end-id.ts';
import type { Attached } from './fabric.ts';
import type { LinkOwner } from './link-owner.ts';
import { LinkPaths, type PathsLink, type Seeds } from './link-paths.ts';
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

export class MemoryLink implements Link, WireEnd, StreamLink, PathsLink {
  readonly id: number;
  /** Of this end of the wire, unique in the network. */
  readonly number: number;
  readonly role: 'dialer' | 'acceptor';
  readonly protocol: Protocol;
  readonly wire: Wire;
  #state: LinkState = 'handshaking';
  #peer: PeerIdentity | undefined;
  #events: LinkEvents | undefined;
  readonly owner: LinkOwner;
  readonly #expectedId: Uint8Array | undefined;
  readonly #streams: StreamTable;
  readonly out: Pipe;
  /** Where the peer was when the link began. */
  readonly first: PhysicalAddress;
  readonly #frames: Frame[] = [];
  readonly #silence: Silence;
  #seeds: Seeds | undefined;
  /** Undefined while there is but the way that was dialed, with nothing in between. */
  #paths: LinkPaths | undefined;
  #ackFor: Packet | undefined;
  /** The dialer was told to prove its address. */
  #token = false;
  #flushing = false;
  #rtt = 0;
  #bytesSent = 0;
  #bytesReceived = 0;
  #arrivals = 0;
  #doubtedAt = -Infinity;

  constructor(owner: LinkOwner, options: LinkOptions) {
    const { id, role, protocol, wire } = options;
    this.owner = owner;
    this.id = id;
    this.role = role;
    this.protocol = protocol;
    this.wire = wire;
    this.#events = options.events;
    this.#expectedId = options.expectedId;
    this.#streams = new StreamTable(this, role, owner.limits.streams);
    this.out = role === 'dialer' ? wire.forward : wire.backward;
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
    this.first = role === 'dialer' ? wire.target : wire.source;
    this.number = endNumber(wire.id, role);
    if (role === 'dialer') wire.dialer = this;
    else wire.acceptor = this;
    if (this.out.ferried) this.#paths = new LinkPaths(this, this.first, undefined);
  }

  get at(): Attached {
    return this.owner.at;
  }

  get rtt(): number {
    return this.#rtt;
  }

  get alive(): boolean {
    return this.#state === 'handshaking' || this.#state === 'open';
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
    return this.#paths?.address ?? this.first;
  }

  get proven(): PhysicalAddress | undefined {
    return this.#paths === undefined ? this.first : this.#paths.proven;
  }

  get paths(): readonly Path[] {
    const { observed: address } = this;
    return this.#paths?.list ?? [{ kind: 'direct', address, active: true, proven: true, rtt: undefined }];
  }

  get streamCredit(): number {
    return this.open ? this.#streams.credit : 0;
  }

  get queued(): number {
    return this.#streams.queued;
  }

  get congested(): boolean {
    return this.queued > linkHighWater(this.owner.limits);
  }

  /** Only read once they are known: nothing is delivered before the peer was verified. */
  get events(): LinkEvents {
    return this.#events as LinkEvents;
  }

  openStream(events: StreamEvents): Stream | undefined {
    return this.open ? this.#streams.open(events) : undefined;
  }

  admit(): void {
    if (this.open) this.owner.admitted(this);
  }

  keyPaths(ours: Uint8Array, theirs: Uint8Array): void {
    this.#seeds = { role: this.role, ours, theirs };
    this.#paths?.key(this.#seeds);
  }

  offerPath(kind: PathKind, address: PhysicalAddress): void {
    if (!this.open || this.#seeds === undefined || !this.owner.reaches(address)) return;
    this.#pathsNow().offer(kind, address);
  }

  withdrawPath(address: PhysicalAddress): void {
    if (this.open) this.#paths?.withdraw(address);
  }

  /** Nothing came from the peer yet. */
  get unheard(): boolean {
    return this.#state === 'handshaking' && this.#arrivals === 0;
  }

  /** Nothing comes from where we dialed: it goes on there. */
  reroute(address: PhysicalAddress): void {
    if (this.alive) this.#pathsNow().reroute(address);
  }

  peerId(): Uint8Array {
    return idOf(endNumber(this.wire.id, this.role === 'dialer' ? 'acceptor' : 'dialer'));
  }

  /** A datagram of a probe's size names this end. False when it says nothing. */
  probed(datagram: Buffer, from: PhysicalAddress): boolean {
    return this.open && this.#seeds !== undefined && this.#pathsNow().probed(datagram, from);
  }

  heard(from: PhysicalAddress, packet_: Packet): void {
    if (this.alive && !isHint(packet_)) this.#pathsNow().heard(from, packet_.size);
  }

  nudge(): void {
    if (this.open) this.#send({ tag: 'ping' });
    else if (this.role === 'dialer') this.#ask();
  }

  moved(): void {
    const { host, port } = this.observed;
    this.owner.log(`${this.#name()} path ${host} ${port}`);
    if (this.open) this.call(() => this.events.onPath?.());
  }

  ping(): void {
    if (this.open) this.#send({ tag: 'ping' });
  }

  close(code: CloseCode, reason: string = ''): void {
    if (this.#state === 'closed' || this.#state === 'closing') return;
    this.#end({ tag: 'local', code, reason }, { tag: 'close', application: true, code, reason });
  }

  stats(): LinkStats {
    const { lost } = this.out;
    const [bytesSent, bytesReceived, arrivals] = [this.#bytesSent, this.#bytesReceived, this.#arrivals];
    return { rtt: this.#rtt, bytesSent, bytesReceived, lost, arrivals };
  }

  /** Begins the handshake: the dialer asks, the acceptor answers a proven address. */
  start(): void {
    if (this.role === 'dialer') this.#ask();
    else this.#send({ tag: 'server', parameters: this.owner.parameters });
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
    if (this.#paths !== undefined && !this.#in.ferried) this.#paths.heard(this.first, arrived.size);
    this.#arrivals++;
    this.#bytesReceived += arrived.size;
    this.owner.received(arrived);
    if (elicitsAck(arrived)) {
      this.#ackFor = arrived;
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
    this.owner.queue.soon(() => {
      this.#flushing = false;
      if (this.#state === 'closing' || this.#state === 'closed') return;
      this.#flush();
      this.#streams.drained();
    });
  }

  queuedMore(): void {
    this.wake();
    if (this.queued <= this.owner.limits.queued) return;
    const reason = 'slow consumer';
    this.soon(() => {
      this.close(CloseCode.slowConsumer, reason);
    });
  }

  soon(run: () => void): void {
    this.owner.queue.soon(run);
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
      this.owner.lend(bytes, receive);
    });
  }

  get #in(): Pipe {
    return this.role === 'dialer' ? this.wire.backward : this.wire.forward;
  }

  #pathsNow(): LinkPaths {
    return (this.#paths ??= new LinkPaths(this, this.first, this.#seeds));
  }

  #ask(): void {
    this.#send({ tag: 'initial', protocol: this.protocol, token: this.#token });
  }

  #doubt(): void {
    const now = this.owner.queue.now();
    if (!this.open || this.role !== 'dialer' || now - this.#doubtedAt < DOUBT_PAUSE) return;
    this.#doubtedAt = now;
    this.call(() => this.events.onDoubt?.());
  }

  #receive(frame: Frame): void {
    switch (frame.tag) {
      case 'retry':
        this.#token = true;
        if (this.role === 'dialer') this.#ask();
        return;
      case 'server':
      case 'client':
        if (this.#state === 'handshaking') this.#verify(frame.parameters);
        return;
      case 'ack':
        this.#sampleRtt(frame.sentAt + frame.waited);
        this.#paths?.acknowledged(frame.sentAt);
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
    const { identity, cache } = this.owner;
    const question = { now: this.owner.wall(), ownId: identity.nodeId, expectedId: this.#expectedId };
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
    if (this.role === 'dialer') this.#send({ tag: 'client', parameters: this.owner.parameters });
    else if (!this.#admit()) return;
    this.#state = 'open';
    this.owner.opened(this);
    this.#streams.allow(peer.streams);
    this.#silence.opened(peer.idleTimeout);
    this.owner.log(`${this.#name()} open`);
    this.call(() => {
      this.events.onOpen(this);
    });
  }

  /** Asks the endpoint's owner who receives an inbound link; false when nobody does. */
  #admit(): boolean {
    const answer = this.owner.admit(this);
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
    if (this.#ackFor !== undefined) {
      const { sentAt, waited = 0 } = this.#ackFor;
      frames.push({ tag: 'ack', sentAt, waited });
    }
    this.#ackFor = undefined;
    if (this.open) frames.push(...this.#streams.take());
    if (frames.length > 0) this.#transmit(frames);
  }

  #transmit(frames: readonly Frame[]): void {
    const built = packet(frames, this.owner.queue.now());
    this.#bytesSent += built.size;
    this.owner.sent(built);
    this.out.send(built);
    if (this.#paths !== undefined && elicitsAck(built)) this.#paths.sent();
  }

  #sampleRtt(since: number): void {
    const sample = this.owner.queue.now() - since;
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
    this.#paths?.stop();
    this.out.end();
    if (this.role === 'acceptor') this.wire.acceptor = undefined;
    else this.wire.dialer = undefined;
    // A retry may still be held back, and nobody else will ever give it up.
    if (this.wire.acceptor === undefined) this.wire.backward.end();
  }

  #over(reason: CloseReason): void {
    if (this.#state === 'closed') return;
    this.owner.log(`${this.#name()} closed ${JSON.stringify(reason)}`);
    this.#streams.abandon(ResetCode.canceled);
    this.#state = 'closed';
    this.owner.forget(this);
    this.call(() => this.#events?.onClose(reason));
  }

  #name(): string {
    return `${this.wire.id}${this.role === 'dialer' ? '>' : '<'}`;
  }
}
