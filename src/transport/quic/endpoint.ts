/**
 * One UDP socket, all its links, and the way from a datagram to its link (TRANSPORT §3).
 *
 * A datagram reaches its link by a direct call; the link's work happens in its turn. A receiver or a native
 * call that fails ends one link, never the endpoint.
 */
import type { RemoteInfo } from 'node:dgram';

import type { Clock } from '../../actor/clock.ts';
import { certificateCache, judge, RefusalCode, type Verdict } from '../../identity/verdict.ts';
import {
  CloseCode,
  type DialRequest,
  type Endpoint,
  type EndpointOptions,
  type EndpointStats,
  type Link,
  type LinkEvents,
  type PhysicalAddress,
} from '../transport.ts';
import { addressClass, addressFamily, isPort } from './address.ts';
import { Admission } from './admission.ts';
import type { NativeConnection, NativeHeader, Quiche } from './binding.ts';
import { createConfigs, DATAGRAM_SIZE, type Configs } from './config.ts';
import { Deadlines } from './deadlines.ts';
import { createGreeter, FIXED_BIT, LONG_HEADER, type Greeter } from './greeter.ts';
import { deadLink } from './dead-link.ts';
import type { LinkHost, LinkSeed, Scheduled } from './link-host.ts';
import { QuicLink } from './link.ts';
import { limitsFor, type Limits } from './limits.ts';
import { LOCAL_VIRTUAL, virtualAddress } from './path-table.ts';
import { ID_LENGTH } from './retry-token.ts';
import { UdpSocket } from './socket.ts';
import { Turns } from './turns.ts';

/** Bytes read from a stream at once. */
const INPUT = 65_536;

/** Links closed per turn: many close packets at once overrun the peers' and our own buffers. */
const CLOSES_PER_TURN = 16;

/** Milliseconds `close` waits for links to flush and to say goodbye before it destroys what is left. */
const CLOSE_DEADLINE = 3_000;

/** Bytes of a node id. */
const ID_SIZE = 32;

const DEFAULT_BIND: PhysicalAddress = { host: '127.0.0.1', port: 0 };

/** Binds the socket. Throws `TransportError`. */
export async function openEndpoint(quiche: Quiche, options: EndpointOptions): Promise<Endpoint> {
  const bind = options.bind ?? DEFAULT_BIND;
  const limits = limitsFor(bind, options.limits);
  const configs = createConfigs(quiche, {
    identity: options.identity,
    idleTimeout: limits.idleTimeout,
    streams: limits.streams,
    accept: options.accept ?? [],
  });
  let endpoint: QuicEndpoint | undefined;
  const socket = await UdpSocket.open(bind, (datagram, from) => {
    endpoint?.receive(datagram, from);
  });
  endpoint = new QuicEndpoint(quiche, options, limits, configs, socket);
  return endpoint;
}

interface Entry {
  readonly link: QuicLink;
  /** The connection id under which it is found. */
  readonly id: string;
  /** Set for inbound links: whose count it is in. */
  readonly from: string | undefined;
}

class QuicEndpoint implements Endpoint, LinkHost {
  readonly kind = 'quic';
  onRaw: Endpoint['onRaw'];
  readonly clock: Clock;
  readonly quiche: Quiche;
  readonly socket: UdpSocket;
  readonly limits: Limits;
  readonly input: Buffer = Buffer.allocUnsafeSlow(INPUT);
  readonly scratch: Buffer = Buffer.allocUnsafeSlow(INPUT);
  readonly turns: Turns<Scheduled>;
  readonly deadlines: Deadlines<Scheduled>;
  readonly #options: EndpointOptions;
  readonly #configs: Configs;
  readonly #greeter: Greeter;
  readonly #admission: Admission;
  readonly #certificates = certificateCache();
  /** Links by connection id (latin1), until they have drained. */
  readonly #byId = new Map<string, Entry>();
  readonly #entries = new Map<Link, Entry>();
  /** Those of them that may still send packets. */
  readonly #speaking = new Set<Link>();
  readonly #dropped: Record<string, number> = {};
  #nextLink = 1;
  #open = 0;
  #datagramsIn = 0;
  #bytesIn = 0;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #closed: Promise<void> | undefined;
  #emptied: (() => void) | undefined;

