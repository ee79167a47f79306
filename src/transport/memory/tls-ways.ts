/**
 * TLS connections of one simulated socket, for who cannot use UDP: each is a way for datagrams, `tls:<n>` at either end.
 *
 * They cross NATs outwards, blocked ones too, lose nothing but what a cut way swallows, and keep the order. Both sides
 * judge each other's certificate, as real ones do.
 */
import type { PhysicalAddress } from '../transport.ts';
import { tlsAddress } from '../way.ts';
import type { Attached, Fabric } from './fabric.ts';
import type { Route } from './route.ts';

/** Connections that are being dialed at once. */
const MAX_DIALS = 64;
/** Milliseconds until a dial is given up. */
const PATIENCE = 10_000;
/** One-way delays before the dialer may send: TCP and TLS 1.3 take a round trip each. */
const ROUND_TRIPS = 2;

export interface TlsHost {
  readonly at: Attached;
  /** Connections are let in. */
  readonly listens: boolean;
  readonly certificate: Uint8Array;
  /** Whether it is a node's, and that node's if one is expected. */
  judges(certificate: Uint8Array, expectedId: Uint8Array | undefined): boolean;
  /** Nothing can be sent there any more. */
  wayEnded(address: PhysicalAddress): void;
}

/** One direction of a connection, by the address of its sending end. */
export interface Line {
  readonly route: Route;
  /** The address of the receiving end. */
  readonly source: PhysicalAddress;
  readonly far: TlsWays;
  /** When the last datagram arrives: the next one does not before. Clock time. */
  arrival: number;
}

export class TlsWays {
  readonly host: TlsHost;
  readonly #fabric: Fabric;
  readonly #lines = new Map<string, Line>();
  readonly #dials = new Set<() => void>();
  #next = 1;
  #over = false;

  constructor(fabric: Fabric, host: TlsHost) {
    this.#fabric = fabric;
    this.host = host;
  }

  /** What is sent to that address takes it; undefined when the connection is over. */
  line({ host }: PhysicalAddress): Line | undefined {
    return this.#lines.get(host);
  }

  /** From where a connection comes: its other end, or the NAT that is in front of it. Undefined when it is over. */
  source(host: string): string | undefined {
    const { machine } = this.#lines.get(host)?.far.host.at ?? {};
    return machine?.nat?.host ?? machine?.host;
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
    const { queue } = this.#fabric;
    const cancel = (): void => {
      this.#dials.delete(cancel);
      for (const event of events) queue.cancel(event);
    };
    const done = (way: PhysicalAddress | undefined): void => {
      cancel();
      then(way);
    };
    const events = [
      queue.at(queue.now() + PATIENCE, () => {
        done(undefined);
      }),
    ];
    this.#dials.add(cancel);
    const far = this.#fabric.listener(this.host.at, address)?.tls;
    if (far === undefined) return cancel;
    const [out, back] = [this.#route(far), far.#route(this)];
    let delay = 0;
    for (let trip = 0; trip < ROUND_TRIPS; trip++)
      delay += this.#fabric.delay(out) + this.#fabric.delay(back);
    events.push(
      queue.at(queue.now() + delay, () => {
        if (out.cut || back.cut || far.#over) return;
        const [here, there] = [this.host, far.host];
        const ok = here.judges(there.certificate, expectedId) && there.judges(here.certificate, undefined);
        done(ok ? this.#join(far) : undefined);
      }),
    );
    return cancel;
  }

  /** Ends one connection; its other end learns it a little later. */
  end(address: PhysicalAddress): void {
    const line = this.#lines.get(address.host);
    if (line === undefined) return;
    this.#lines.delete(address.host);
    const { queue } = this.#fabric;
    queue.when(Math.max(line.arrival, queue.now() + this.#fabric.delay(line.route)), () => {
      line.far.#ended(line.source);
    });
  }

  /** Ends everything at once. */
  destroy(): void {
    this.#over = true;
    for (const cancel of this.#dials) cancel();
    for (const host of this.#lines.keys()) this.end({ host, port: 0 });
  }

  #ended(address: PhysicalAddress): void {
    if (this.#lines.delete(address.host)) this.host.wayEnded(address);
  }

  /** The connection stands: each end gets an address of its own. */
  #join(far: TlsWays): PhysicalAddress {
    const [here, there] = [tlsAddress(this.#next++), tlsAddress(far.#next++)];
    this.#lines.set(here.host, { route: this.#route(far), source: there, far, arrival: 0 });
    far.#lines.set(there.host, { route: far.#route(this), source: here, far: this, arrival: 0 });
    this.#fabric.log(`tls ${this.host.at.local.host} ${far.host.at.local.host}`);
    return here;
  }

  #route(far: TlsWays): Route {
    return this.#fabric.route(this.host.at.machine.host, far.host.at.machine.host);
  }
}
