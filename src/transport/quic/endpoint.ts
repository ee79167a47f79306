/**
 * One UDP socket, all its links, and the way from a datagram to its link (TRANSPORT §3).
 *
 * A datagram reaches its link by a direct call; the link's work happens in its turn. A receiver or a native
 * call that fails ends one link, never the endpoint.
 *
 * Longer than other files: it is what links, dispatcher and users see of each other, each of which has its few lines here.
 */
import type { Clock } from '../../actor/clock.ts';
import type { Random } from '../../actor/random.ts';
import type { Identity } from '../../identity/identity.ts';
import { certificateCache, judge, RefusalCode, type Verdict } from '../../identity/verdict.ts';
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
} from '../transport.ts';
import type { NativeConnection, Quiche } from './binding.ts';
import { input, scratch } from './buffers.ts';
import { createConfigs, type Configs } from './config.ts';
import { Deadlines } from './deadlines.ts';
import { Dispatcher, type DispatchHost } from './dispatch.ts';
import type { Source } from './early.ts';
import { HintBudget } from './gone-hint.ts';
import { Fallbacks } from './fallback.ts';
import { createGreeter, FIXED_BIT } from './greeter.ts';
import { deadLink, undialable } from './dead-link.ts';
import type { LinkHost, LinkSeed, Scheduled } from './link-host.ts';
import { KnownSources } from './known-sources.ts';
import { LinkRegistry } from './link-registry.ts';
import { QuicLink } from './link.ts';
import { limitsFor, type Limits } from '../limits.ts';
import { TlsWays, type TlsHost } from '../tls/ways.ts';
import { Outlet } from './outlet.ts';
import { RelayedWays } from './relayed-ways.ts';
import { Relaying, type RelayingHost } from './relaying.ts';
import { ID_LENGTH } from './retry-token.ts';
import { wayOf } from '../way.ts';
import { UdpSocket } from './socket.ts';
import type { HoldPool } from './stream-set.ts';
import { Turns } from './turns.ts';
import { LOCAL_VIRTUAL, virtualAddress } from './virtual-address.ts';

/** Links closed per turn: many close packets at once overrun the peers' and our own buffers. */
const CLOSES_PER_TURN = 16;

/** Milliseconds `close` waits for links to flush and to say goodbye before it destroys what is left. */
const CLOSE_DEADLINE = 3_000;

/** Free ports tried for both UDP and TCP. */
const PORT_TRIES = 8;

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
    anonymous: options.anonymous === true,
  });
  for (let tries = 1; ; tries++) {
    const endpoint = await openAt(quiche, options, limits, configs, bind);
    if (options.tls !== true) return endpoint;
    try {
      await endpoint.listenTls();
      return endpoint;
    } catch (error) {
      endpoint.destroy();
      // a free UDP port was taken, and its TCP port is not free
      if (bind.port !== 0 || tries === PORT_TRIES) throw error;
    }
  }
}

async function openAt(
  quiche: Quiche,
  options: EndpointOptions,
  limits: Limits,
  configs: Configs,
  bind: PhysicalAddress,
): Promise<QuicEndpoint> {
  let endpoint: QuicEndpoint | undefined;
  const socket = await UdpSocket.open(bind, (datagram, from) => {
    endpoint?.receive(datagram, from);
  });
  endpoint = new QuicEndpoint(quiche, options, limits, configs, socket);
  return endpoint;
}

