/**
 * The simulated network itself: machines, the ways between them, and what travels there.
 *
 * Addresses are looked up when something arrives, not when it is sent: an endpoint that died and one that
 * took its port meanwhile are told apart as on a real network. Events of one seed come in one order.
 */
import type { Clock } from '../../actor/clock.ts';
import type { Random } from '../../actor/random.ts';
import { certificateCache, type CertificateCache } from '../../identity/verdict.ts';
import type { Link, PhysicalAddress } from '../transport.ts';
import { EventQueue } from './event-queue.ts';
import { isLoopback } from '../address.ts';
import { wayOf } from '../way.ts';
import type { Nat } from './nat.ts';
import type { Packet } from './packet.ts';
import { Pipe, type PipeEnds } from './pipe.ts';
import { Route, sample, type Delay, type RawFaults } from './route.ts';
import type { Shipment } from './shipment.ts';
import type { Line, TlsWays } from './tls-ways.ts';
import { Topology } from './topology.ts';
import { Trace } from './trace.ts';
import type { Wire } from './wire.ts';

/** A reordered datagram waits this many times its own delay, and at least 1 ms. */
const REORDER_FACTOR = 3;

/** One simulated host. All its endpoints share its address and its ports. */
export interface Machine {
  readonly host: string;
  /** The NAT it is behind. */
  readonly nat: Nat | undefined;
  readonly ports: Map<number, Attached>;
  /** Where the search for a free port goes on. */
  nextPort: number;
}

/** An endpoint, as the network sees it. */
export interface Attached {
  readonly local: PhysicalAddress;
  readonly machine: Machine;
  readonly links: Iterable<Link>;
  /** A packet for no link we know: only the first packet of a dialer means anything. */
  stray(wire: Wire, packet: Packet): void;
  datagram(from: PhysicalAddress, bytes: Uint8Array): void;
  /** A packet of a link that finds its way by itself. */
  shipment(from: PhysicalAddress, shipment: Shipment): void;
  readonly tls: TlsWays;
  /** The UDP or TLS address behind any way to send; undefined when it leads nowhere. */
  carrier(to: PhysicalAddress): PhysicalAddress | undefined;
  /** Gone at once, without a word to the peers. */
  destroy(): void;
}

/** The way of one datagram from a socket to an address. */
interface Leg {
  readonly route: Route;
  /** Its source as its receiver sees it. */
  readonly source: PhysicalAddress;
  /** Looks up who gets it, now. */
  find(): Attached | undefined;
  /** It keeps the order, and loses nothing by chance. */
  readonly line?: Line;
}

export interface FabricOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly delay: Delay;
  readonly raw: RawFaults;
}

export class Fabric {
  readonly queue: EventQueue;
  readonly trace: Trace = new Trace();
  /** One for all endpoints: a verdict depends on the certificate alone. */
  readonly cache: CertificateCache = certificateCache();
  readonly topology: Topology<Machine> = new Topology();
  readonly #options: FabricOptions;
  readonly #routes = new Map<string, Route>();
  readonly #rawRandom: Random;
  #wires = 0;
  readonly #ship: Fabric['ship'];

