/**
 * The TLS connections of one endpoint, in both roles, by their addresses `tls:<n>`.
 */
import type { TLSSocket } from 'node:tls';

import type { Clock, TimerId } from '../../actor/clock.ts';
import type { Identity } from '../../identity/identity.ts';
import type { PhysicalAddress } from '../transport.ts';
import { tlsAddress } from '../way.ts';
import { TlsCarrier, type CarrierEvents } from './carrier.ts';
import { dialTls } from './dial.ts';
import { TlsListener } from './listener.ts';

/** Milliseconds after which a connection that no link uses is ended; at most twice that. */
const UNUSED = 15_000;

/** Connections that are being dialed at once. */
const MAX_DIALS = 64;

export interface TlsHost {
  readonly clock: Clock;
  readonly identity: Identity;
  /** Whether the certificates (DER, leaf first) are a node's, and that node's if one is expected. Never throws. */
  judgeTls(chain: readonly Uint8Array[], expectedId: Uint8Array | undefined): boolean;
  /** A datagram came over a connection. */
  carried(datagram: Buffer, from: PhysicalAddress): void;
  /** Hosts of the addresses that links use, as far as they are TLS connections. */
  usedWays(): ReadonlySet<string>;
  /** A connection is over; nothing can be sent there any more. */
  wayEnded(address: PhysicalAddress): void;
  drop(reason: string): void;
}

export class TlsWays {
  readonly #host: TlsHost;
  readonly #carriers = new Map<string, TlsCarrier>();
  readonly #dials = new Set<() => void>();
  readonly #events: CarrierEvents;
  #listener: TlsListener | undefined;
  /** Connections that no link used when it was looked last. */
  #unused: ReadonlySet<string> = new Set();
  #sweep: TimerId | undefined;
  #next = 1;
  #over = false;

  constructor(host: TlsHost) {
    this.#host = host;
    this.#events = {
      onDatagram: (datagram, { address }) => {
        host.carried(datagram, address);
      },
      onEnd: ({ address }) => {
        this.#carriers.delete(address.host);
        if (!this.#over) host.wayEnded(address);
      },
      drop: (reason) => {
        host.drop(reason);
      },
    };
  }

  /** Connections that carry datagrams. */
  get carriers(): ReadonlyMap<string, TlsCarrier> {
    return this.#carriers;
  }

  /** Connections that are being dialed. */
  get dials(): number {
    return this.#dials.size;
  }

  /** Listens on the TCP port of this number. Throws `TransportError`. */
  async listen(
    bind: PhysicalAddress,
    limits: { readonly links: number; readonly halfOpen: number; readonly acceptRate: number },
  ): Promise<void> {
    const { clock, identity } = this.#host;
    const { links, halfOpen, acceptRate } = limits;
    this.#listener = await TlsListener.open({
      identity,
      clock,
      bind,
      links,
      halfOpen,
      acceptRate,
      judge: (chain) => this.#host.judgeTls(chain, undefined),
      onSocket: (socket) => {
        this.#carry(socket);
      },
      drop: (reason) => {
        this.#host.drop(reason);
      },
    });
  }

  /** Opens a connection; `then` gets its address, or undefined. The result gives it up, without `then`. */
  dial(
    address: PhysicalAddress,
    expectedId: Uint8Array | undefined,
    then: (way: PhysicalAddress | undefined) => void,
  ): () => void {
    if (this.#over || this.#dials.size >= MAX_DIALS) {
      then(undefined);
      return () => undefined;
    }
    const { clock, identity } = this.#host;
    const cancel = dialTls({
      identity,
      clock,
      address,
      judge: (chain) => this.#host.judgeTls(chain, expectedId),
      done: (socket) => {
        this.#dials.delete(cancel);
        if (socket === undefined) this.#host.drop('tls_dial');
        then(socket === undefined ? undefined : this.#carry(socket));
      },
    });
    this.#dials.add(cancel);
    return () => {
      this.#dials.delete(cancel);
      cancel();
    };
  }

  /** Ends one connection. */
  end({ host }: PhysicalAddress): void {
    this.#carriers.get(host)?.end();
  }

  /** Ends everything at once. */
  destroy(): void {
    this.#giveUp();
    for (const carrier of this.#carriers.values()) carrier.end();
    this.#listener?.destroy();
  }

  /** Ends everything when what waits was written. Resolves when nothing of it is left. */
  async close(): Promise<void> {
    this.#giveUp();
    const carriers = [...this.#carriers.values()];
    await Promise.all([...carriers.map((carrier) => carrier.finish()), this.#listener?.close()]);
  }

  #giveUp(): void {
    this.#over = true;
    if (this.#sweep !== undefined) this.#host.clock.clear(this.#sweep);
    for (const cancel of this.#dials) cancel();
    this.#dials.clear();
  }

  #carry(socket: TLSSocket): PhysicalAddress {
    const address = tlsAddress(this.#next++);
    this.#carriers.set(address.host, new TlsCarrier(address, socket, this.#host.clock, this.#events));
    this.#sweepLater();
    return address;
  }

  /** Whoever only keeps connections open has no use of them. */
  #sweepLater(): void {
    if (this.#sweep !== undefined || this.#over) return;
    const { clock } = this.#host;
    this.#sweep = clock.setTimer(UNUSED, () => {
      this.#sweep = undefined;
      const used = this.#host.usedWays();
      const unused = [...this.#carriers.values()].filter(({ address }) => !used.has(address.host));
      for (const carrier of unused) if (this.#unused.has(carrier.address.host)) carrier.end();
      this.#unused = new Set(unused.map(({ address }) => address.host));
      if (this.#carriers.size > 0) this.#sweepLater();
    });
    clock.hold(this.#sweep, false);
  }
}