class QuicEndpoint implements Endpoint, LinkHost, DispatchHost, RelayingHost, TlsHost {
  readonly kind = 'quic';
  onRaw: Endpoint['onRaw'];
  forwarder: Forwarder | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly quiche: Quiche;
  readonly outlet: Outlet;
  readonly limits: Limits;
  readonly awaitHello: boolean;
  readonly input: Buffer = input;
  readonly scratch: Buffer = scratch;
  readonly pool: HoldPool = { held: 0 };
  readonly turns: Turns<Scheduled>;
  readonly deadlines: Deadlines<Scheduled>;
  readonly #socket: UdpSocket;
  readonly #options: EndpointOptions;
  readonly #configs: Configs;
  readonly #dispatcher: Dispatcher;
  readonly #registry: LinkRegistry;
  readonly #sources: KnownSources;
  readonly #relaying: Relaying;
  readonly #tls: TlsWays;
  readonly #fallbacks: Fallbacks;
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
    this.#socket = socket;
    this.#options = options;
    this.#configs = configs;
    // whoever has a TLS connection counts as where that comes from
    this.#registry = new LinkRegistry(limits, (host) => this.#tls.carriers.get(host)?.remote ?? host);
    this.#sources = new KnownSources(() => this.#registry.all);
    this.awaitHello = options.awaitHello ?? false;
    const ways = new RelayedWays();
    this.#relaying = new Relaying(this, ways);
    this.#tls = new TlsWays(this);
    this.#fallbacks = new Fallbacks(options.clock, this.#tls);
    this.outlet = new Outlet(socket, ways, this.#tls.carriers, (reason) => {
      this.drop(reason);
    });
    const greeter = createGreeter({
      quiche,
      outlet: this.outlet,
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

  get identity(): Identity {
    return this.#options.identity;
  }

  /** Also takes TLS connections. Throws `TransportError`. */
  async listenTls(): Promise<void> {
    await this.#tls.listen(this.local, this.limits);
  }

  get local(): PhysicalAddress {
    return this.#socket.local;
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
    const config = this.#configs.dialing(protocol, this.outlet.classOf(address));
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
      fallback: request.fallback === 'tls',
    } as const;
    const link = this.#start(seed, id);
    this.#fallbacks.watch(link, request);
    link.touch();
    return link;
  }

  sendRaw(to: PhysicalAddress, bytes: Uint8Array): void {
    const first = bytes[0];
    if (first === undefined || (first & FIXED_BIT) !== 0)
      throw new RangeError('a raw datagram is not empty and its first byte has bit 0x40 clear');
    if (this.outlet.reaches(to)) this.outlet.sendCopy(bytes, to);
    else this.drop('raw_address');
  }

  openRelayed(session: Uint8Array, via: Link): PhysicalAddress {
    return this.#relaying.open(session, via);
  }

  closeRelayed(session: Uint8Array): void {
    this.#relaying.close(session);
  }

  stats(): EndpointStats {
    return {
      links: this.#registry.open,
      halfOpen: this.#registry.halfOpen,
      datagramsIn: this.#datagramsIn,
      datagramsOut: this.#socket.datagramsOut,
      bytesIn: this.#bytesIn,
      bytesOut: this.#socket.bytesOut,
      relayed: this.#relaying.stats(),
      dropped: { ...this.#dropped, send_failed: this.#socket.failures },
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
    this.#relaying.clear();
    this.#tls.destroy();
    this.#socket.close();
  }

  // --- for the socket and the dispatcher

  receive(datagram: Buffer, from: Source): void {
    this.#datagramsIn++;
    this.#bytesIn += datagram.length;
    if (this.#state !== 'closed') this.#dispatcher.receive(datagram, from);
  }

  relayed(datagram: Buffer, from: Source): void {
    this.#relaying.receive(datagram, from);
  }

  knows(host: string, port: number): boolean {
    return this.#sources.has(host, port, this.clock.now());
  }

  unwrapped(datagram: Buffer, from: Source): void {
    this.#dispatcher.receive(datagram, from);
  }

  pass(datagram: Buffer, to: PhysicalAddress): void {
    this.outlet.pass(datagram, to);
  }

  hint(to: PhysicalAddress, bytes: Uint8Array): void {
    if (this.accepts(to.host) && this.#hints.take(this.clock.now())) this.outlet.sendCopy(bytes, to);
  }

  accepts(host: string): boolean {
    const { accept = [], dialers, onLink } = this.#options;
    if (this.#state !== 'open' || onLink === undefined || accept.length === 0) return false;
    return dialers !== 'relays' || wayOf({ host, port: 0 }) === 'relay';
  }

  accept(id: Uint8Array, originalId: Uint8Array, from: PhysicalAddress): QuicLink {
    const number = this.#nextLink++;
    const config = this.#configs.accepting(this.outlet.classOf(from));
    const virtual = virtualAddress(number);
    const native = this.quiche.Connection.accept(id, originalId, LOCAL_VIRTUAL, virtual, config);
    const protocol = this.#options.accept?.[0] ?? 'macula';
    return this.#start({ id: number, role: 'acceptor', native, virtual, address: from, protocol }, id);
  }

  // --- for links

  judge(
    native: NativeConnection,
    role: 'dialer' | 'acceptor',
    expectedId: Uint8Array | undefined,
  ): Verdict | undefined {
    if (role === 'acceptor' && this.#options.anonymous === true) return undefined;
    // Resumption is never offered by us; a resumed session would not have shown its key again.
    if (native.isResumed())
      return { tag: 'refused', code: RefusalCode.badCertificate, detail: 'session was resumed' };
    return this.#judge(native.peerCertChain(), expectedId);
  }

  judgeTls(chain: readonly Uint8Array[], expectedId: Uint8Array | undefined): boolean {
    return this.#judge(chain, expectedId).tag === 'accepted';
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
    this.#fallbacks.forget(link);
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

  // --- for TLS connections

  carried(datagram: Buffer, from: PhysicalAddress): void {
    this.receive(datagram, { address: from.host, port: from.port });
  }

  usedWays(): ReadonlySet<string> {
    const paths = this.#registry.all.flatMap((link) => link.paths);
    return new Set(paths.filter(({ address }) => address.port === 0).map(({ address }) => address.host));
  }

  wayEnded(address: PhysicalAddress): void {
    for (const link of this.#registry.all) {
      link.withdrawPath(address);
      if (link.observed.host === address.host) link.destroy('its TLS connection ended');
    }
  }

  // --- private

  #judge(chain: readonly Uint8Array[] | null, expectedId: Uint8Array | undefined): Verdict {
    const question = {
      now: this.clock.wall(),
      ownId: this.identity.nodeId,
      ...(expectedId === undefined ? {} : { expectedId }),
    };
    return judge(chain, question, CERTIFICATES);
  }

  #undialable(request: DialRequest): string | undefined {
    if (this.#state !== 'open') return 'endpoint is closed';
    if (this.#registry.size >= this.limits.links) return 'too many links';
    return undialable(request, this.#socket.family, (address) => this.outlet.reaches(address));
  }

  #start(seed: LinkSeed, id: Uint8Array): QuicLink {
    const link = new QuicLink(seed, this);
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
    this.#relaying.clear();
    await this.#tls.close();
    await new Promise<void>((resolve) => {
      this.#socket.close(resolve);
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
