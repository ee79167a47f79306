/**
 * One authenticated connection, from its first packet to its last.
 *
 * All work happens in turns and at deadlines, never inside a call of the user. Nothing is read from a stream
 * before the peer's certificate was judged (TRANSPORT §2.5). What a native call throws ends this link only.
 *
 * States: handshaking → open → closing (flushing before our close) → closed. After `closed` was reported
 * the native connection stays until it has drained, so that late packets find it (TRANSPORT §3).
 *
 * Longer than other files: users, datagrams, turns and deadlines all meet the same few fields here. What can be decided
 * apart is in modules of its own (conduct, goodbye, times, paths and their proof, sender, streams).
 */
import {
  CloseCode,
  ResetCode,
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
  type Stream,
  type StreamEvents,
} from '../transport.ts';
import { AckDelay } from './ack-delay.ts';
import type { NativeConnection } from './binding.ts';
import { closeReason } from './close-reason.ts';
import { Conduct, type Misconduct } from './conduct.ts';
import { Goodbye } from './goodbye.ts';
import type { LinkHost, LinkSeed, Scheduled } from './link-host.ts';
import { LinkPaths } from './link-paths.ts';
import { linkStats, NO_STATS } from './link-stats.ts';
import { LinkTimes } from './link-times.ts';
import { linkHighWater, type Limits } from '../limits.ts';
import { Sender, type Sent } from './sender.ts';
import type { HoldPool, StreamHost } from './stream-set.ts';
import { StreamTable } from './stream-table.ts';

export class QuicLink implements Link, Scheduled, StreamHost {
  readonly id: number;
  readonly role: 'dialer' | 'acceptor';
  readonly link: Link = this;
  readonly input: Buffer;
  readonly scratch: Buffer;
  readonly limits: Limits;
  readonly pool: HoldPool;
  /** For the endpoint. */
  readonly ways: LinkPaths;
  touched = false;
  due = 0;
  slot = -1;
  #protocol: Protocol;
  #state: LinkState = 'handshaking';
  #peer: PeerIdentity | undefined;
  #verified = false;
  #events: LinkEvents | undefined;
  /** Undefined when nothing of the connection is left. */
  #native: NativeConnection | undefined;
  #stats = NO_STATS;
  /** Datagrams came since the last turn. */
  #heard = false;
  /** quiche refused a datagram: it may have closed itself. */
  #refused = false;
  /** Something was delivered, and sending waits for the answers. */
  #deferred = false;
  readonly #acks = new AckDelay();
  readonly #conduct = new Conduct();
  readonly #goodbye: Goodbye;
  readonly #host: LinkHost;
  readonly #expectedId: Uint8Array | undefined;
  readonly #times: LinkTimes;
  readonly #arrivals = (): number => this.#native?.stats().recv ?? 0;
  readonly #highWater: number;
  readonly #sender: Sender;
  readonly #streams: StreamTable;

