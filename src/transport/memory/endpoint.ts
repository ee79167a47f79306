/**
 * One simulated UDP socket: dials, accepts, and carries raw datagrams.
 *
 * It answers a dialer's first packet with a retry and keeps nothing (as QUIC with Retry does), so only a
 * proven address costs a link. A killed owner calls `destroy`; then the peers learn it by silence alone.
 *
 * Longer than other files: it is what network, links and users see of each other, each of which has its few lines here.
 */
import { isIP } from 'node:net';

import type { Random } from '../../actor/random.ts';
import type { Identity } from '../../identity/identity.ts';
import { judge, type CertificateCache } from '../../identity/verdict.ts';
import {
  CloseCode,
  type DialRequest,
  type Endpoint,
  type EndpointOptions,
  type EndpointStats,
  type Forwarder,
  type Link,
  type LinkEvents,
  type PhysicalAddress,
  type Protocol,
} from '../transport.ts';
import { isPort } from '../address.ts';
import { Admission } from '../admission.ts';
import { probedId } from '../paths/path-proof.ts';
import { wayOf } from '../way.ts';
import { numberOf } from './end-id.ts';
import type { EventQueue } from './event-queue.ts';
import type { Attached, Fabric, Machine } from './fabric.ts';
import { Fallbacks } from './fallback.ts';
import type { LinkOwner } from './link-owner.ts';
import type { Limits } from '../limits.ts';
import { MemoryLink, NO_PROTOCOL } from './link.ts';
import { packet, type Frame, type Packet, type Parameters } from './packet.ts';
import { Relays } from './relays.ts';
import type { Shipment } from './shipment.ts';
import { TlsWays, type TlsHost } from './tls-ways.ts';
import type { Wire } from './wire.ts';
import { isWrapped, wrap, wrappedDatagram, wrappedShipment, type WrappedHost } from './wrapped.ts';

/** Largest UDP payload over IPv4. */
const MAX_DATAGRAM = 65_507;
/** QUIC's fixed bit: a datagram that has it in its first byte is taken for QUIC (TRANSPORT §3). */
const FIXED_BIT = 0x40;
/** Bytes of a node id. */
const ID_SIZE = 32;
/** What lent bytes are overwritten with when the network poisons them. */
const POISON = 0xdb;

export interface MemoryEndpointOptions {
  readonly fabric: Fabric;
  readonly machine: Machine;
  readonly local: PhysicalAddress;
  readonly limits: Limits;
  /** Lend copies and overwrite them after the call, so that whoever keeps them reads rubbish. */
  readonly poison: boolean;
}

export class MemoryEndpoint implements Endpoint, Attached, LinkOwner, TlsHost, WrappedHost {
  readonly kind = 'memory' as const;
  readonly local: PhysicalAddress;
  readonly machine: Machine;
  readonly limits: Limits;
  readonly identity: Identity;
  readonly parameters: Parameters;
  readonly tls: TlsWays;
  onRaw: ((from: PhysicalAddress, bytes: Uint8Array) => void) | undefined;
  readonly #fabric: Fabric;
  readonly #options: EndpointOptions;
  readonly #poison: boolean;
  readonly #relays: Relays;
  readonly #fallbacks: Fallbacks;
  /** By the number the wire has for this end. */
  readonly #links = new Map<number, MemoryLink>();
  /** Inbound links whose peers are not admitted yet. */
  readonly #halfOpen = new Set<Link>();
  /** In whose count each inbound link is: a host. */
  readonly #accountable = new Map<Link, string>();
  readonly #admission: Admission;
  readonly #dropped: Record<string, number> = {};
  #random: Random | undefined;
  #nextLink = 1;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #whenClosed: (() => void)[] = [];
  #datagramsIn = 0;
  #datagramsOut = 0;
  #bytesIn = 0;
  #bytesOut = 0;

