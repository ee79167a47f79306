/**
 * One UDP socket, all its links, and the way from a datagram to its link (TRANSPORT §3).
 *
 * A datagram reaches its link by a direct call; the link's work happens in its turn. A receiver or a native
 * call that fails ends one link, never the endpoint.
 */
import type { RemoteInfo } from 'node:dgram';

import type { Clock } from '../../actor/clock.ts';
import type { Random } from '../../actor/random.ts';
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
import { addressClass, addressFamily, isPort } from '../address.ts';
import type { NativeConnection, Quiche } from './binding.ts';
import { input, scratch } from './buffers.ts';
import { createConfigs, DATAGRAM_SIZE, type Configs } from './config.ts';
import { Deadlines } from './deadlines.ts';
import { Dispatcher, type DispatchHost } from './dispatch.ts';
import { HintBudget } from './gone-hint.ts';
import { createGreeter, FIXED_BIT } from './greeter.ts';
import { deadLink, undialable } from './dead-link.ts';
import type { LinkHost, LinkSeed, Scheduled } from './link-host.ts';
import { LinkRegistry } from './link-registry.ts';
import { QuicLink } from './link.ts';
import { limitsFor, type Limits } from '../limits.ts';
import { LOCAL_VIRTUAL, virtualAddress } from './path-table.ts';
import { ID_LENGTH } from './retry-token.ts';
import { UdpSocket } from './socket.ts';
import type { HoldPool } from './stream-set.ts';
import { Turns } from './turns.ts';

/** Links closed per turn: many close packets at once overrun the peers' and our own buffers. */
const CLOSES_PER_TURN = 16;

/** Milliseconds `close` waits for links to flush and to say goodbye before it destroys what is left. */
const CLOSE_DEADLINE = 3_000;

/** What a certificate says is the same for all endpoints. */
const CERTIFICATES = certificateCache();

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

class QuicEndpoint implements Endpoint, LinkHost, DispatchHost {
  readonly kind = 'quic';
  onRaw: Endpoint['onRaw'];
  readonly clock: Clock;
  readonly random: Random;
  readonly quiche: Quiche;
  readonly socket: UdpSocket;
  readonly limits: Limits;
  readonly awaitHello: boolean;
  readonly input: Buffer = input;
  readonly scratch: Buffer = scratch;
  readonly pool: HoldPool = { held: 0 };
  readonly turns: Turns<Scheduled>;
  readonly deadlines: Deadlines<Scheduled>;
  readonly #options: EndpointOptions;
  readonly #configs: Configs;
  readonly #dispatcher: Dispatcher;
  readonly #registry: LinkRegistry;
  readonly #hints = new HintBudget();
  readonly #dropped: Record<string, number> = {};
  #nextLink = 1;
  #datagramsIn = 0;
  #bytesIn = 0;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #closed: Promise<void> | undefined;

  constructor(quiche: Quiche, options: EndpointOptions, limits: Limits, configs: Configs, socket: UdpSocket) {
    this.quiche = quiche;
    this.clock = options.clock;
    this.random = options.random;
    this.limits = limits;
    this.socket = socket;
    this.#options = options;
    this.#configs = configs;
    this.#registry = new LinkRegistry(limits);
    this.awaitHello = options.awaitHello ?? false;
    const greeter = createGreeter({
      quiche,
      socket,
      random: options.random,
      now: () => options.clock.now(),
    });
    this.#dispatcher = new Dispatcher(this, this.#registry, greeter);
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
    return this.#registry.known;
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
    const seed = {
      id: number,
      role: 'dialer',
      native,
      virtual,
      address,
      protocol,
      expectedId,
      events,
    } as const;
    const link = this.#start(seed, id);
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
      links: this.#registry.open,
      halfOpen: this.#registry.halfOpen,
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
    for (const link of this.#registry.all) link.destroy('endpoint destroyed');
    this.deadlines.clear();
    this.socket.close();
  }

  // --- for the socket and the dispatcher

  receive(datagram: Buffer, from: RemoteInfo): void {
    this.#datagramsIn++;
    this.#bytesIn += datagram.length;
    if (this.#state !== 'closed') this.#dispatcher.receive(datagram, from);
  }

  hint(to: PhysicalAddress, bytes: Uint8Array): void {
    if (this.accepting && this.#hints.take(this.clock.now())) this.socket.sendCopy(bytes, to);
  }

  get accepting(): boolean {
    const { accept, onLink } = this.#options;
    return this.#state === 'open' && onLink !== undefined && accept !== undefined && accept.length > 0;
  }

  accept(id: Uint8Array, originalId: Uint8Array, from: PhysicalAddress): QuicLink {
    const number = this.#nextLink++;
    const config = this.#configs.accepting(addressClass(from.host));
    const virtual = virtualAddress(number);
    const native = this.quiche.Connection.accept(id, originalId, LOCAL_VIRTUAL, virtual, config);
    const protocol = this.#options.accept?.[0] ?? 'macula';
    return this.#start({ id: number, role: 'acceptor', native, virtual, address: from, protocol }, id);
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
    return judge(native.peerCertChain(), question, CERTIFICATES);
  }

  opened(link: Link, peerId: string): void {
    this.#registry.opened(link, peerId);
  }

  admitted(link: Link): void {
    this.#registry.admitted(link);
  }

  offer(link: Link): LinkEvents | CloseCode {
    try {
      return this.#options.onLink?.(link) ?? CloseCode.refused;
    } catch {
      this.drop('on_link_failed');
      return CloseCode.internal;
    }
  }

  ended(link: Link): void {
    this.#registry.ended(link);
  }

  silent(link: Link): void {
    this.#registry.silent(link);
  }

  freed(link: Link & Scheduled): void {
    this.deadlines.remove(link);
    this.#registry.freed(link, this.clock.now());
  }

  drop(reason: string): void {
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + 1;
  }

  // --- private

  #undialable(request: DialRequest): string | undefined {
    if (this.#state !== 'open') return 'endpoint is closed';
    if (this.#registry.size >= this.limits.links) return 'too many links';
    return undialable(request, this.socket.family);
  }

  #start(seed: Omit<LinkSeed, 'datagram'>, id: Uint8Array): QuicLink {
    const datagram = DATAGRAM_SIZE[addressClass(seed.address.host)].initial;
    const link = new QuicLink({ ...seed, datagram }, this);
    const from = seed.role === 'acceptor' ? seed.address.host : undefined;
    this.#registry.add(link, id, from, this.clock.now());
    return link;
  }

  async #close(code: CloseCode, reason: string): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closing';
    this.#closeSome(this.#registry.all, code, reason);
    await new Promise<void>((resolve) => {
      const timer = this.clock.setTimer(CLOSE_DEADLINE, resolve);
      this.#registry.whenSilent(() => {
        this.clock.clear(timer);
        resolve();
      });
    });
    for (const link of this.#registry.all) link.destroy('endpoint closed');
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