  constructor(quiche: Quiche, options: EndpointOptions, limits: Limits, configs: Configs, socket: UdpSocket) {
    this.quiche = quiche;
    this.clock = options.clock;
    this.limits = limits;
    this.socket = socket;
    this.#options = options;
    this.#configs = configs;
    this.#admission = new Admission(limits.links, limits.halfOpen);
    this.#greeter = createGreeter({
      quiche,
      socket,
      random: options.random,
      now: () => options.clock.now(),
    });
    this.turns = new Turns<Scheduled>(options.clock, (link) => {
      link.turn();
    });
    this.deadlines = new Deadlines<Scheduled>(options.clock, (link) => {
      link.expired();
    });
  }

  get local(): PhysicalAddress {
    return this.socket.local;
  }

  get links(): Iterable<Link> {
    const visible: Link[] = [];
    for (const { link } of this.#entries.values())
      if (link.state !== 'closed' && (link.role === 'dialer' || link.peer !== undefined)) visible.push(link);
    return visible;
  }

  dial(request: DialRequest, events: LinkEvents): Link {
    const number = this.#nextLink++;
    const refusal = this.#undialable(request);
    if (refusal !== undefined) return deadLink(number, request, events, refusal, this.clock);
    const id = this.#options.random.bytes(ID_LENGTH);
    const { protocol, address, expectedId } = request;
    const config = this.#configs.dialing(protocol, addressClass(address.host));
    const virtual = virtualAddress(number);
    const native = this.quiche.Connection.connect(null, id, LOCAL_VIRTUAL, virtual, config);
    const link = this.#start(
      { id: number, role: 'dialer', native, virtual, address, protocol, expectedId, events },
      id,
      undefined,
    );
    link.touch();
    return link;
  }

  sendRaw(to: PhysicalAddress, bytes: Uint8Array): void {
    const first = bytes[0];
    if (first === undefined || (first & FIXED_BIT) !== 0)
      throw new RangeError('a raw datagram is not empty and its first byte has bit 0x40 clear');
    if (addressFamily(to.host) === this.socket.family && isPort(to.port)) this.socket.sendCopy(bytes, to);
    else this.drop('raw_address');
  }

  stats(): EndpointStats {
    return {
      links: this.#open,
      halfOpen: this.#admission.halfOpen,
      datagramsIn: this.#datagramsIn,
      datagramsOut: this.socket.datagramsOut,
      bytesIn: this.#bytesIn,
      bytesOut: this.socket.bytesOut,
      dropped: { ...this.#dropped, send_failed: this.socket.failures },
    };
  }

  close(code: CloseCode = CloseCode.normal, reason = ''): Promise<void> {
    this.#closed ??= this.#close(code, reason);
    return this.#closed;
  }

  destroy(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    for (const { link } of this.#entries.values()) link.destroy('endpoint destroyed');
    this.deadlines.clear();
    this.socket.close();
    this.#emptied?.();
  }

  // --- datagrams

  receive(datagram: Buffer, from: RemoteInfo): void {
    this.#datagramsIn++;
    this.#bytesIn += datagram.length;
    const first = datagram[0];
    if (this.#state === 'closed' || first === undefined) return;
    if ((first & FIXED_BIT) === 0) {
      this.#receiveRaw(datagram, from);
      return;
    }
    if ((first & LONG_HEADER) === 0) {
      const entry = this.#byId.get(datagram.toString('latin1', 1, 1 + ID_LENGTH));
      if (entry === undefined) this.drop('unknown_connection');
      else entry.link.receive(datagram, from.address, from.port);
      return;
    }
    this.#receiveLong(datagram, { host: from.address, port: from.port });
  }

  #receiveLong(datagram: Buffer, from: PhysicalAddress): void {
    try {
      if (!this.quiche.versionIsSupported(datagram.readUInt32BE(1))) {
        this.drop('unknown_version');
        if (this.#accepting) this.#greeter.negotiate(datagram, from);
        return;
      }
      const header = this.quiche.Header.fromSlice(datagram, ID_LENGTH);
      const entry = this.#byId.get(Buffer.from(header.dcid).toString('latin1'));
      if (entry !== undefined) entry.link.receive(datagram, from.host, from.port);
      else this.#receiveStranger(datagram, header, from);
    } catch {
      this.drop('unparsable');
    }
  }

  #receiveRaw(datagram: Buffer, from: RemoteInfo): void {
    if (this.onRaw === undefined) {
      this.drop('raw');
      return;
    }
    try {
      this.onRaw({ host: from.address, port: from.port }, datagram);
    } catch {
      this.drop('raw_receiver_failed');
    }
  }

  #receiveStranger(datagram: Buffer, header: NativeHeader, from: PhysicalAddress): void {
    if (!this.#accepting) {
      this.drop('not_accepting');
      return;
    }
    const refusal = this.#admission.refusal(from.host, this.#entries.size);
    if (refusal !== undefined) {
      this.drop(refusal);
      return;
    }
    const greeting = this.#greeter.greet(datagram, header, from);
    if (greeting.tag === 'dropped') this.drop(greeting.reason);
    else if (greeting.tag === 'welcome')
      this.#accept(greeting.id, greeting.originalId, from).receive(datagram, from.host, from.port);
  }

  #accept(id: Uint8Array, originalId: Uint8Array, from: PhysicalAddress): QuicLink {
    const number = this.#nextLink++;
    const config = this.#configs.accepting(addressClass(from.host));
    const virtual = virtualAddress(number);
    const native = this.quiche.Connection.accept(id, originalId, LOCAL_VIRTUAL, virtual, config);
    const protocol = this.#options.accept?.[0] ?? 'macula';
    const link = this.#start(
      { id: number, role: 'acceptor', native, virtual, address: from, protocol },
      id,
      from.host,
    );
    this.#admission.started(from.host);
    return link;
  }

  // --- for links

  judge(native: NativeConnection, expectedId: Uint8Array | undefined): Verdict {
    // Resumption is never offered by us; a resumed session would not have shown its key again.
    if (native.isResumed())
      return { tag: 'refused', code: RefusalCode.badCertificate, detail: 'session was resumed' };
    const question = {
      now: this.clock.wall(),
      ownId: this.#options.identity.nodeId,
      ...(expectedId === undefined ? {} : { expectedId }),
    };
    return judge(native.peerCertChain(), question, this.#certificates);
  }

  opened(link: Link): void {
    const from = this.#entries.get(link)?.from;
    if (from !== undefined) this.#admission.settled(from);
  }

  offer(link: Link): LinkEvents | CloseCode {
    try {
      return this.#options.onLink?.(link) ?? CloseCode.refused;
    } catch {
      this.drop('on_link_failed');
      return CloseCode.internal;
    }
  }

  ended(link: Link, wasOpen: boolean): void {
    const entry = this.#entries.get(link);
    if (entry === undefined) return;
    this.#open--;
    if (!wasOpen && entry.from !== undefined) this.#admission.settled(entry.from);
  }

  silent(link: Link): void {
    this.#speaking.delete(link);
    if (this.#speaking.size === 0) this.#emptied?.();
  }

  freed(link: Link): void {
    const entry = this.#entries.get(link);
    if (entry === undefined) return;
    this.#entries.delete(link);
    this.silent(link);
    this.#byId.delete(entry.id);
    this.deadlines.remove(entry.link);
    if (entry.from !== undefined) this.#admission.ended(entry.from);
  }

  drop(reason: string): void {
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + 1;
  }

  // --- private

  get #accepting(): boolean {
    const { accept, onLink } = this.#options;
    return this.#state === 'open' && onLink !== undefined && accept !== undefined && accept.length > 0;
  }

  #undialable({ address, expectedId }: DialRequest): string | undefined {
    if (this.#state !== 'open') return 'endpoint is closed';
    if (this.#entries.size >= this.limits.links) return 'too many links';
    const family = addressFamily(address.host);
    if (family === undefined) return 'host is not a numeric address';
    if (!isPort(address.port)) return 'port is not between 1 and 65535';
    if (expectedId !== undefined && expectedId.length !== ID_SIZE) return 'expected id is not 32 bytes';
    if (family !== this.socket.family)
      return `an IPv${this.socket.family} endpoint cannot dial an IPv${family} address`;
    return undefined;
  }

  #start(seed: Omit<LinkSeed, 'datagram'>, id: Uint8Array, from: string | undefined): QuicLink {
    const datagram = DATAGRAM_SIZE[addressClass(seed.address.host)].initial;
    const link = new QuicLink({ ...seed, datagram }, this);
    const entry = { link, id: Buffer.from(id).toString('latin1'), from };
    this.#entries.set(link, entry);
    this.#speaking.add(link);
    this.#byId.set(entry.id, entry);
    this.#open++;
    return link;
  }

  async #close(code: CloseCode, reason: string): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closing';
    const links = [...this.#entries.values()].map((entry) => entry.link);
    const emptied = new Promise<void>((resolve) => {
      this.#emptied = resolve;
    });
    const timer = this.clock.setTimer(CLOSE_DEADLINE, () => this.#emptied?.());
    if (this.#speaking.size > 0) {
      this.#closeSome(links, code, reason);
      await emptied;
    }
    this.clock.clear(timer);
    for (const { link } of this.#entries.values()) link.destroy('endpoint closed');
    this.#state = 'closed';
    this.deadlines.clear();
    await new Promise<void>((resolve) => {
      this.socket.close(resolve);
    });
  }

  #closeSome(links: QuicLink[], code: CloseCode, reason: string): void {
    for (const link of links.splice(0, CLOSES_PER_TURN)) link.close(code, reason);
    if (links.length > 0)
      this.clock.later(() => {
        this.#closeSome(links, code, reason);
      });
  }
}