  constructor(options: EndpointOptions, place: MemoryEndpointOptions) {
    this.#options = options;
    this.#fabric = place.fabric;
    this.#poison = place.poison;
    this.machine = place.machine;
    this.local = place.local;
    this.limits = place.limits;
    this.identity = options.identity;
    this.#relays = new Relays(place.fabric.queue, () => this.#links.values());
    this.tls = new TlsWays(place.fabric, this);
    this.#fallbacks = new Fallbacks(place.fabric.queue, this.tls);
    this.#admission = new Admission({ links: place.limits.links, halfOpen: place.limits.halfOpen });
    this.parameters = {
      certificate: options.identity.certificate,
      streams: place.limits.streams,
      idleTimeout: place.limits.idleTimeout,
    };
  }

  get queue(): EventQueue {
    return this.#fabric.queue;
  }

  get at(): Attached {
    return this;
  }

  get random(): Random {
    return (this.#random ??= this.#fabric.random.fork(`paths ${this.local.host}:${this.local.port}`));
  }

  get cache(): CertificateCache {
    return this.#fabric.cache;
  }

  /** Inbound links show up when the peer was verified. */
  get links(): Iterable<Link> {
    return [...this.#links.values()].filter((link) => link.role === 'dialer' || link.peer !== undefined);
  }

  dial(request: DialRequest, events: LinkEvents): Link {
    const { address, protocol, expectedId } = request;
    const wire = this.#fabric.wire(this, address);
    const link = this.#add({ role: 'dialer', protocol, wire, events, expectedId });
    const refusal = this.#undialable(request);
    if (refusal === undefined) {
      link.start();
      this.#fallbacks.watch(link, request);
    } else link.fail(refusal);
    return link;
  }

  sendRaw(to: PhysicalAddress, bytes: Uint8Array): void {
    const [first] = bytes;
    if (first === undefined || (first & FIXED_BIT) !== 0)
      throw new RangeError('a raw datagram is not empty and its first byte has bit 0x40 clear');
    if (this.#state !== 'closed') this.sendWrapped(to, bytes);
  }

  sendWrapped(to: PhysicalAddress, bytes: Uint8Array): void {
    if (wayOf(to) !== 'relay') {
      this.#sendPlain(to, bytes);
      return;
    }
    const relayed = this.#relays.route(to);
    if (relayed === undefined) this.drop('no_way');
    else this.#sendPlain(relayed.to, wrap(relayed.session, bytes));
  }

  reaches(address: PhysicalAddress): boolean {
    const way = wayOf(address);
    if (way === 'relay') return this.#relays.route(address) !== undefined;
    return way === 'tls'
      ? this.tls.line(address) !== undefined
      : isIP(address.host) !== 0 && isPort(address.port);
  }

  carrier(to: PhysicalAddress): PhysicalAddress | undefined {
    if (wayOf(to) !== 'relay') return to;
    const relayed = this.#relays.route(to);
    if (relayed === undefined) this.drop('no_way');
    return relayed?.to;
  }

  openRelayed(session: Uint8Array, via: Link): PhysicalAddress {
    return this.#relays.open(session, via);
  }

  closeRelayed(session: Uint8Array): void {
    this.#relays.close(session);
  }

  get forwarder(): Forwarder | undefined {
    return this.#relays.forwarder;
  }

  set forwarder(forwarder: Forwarder | undefined) {
    this.#relays.forwarder = forwarder;
  }

  stats(): EndpointStats {
    return {
      links: this.#links.size,
      halfOpen: this.#admission.halfOpen,
      datagramsIn: this.#datagramsIn,
      datagramsOut: this.#datagramsOut,
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      dropped: { ...this.#dropped },
      relayed: this.#relays.stats(),
    };
  }

  close(code: CloseCode = CloseCode.normal, reason: string = ''): Promise<void> {
    if (this.#state === 'open') {
      this.#state = 'closing';
      for (const link of this.#links.values()) link.close(code, reason);
      this.#leaveWhenEmpty();
    }
    return new Promise((resolve) => {
      if (this.#state === 'closed') resolve();
      else this.#whenClosed.push(resolve);
    });
  }

  destroy(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closing';
    for (const link of this.#links.values()) link.vanish('the endpoint was destroyed');
    this.#leave();
  }

  stray(wire: Wire, arrived: Packet): void {
    this.received(arrived);
    const [frame] = arrived.frames;
    const { accept = [] } = this.#options;
    if (frame?.tag !== 'initial') this.#unknown(wire);
    else if (!this.#accepts(wire)) this.drop('not_accepting');
    else if (!frame.token || !isSame(wire.retried, wire.source)) this.#retry(wire);
    else if (accept.includes(frame.protocol)) this.#accept(wire, frame.protocol);
    else {
      const reason = 'no application protocol';
      this.#reply(wire, { tag: 'close', application: false, code: NO_PROTOCOL, reason });
    }
  }

  datagram(from: PhysicalAddress, bytes: Uint8Array): void {
    this.#count('in', bytes.length);
    if (isWrapped(bytes)) this.#relays.receive(wrappedDatagram(this, from, bytes));
    else this.unwrapped(from, bytes);
  }

  shipment(from: PhysicalAddress, shipment: Shipment): void {
    if (shipment.session === undefined) shipment.land(this, from);
    else this.#relays.receive(wrappedShipment(this, from, shipment.session, shipment));
  }

  relay(to: PhysicalAddress, what: Uint8Array | Shipment): void {
    if (what instanceof Uint8Array) {
      this.#sendPlain(to, what);
      return;
    }
    this.#count('in', what.size);
    this.#count('out', what.size);
    this.#fabric.ship(this, to, what);
  }

  unwrapped(from: PhysicalAddress, bytes: Uint8Array): void {
    const id = probedId(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    if (id !== undefined) {
      const link = this.#links.get(numberOf(id));
      if (link?.probed(Buffer.from(bytes), from) !== true) this.drop('probe');
      return;
    }
    const receive = this.onRaw;
    if (receive === undefined) {
      this.drop('raw');
      return;
    }
    try {
      this.lend(bytes, (lent) => {
        receive(from, lent);
      });
    } catch {
      this.drop('raw_receiver_failed');
    }
  }

  wall(): number {
    return this.#options.clock.wall();
  }

  admit(link: Link): LinkEvents | CloseCode {
    try {
      return this.#options.onLink?.(link) ?? CloseCode.refused;
    } catch {
      this.drop('on_link_failed');
      return CloseCode.internal;
    }
  }

  opened(link: MemoryLink): void {
    if (this.#options.awaitHello !== true) this.admitted(link);
  }

  admitted(link: MemoryLink): void {
    const host = this.#accountable.get(link);
    if (this.#halfOpen.delete(link) && host !== undefined) this.#admission.settled(host);
  }

  forget(link: MemoryLink): void {
    this.#links.delete(link.number);
    this.#fallbacks.forget(link);
    const host = this.#accountable.get(link);
    if (host === undefined) return;
    this.admitted(link);
    this.#accountable.delete(link);
    this.#admission.ended(host, this.queue.now());
  }

  sent(packet_: Packet): void {
    this.#count('out', packet_.size);
  }

  received(arrived: Packet): void {
    this.#count('in', arrived.size);
  }

  get listens(): boolean {
    return this.#options.tls === true && this.#state === 'open';
  }

  get certificate(): Uint8Array {
    return this.identity.certificate;
  }

  judges(certificate: Uint8Array, expectedId: Uint8Array | undefined): boolean {
    const question = { now: this.wall(), ownId: this.identity.nodeId, expectedId };
    return judge([certificate], question, this.cache).tag !== 'refused';
  }

  wayEnded(address: PhysicalAddress): void {
    for (const link of this.#links.values()) {
      link.withdrawPath(address);
      if (link.observed.host === address.host) link.fail('its TLS connection ended');
    }
  }

  lend(bytes: Uint8Array, receive: (bytes: Uint8Array) => void): void {
    if (!this.#poison) {
      receive(bytes);
      return;
    }
    const lent = new Uint8Array(bytes);
    try {
      receive(lent);
    } finally {
      lent.fill(POISON);
    }
  }

  log(line: string): void {
    this.#fabric.log(line);
  }

  #add(options: Omit<ConstructorParameters<typeof MemoryLink>[1], 'id'>): MemoryLink {
    const link = new MemoryLink(this, { id: this.#nextLink++, ...options });
    this.#links.set(link.number, link);
    return link;
  }

  /** A dialer that proved its address. */
  #accept(wire: Wire, protocol: Protocol): void {
    // whoever has a TLS connection counts as where that comes from
    const host = this.tls.source(wire.source.host) ?? wire.source.host;
    const refusal = this.#admission.refusal(host, this.#links.size, this.queue.now());
    if (refusal !== undefined) {
      this.drop(refusal);
      return;
    }
    this.#admission.started(host, this.queue.now());
    const link = this.#add({ role: 'acceptor', protocol, wire });
    this.#halfOpen.add(link);
    this.#accountable.set(link, host);
    link.start();
  }

  /** A packet of a link that this address has lost. */
  #unknown(wire: Wire): void {
    this.drop('unknown_connection');
    if (this.#accepts(wire)) this.#reply(wire, { tag: 'gone' });
  }

  /** Whether dialers from there are let in. */
  #accepts({ source }: Wire): boolean {
    const { accept = [], dialers, onLink } = this.#options;
    if (this.#state !== 'open' || onLink === undefined || accept.length === 0) return false;
    return dialers !== 'relays' || wayOf(source) === 'relay';
  }

  /** Has a dialer prove its address; a token is good for that one only. */
  #retry(wire: Wire): void {
    wire.retried = wire.source;
    this.#reply(wire, { tag: 'retry' });
  }

  /** Answers without keeping anything. */
  #reply(wire: Wire, frame: Frame): void {
    const answer = packet([frame], this.queue.now());
    this.sent(answer);
    wire.backward.send(answer);
  }

  /** Why this cannot even be tried. The link is counted already. */
  #undialable({ address, expectedId }: DialRequest): string | undefined {
    if (this.#state !== 'open') return 'endpoint is closed';
    if (this.#links.size > this.limits.links) return 'too many links';
    if (wayOf(address) === 'relay' && this.#relays.route(address) === undefined)
      return 'that way is not open';
    if (wayOf(address) !== 'relay' && isIP(address.host) === 0) return 'host is not a numeric address';
    if (expectedId !== undefined && expectedId.length !== ID_SIZE) return 'expected id is not 32 bytes';
    return undefined;
  }

  /** After the links' last events, which are ahead of this one in the queue. */
  #leaveWhenEmpty(): void {
    this.queue.soon(() => {
      if (this.#links.size === 0) this.#leave();
      else this.#leaveWhenEmpty();
    });
  }

  #leave(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.onRaw = undefined;
    this.#relays.clear();
    this.tls.destroy();
    this.#fabric.detach(this);
    for (const resolve of this.#whenClosed.splice(0)) resolve();
  }

  #sendPlain(to: PhysicalAddress, bytes: Uint8Array): void {
    if (bytes.length > MAX_DATAGRAM) return;
    if (wayOf(to) === 'tls' && this.tls.line(to) === undefined) {
      this.drop('no_way');
      return;
    }
    this.#count('out', bytes.length);
    this.#fabric.raw(this, to, bytes);
  }

  drop(reason: string): void {
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + 1;
  }

  #count(way: 'in' | 'out', bytes: number): void {
    if (way === 'in') {
      this.#datagramsIn++;
      this.#bytesIn += bytes;
    } else {
      this.#datagramsOut++;
      this.#bytesOut += bytes;
    }
  }
}

const isSame = (one: PhysicalAddress | undefined, other: PhysicalAddress): boolean =>
  one?.host === other.host && one.port === other.port;