  constructor(seed: LinkSeed, host: LinkHost) {
    const now = host.clock.now();
    this.id = seed.id;
    this.role = seed.role;
    this.input = host.input;
    this.scratch = host.scratch;
    this.limits = host.limits;
    this.pool = host.pool;
    this.#host = host;
    this.#native = seed.native;
    this.#protocol = seed.protocol;
    this.#events = seed.events;
    this.#expectedId = seed.expectedId;
    this.#times = new LinkTimes(host.limits, now, seed.role);
    this.#goodbye = new Goodbye(seed.native);
    this.#highWater = linkHighWater(host.limits);
    this.ways = new LinkPaths(this, host, seed, this.#conduct);
    this.#sender = new Sender(seed, host.outlet, this.ways.paths, now);
    this.#streams = new StreamTable(this, seed.native, host.quiche, host.limits.queued);
  }

  get protocol(): Protocol {
    return this.#protocol;
  }
  get state(): LinkState {
    return this.#state;
  }
  get peer(): PeerIdentity | undefined {
    return this.#peer;
  }
  get observed(): PhysicalAddress {
    return this.ways.paths.address;
  }
  get proven(): PhysicalAddress | undefined {
    return this.ways.paths.provenAt;
  }
  get paths(): readonly Path[] {
    return this.ways.paths.paths;
  }
  get queued(): number {
    return this.#streams.queued;
  }
  get congested(): boolean {
    return this.#streams.queued > this.#highWater;
  }
  get streamCredit(): number {
    return this.#state === 'open' ? this.#streams.credit : 0;
  }
  get receiver(): LinkEvents | undefined {
    return this.#state === 'open' ? this.#events : undefined;
  }

  openStream(events: StreamEvents): Stream | undefined {
    return this.#state === 'open' ? this.#streams.open(events) : undefined;
  }

  admit(): void {
    if (this.#state !== 'open') return;
    this.#conduct.admit();
    this.#host.admitted(this);
  }

  keyPaths(ours: Uint8Array, theirs: Uint8Array): void {
    this.ways.paths.key(this.role, ours, theirs);
  }

  offerPath(kind: PathKind, address: PhysicalAddress): void {
    if (this.#state === 'open') this.ways.offer(kind, address);
  }

  withdrawPath(address: PhysicalAddress): void {
    this.ways.withdraw(address);
  }

  ping(): void {
    if (this.#state !== 'open') return;
    this.#native?.sendAckEliciting();
    this.touch();
  }

  close(code: CloseCode, reason = ''): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    const now = this.now();
    this.#goodbye.plan({ code, reason }, now, this.#state === 'open', Math.min(now, this.#times.unanswered));
    this.#state = 'closing';
    this.touch();
  }

  stats(): LinkStats {
    const native = this.#native;
    if (native === undefined) return this.#stats;
    return linkStats(native);
  }

  now(): number {
    return this.#host.clock.now();
  }

  touch(): void {
    this.#acks.busy();
    this.#host.turns.touch(this);
  }

  again(): void {
    this.#host.turns.again(this);
  }

  fault(error: unknown): void {
    const events = this.#events;
    try {
      events?.onFault(error);
    } catch {
      // It fails even at being told so.
    }
    if (this.#state === 'closed') return;
    this.#abort('receiver failed');
    this.#end({ tag: 'transport_error', detail: 'a receiver of this link threw' });
  }

  slow(): void {
    if (this.#state === 'open') this.#expel(CloseCode.slowConsumer, 'slow consumer');
  }

  /** A datagram for this link. quiche decrypts it in place. */
  receive(datagram: Buffer, host: string, port: number): void {
    const native = this.#native;
    if (native === undefined || native.isDraining()) return;
    const now = this.#host.clock.now();
    const { length } = datagram;
    const received = this.ways.receive(datagram, host, port, now);
    if (received === 'lost') return;
    if (received === 'refused') {
      // A protocol error: quiche has closed itself and says so in `localError`. If not, the fault is inside.
      this.#refused = true;
      if (native.localError() === null && !native.isDraining() && !native.isClosed()) {
        this.#abort('internal fault');
        this.#end({ tag: 'transport_error', detail: 'internal fault of the connection' });
      }
    }
    this.#heard = true;
    this.#times.heard(now, this.#arrivals);
    const misconduct = this.#conduct.arrived(length, now, this.#streams.moved, this.#arrivals);
    if (misconduct !== undefined) this.#punish(misconduct);
    this.#acks.came(length);
    this.#host.turns.touch(this);
  }

  /** A keyed probe that names this link. */
  probed(datagram: Buffer, host: string, port: number): void {
    if (this.#native === undefined) this.#host.drop('probe');
    else if (this.ways.probed(datagram, { host, port })) this.touch();
  }

  /** A hint came from there that the peer does not know this link any more. */
  doubted(host: string, port: number): void {
    const { address } = this.ways.paths;
    if (this.#state !== 'open' || address.host !== host || address.port !== port) return;
    if (!this.#times.mayDoubt(this.now())) return;
    this.#tell((events) => events.onDoubt?.());
  }

  turn(): void {
    this.#conduct.turn();
    const native = this.#native;
    if (native === undefined) return;
    try {
      this.#work(native);
    } catch (error) {
      this.#broke(error);
    }
  }

  expired(): void {
    const native = this.#native;
    if (native === undefined) return;
    try {
      const now = this.#host.clock.now();
      const timeout = native.timeout();
      if (timeout !== null && timeout > 0 && this.#dueOwn > now) {
        // it has moved away since it was set
        this.#arm(timeout);
        return;
      }
      const late = this.#times.isLate(this.due, now);
      this.#sender.expired(now, late);
      this.ways.tick(now);
      if (this.#state === 'handshaking' && now >= this.#times.handshakeDue) {
        this.#goodbye.refuse(0);
        this.#end({ tag: 'handshake_timeout' });
      } else if (this.#waitsForHello && now >= this.#times.handshakeDue)
        this.#expel(CloseCode.helloTimeout, 'no hello in time');
      else if (this.#state === 'open' && !late && this.#times.isSilent(now, this.#arrivals)) {
        this.#end({ tag: 'idle_timeout' });
        this.#free();
        return;
      } else if (this.#state === 'open' && this.#times.mustSpeak(now, this.#sender.lastSent))
        native.sendAckEliciting();
      this.#work(native);
    } catch (error) {
      this.#broke(error);
    }
  }

  /** Ends the link at once, without a word to the peer. */
  destroy(detail: string): void {
    this.#end({ tag: 'transport_error', detail });
    this.#free();
  }

  get #waitsForHello(): boolean {
    return this.#state === 'open' && this.role === 'acceptor' && !this.#conduct.admitted;
  }

  /** Closes an open link without flushing. */
  #expel(code: CloseCode, reason: string): void {
    this.#goodbye.plan({ code, reason }, this.now(), false);
    this.#state = 'closing';
    this.touch();
  }

  #punish(misconduct: Misconduct): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    this.#host.drop(misconduct);
    const detail = misconduct === 'too_much' ? 'too much before the hello' : 'packets without progress';
    if (this.#state === 'open') this.#expel(CloseCode.protocolError, detail);
    else {
      this.#goodbye.refuse(0);
      this.#end({ tag: 'handshake_failed', code: 0, by: 'local', detail });
    }
  }

  /** A native call failed outside any stream: the state of this connection is unknown. */
  #broke(error: unknown): void {
    this.destroy(`internal fault of the connection: ${String(error)}`);
  }

  /** Judge, read, write, send, look, and set the next deadline. */
  #work(native: NativeConnection): void {
    if (this.ways.news() === 'switched') this.#tell((events) => events.onPath?.());
    const heard = this.#heard;
    this.#heard = false;
    if (this.#state === 'handshaking' && native.isEstablished() && this.#verify(native)) {
      // The hello comes within this turn of the event loop: it travels with the last flight of the handshake.
      this.#deferred = true;
      this.#heard = heard;
      this.again();
      return;
    }
    if (this.#state === 'open' && this.#streams.turn(heard) && !this.#deferred) {
      // Answers come within this turn of the event loop: they travel with the acknowledgment.
      this.#deferred = true;
      this.again();
      return;
    }
    this.#deferred = false;
    // it leaves now if there is room for it
    if (this.#streams.queued > 0) this.#acks.busy();
    if (this.#state === 'open' || this.#goodbye.flushes) this.#streams.drain();
    const sent = this.#mayWait(native) ? 'held' : this.#send();
    if (this.#state === 'closing') this.#closeIfRipe(sent);
    const closed = native.isClosed();
    if (this.#state !== 'closed') this.#look(native, closed);
    if (closed) {
      this.#free();
      return;
    }
    // The packet that says so waits for room in the congestion window like any other.
    if (this.#state === 'closed' && native.isDraining()) this.#host.silent(this);
    this.#arm(native.timeout());
  }

  /** True when the link is open now. */
  #verify(native: NativeConnection): boolean {
    const verdict = this.#host.judge(native, this.role, this.#expectedId);
    if (verdict?.tag === 'refused') {
      const { code, detail } = verdict;
      // The dialer's last flight first: without it the acceptor has no keys to read anything else, not even a
      // close, and quiche sends nothing but the close once there is one.
      this.#send();
      this.#goodbye.refuse(code);
      this.#end({ tag: 'handshake_failed', code, by: 'local', detail });
      return false;
    }
    if (verdict !== undefined) this.#peer = { nodeId: verdict.nodeId, publicKey: verdict.publicKey };
    this.#verified = true;
    // TLS has chosen it from our own list.
    this.#protocol = Buffer.from(native.applicationProto()).toString('latin1') as Protocol;
    const { peerMaxIdleTimeout, peerInitialMaxStreamsBidi } = native.stats();
    this.#times.agreed(peerMaxIdleTimeout);
    this.#streams.agreed(peerInitialMaxStreamsBidi);
    this.#state = 'open';
    this.#host.opened(this, Buffer.from(native.destinationId()).toString('latin1'));
    if (!this.#host.awaitHello) this.admit();
    if (this.role === 'acceptor') {
      const taken = this.#host.offer(this);
      if (typeof taken === 'number') {
        this.close(taken);
        return false;
      }
      this.#events = taken;
    }
    this.#tell((events) => {
      events.onOpen(this);
    });
    return this.state === 'open';
  }

  #tell(event: (events: LinkEvents) => void): void {
    try {
      if (this.#events !== undefined) event(this.#events);
    } catch (error) {
      this.fault(error);
    }
  }

  /** There is nothing to send but an acknowledgment, which may travel with something later. */
  #mayWait(native: NativeConnection): boolean {
    if (!this.#acks.few || this.#state !== 'open' || this.#sender.greeting) return false;
    return !this.#times.isInFlight(native.timeout()) && this.#acks.mayWait(this.#host.clock.now());
  }

  #send(): Sent {
    const now = this.#host.clock.now();
    this.#sender.review(now);
    const sent = this.#sender.send(now);
    this.#acks.sent(this.#sender.bytesSent);
    // after a close that the peer could not read quiche has packets without end
    if (sent === 'burst' && this.#state !== 'closed') this.again();
    return sent;
  }

  #closeIfRipe(sent: Sent): void {
    const emptied = sent === 'emptied' && this.#streams.queued === 0;
    const { farewell } = this.#goodbye;
    if (farewell === undefined || !this.#goodbye.ripe(this.now(), emptied, this.#times.idleTimeout)) return;
    this.#goodbye.say(farewell.code, farewell.reason);
    this.#send();
    this.#end({ tag: 'local', ...farewell });
  }

  /** Whether the connection has ended, and why. */
  #look(native: NativeConnection, closed: boolean): void {
    // An open connection ends by the peer's close, which it drains after, by a timer, or by what it refused.
    if (this.#state === 'open' && !closed && !this.#refused && !native.isDraining()) return;
    const peer = native.peerError();
    const local = native.localError();
    const opened = this.#verified;
    const reason = closeReason({ peer, local, timedOut: native.isTimedOut(), opened }, closed);
    if (reason === undefined) return;
    const { farewell } = this.#goodbye;
    this.#end(farewell === undefined ? reason : { tag: 'local', ...farewell });
  }

  /** `timeout`: when quiche wants to be woken. */
  #arm(timeout: number | null): void {
    const now = this.#host.clock.now();
    const armed = this.#times.armed(now, timeout);
    this.ways.watch(now, this.#times.unanswered !== Infinity);
    const due = Math.min(armed, this.#dueOwn);
    if (due !== Infinity) this.#host.deadlines.within(this, Math.max(due, now));
  }

  /** Clock time of the first deadline that is not quiche's. */
  get #dueOwn(): number {
    const { handshakeDue } = this.#times;
    if (this.#state === 'handshaking') return handshakeDue;
    if (this.#state === 'closing') return this.#goodbye.due;
    if (this.#state === 'closed') return Infinity;
    const hello = this.#waitsForHello ? handshakeDue : Infinity;
    const streams = this.#streams.due ?? Infinity;
    const times = this.#times.due(this.#sender.lastSent);
    return Math.min(hello, times, streams, this.ways.due, this.#acks.due);
  }

  /** Tells the peer that something failed here. */
  #abort(reason: string): void {
    if (this.#native === undefined) return;
    // the last flight of the handshake may wait for the hello; quiche sends only the close once there is one
    this.#sender.sendBeforeClose(this.now());
    this.#goodbye.say(CloseCode.internal, reason);
    this.touch();
  }

  #end(reason: CloseReason): void {
    if (this.#state === 'closed') return;
    this.#stats = this.stats();
    this.#state = 'closed';
    this.#host.ended(this);
    this.#streams.closeAll(ResetCode.canceled);
    this.#tell((events) => {
      events.onClose(reason);
    });
    this.#events = undefined;
  }

  #free(): void {
    if (this.#native === undefined) return;
    this.#native = undefined;
    this.#host.freed(this);
  }
}