  constructor(options: FabricOptions) {
    this.#options = options;
    this.queue = new EventQueue(options.clock);
    this.#rawRandom = options.random.fork('raw');
    this.#ship = (from, to, shipment) => {
      this.ship(from, to, shipment);
    };
  }

  get machines(): ReadonlyMap<string, Machine> {
    return this.topology.machines;
  }

  get random(): Random {
    return this.#options.random;
  }

  get routes(): Iterable<Route> {
    return this.#routes.values();
  }

  log(line: string, bytes?: Uint8Array): void {
    this.trace.add(this.queue.now(), line, bytes);
  }

  /** `nat` counts when the machine is new. */
  machine(host: string, nat?: Nat): Machine {
    let machine = this.machines.get(host);
    if (machine === undefined) {
      machine = { host, nat, ports: new Map(), nextPort: FIRST_FREE_PORT };
      this.topology.machines.set(host, machine);
    }
    return machine;
  }

  /** The way from one host to another, this direction only. */
  route(from: string, to: string): Route {
    const key = `${from} ${to}`;
    let route = this.#routes.get(key);
    if (route === undefined) {
      route = new Route(from, to);
      this.#routes.set(key, route);
    }
    return route;
  }

  attach(endpoint: Attached): void {
    endpoint.machine.ports.set(endpoint.local.port, endpoint);
    this.log(`${endpoint.local.host}:${endpoint.local.port} bound`);
  }

  /** Frees the port. What is on its way to the last endpoint is forgotten with it. */
  detach(endpoint: Attached): void {
    const { machine, local } = endpoint;
    if (machine.ports.get(local.port) !== endpoint) return;
    machine.ports.delete(local.port);
    this.log(`${local.host}:${local.port} gone`);
    for (const { ports } of this.machines.values()) if (ports.size > 0) return;
    this.queue.clear();
  }

  /** A new link's wire; nothing has been sent on it. */
  wire(from: Attached, target: PhysicalAddress): Wire {
    const id = ++this.#wires;
    const here = from.machine.host;
    const there = isLoopback(target.host) || wayOf(target) !== 'udp' ? here : target.host;
    const wire: Wire = {
      id,
      source: this.#source(from, target),
      retried: undefined,
      target,
      dialer: undefined,
      acceptor: undefined,
      forward: this.#pipe(`${id}>`, this.route(here, there), {
        deliver: (packet) => {
          if (wire.acceptor !== undefined) wire.acceptor.receive(packet);
          else this.#stray(wire, from)?.stray(wire, packet);
        },
        isFor: (at) => wire.acceptor === undefined || wire.acceptor.at === at,
        heard: (at, source, packet) => {
          if (wire.acceptor !== undefined) wire.acceptor.heard(source, packet);
          else {
            wire.source = source;
            wire.backward.redirect({ from: at, to: [source] });
          }
        },
      }),
      backward: this.#pipe(`${id}<`, this.route(there, here), {
        deliver: (packet) => {
          wire.dialer?.receive(packet);
        },
        isFor: (at) => wire.dialer?.at === at,
        heard: (_at, source, packet) => {
          wire.dialer?.heard(source, packet);
        },
      }),
    };
    if (
      !isLoopback(target.host) &&
      (wayOf(target) !== 'udp' || !this.topology.plain(from.machine, target.host))
    ) {
      wire.forward.redirect({ from, to: [target] });
      wire.backward.embark();
    }
    return wire;
  }

  /** Sends one raw datagram: it may be lost, doubled or late; nobody is told. */
  raw(from: Attached, to: PhysicalAddress, bytes: Uint8Array): void {
    const name = `raw ${from.machine.host}:${from.local.port} ${to.host}:${to.port}`;
    this.log(`${name} send`, bytes);
    const leg = this.#leg(from, to);
    const faults = leg?.line === undefined ? (leg?.route.raw ?? this.#options.raw) : {};
    if (leg === undefined || leg.route.cut || this.#happens(faults.loss)) {
      this.log(`${name} lost`);
      return;
    }
    const copies = this.#happens(faults.duplicate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      let delay = this.delay(leg.route);
      if (this.#happens(faults.reorder)) delay += Math.max(1, REORDER_FACTOR * delay);
      const datagram = new Uint8Array(bytes);
      this.#travel(leg, delay, (receiver) => {
        this.log(`${name} ${receiver === undefined ? 'lost' : 'arrive'}`);
        receiver?.datagram(leg.source, datagram);
      });
    }
  }

  /** Sends one copy of a link's packet. */
  ship(from: Attached, to: PhysicalAddress, shipment: Shipment): void {
    const address = from.carrier(to);
    const leg = address === undefined ? undefined : this.#leg(from, address);
    if (leg === undefined || leg.route.cut) {
      shipment.lost();
      return;
    }
    this.#travel(leg, shipment.delay(leg.route, this.#options.delay), (receiver) => {
      if (receiver === undefined) shipment.lost();
      else receiver.shipment(leg.source, shipment);
    });
  }

  /** Who takes TLS connections at `to`, seen from `from`'s machine. */
  listener(from: Attached, to: PhysicalAddress): Attached | undefined {
    const machine = isLoopback(to.host) ? from.machine : this.topology.reachable(from.machine, to.host);
    const endpoint = machine?.ports.get(to.port);
    return endpoint?.tls.host.listens === true ? endpoint : undefined;
  }

  /** How long the next packet on `route` takes, drawn for whatever is no link's packet. */
  delay(route: Route): number {
    return sample(route.delay ?? this.#options.delay, () => this.#rawRandom);
  }

  #travel(
    { route, find, line }: Leg,
    delay: number,
    arrived: (receiver: Attached | undefined) => void,
  ): void {
    let at = this.queue.now() + delay;
    if (line !== undefined) at = line.arrival = Math.max(line.arrival, at);
    const arrive = (): void => {
      if (route.stalledUntil > this.queue.now()) this.queue.at(route.stalledUntil, arrive);
      else arrived(route.cut ? undefined : find());
    };
    this.queue.when(at, arrive);
  }

  /** Undefined: it does not get out of its sender's network. */
  #leg(from: Attached, to: PhysicalAddress): Leg | undefined {
    const { machine, local } = from;
    const here = machine.host;
    if (wayOf(to) === 'tls') {
      const line = from.tls.line(to);
      if (line === undefined) return undefined;
      const { route, source, far } = line;
      return { route, source, line, find: () => (far.line(source) === undefined ? undefined : far.host.at) };
    }
    if (isLoopback(to.host) || this.topology.plain(machine, to.host)) {
      const route = this.route(here, isLoopback(to.host) ? here : to.host);
      return { route, source: this.#source(from, to), find: () => this.#find(from, to) };
    }
    const departed = this.topology.depart(machine, local.port, to, this.queue.now());
    if (departed === undefined || isLoopback(local.host)) return undefined;
    const { source } = departed;
    const route = this.route(here, this.topology.destination(departed));
    const find = (): Attached | undefined => {
      const arrived = this.topology.arrive(departed, this.queue.now());
      const endpoint = arrived?.machine.ports.get(arrived.port);
      return endpoint === undefined || isLoopback(endpoint.local.host) ? undefined : endpoint;
    };
    return { route, source, find };
  }

  /** Who gets a packet that belongs to no link. */
  #stray(wire: Wire, dialer: Attached): Attached | undefined {
    return wire.forward.ferried ? wire.backward.aim?.from : this.#find(dialer, wire.target);
  }

  #pipe(name: string, route: Route, ends: PipeEnds): Pipe {
    const { delay, random } = this.#options;
    return new Pipe({
      name,
      queue: this.queue,
      trace: this.trace,
      random,
      route,
      delay,
      ship: this.#ship,
      ...ends,
    });
  }

  /** Who listens at `to`, seen from `from`'s machine. Loopback never leaves the machine. */
  #find(from: Attached, to: PhysicalAddress): Attached | undefined {
    const inside = isLoopback(to.host);
    const machine = inside ? from.machine : this.machines.get(to.host);
    const endpoint = machine?.ports.get(to.port);
    if (endpoint === undefined || machine === from.machine) return endpoint;
    if (machine?.nat !== undefined) return undefined;
    const private_ = isLoopback(endpoint.local.host) || isLoopback(from.local.host);
    return private_ ? undefined : endpoint;
  }

  #source(from: Attached, to: PhysicalAddress): PhysicalAddress {
    const host = isLoopback(to.host) ? to.host : from.machine.host;
    return { host, port: from.local.port };
  }

  #happens(probability: number | undefined): boolean {
    return probability !== undefined && probability > 0 && this.#rawRandom.float() < probability;
  }
}

/** Where ephemeral ports begin (RFC 6335 §6). */
export const FIRST_FREE_PORT = 49_152;
