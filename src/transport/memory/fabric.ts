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
import type { Packet } from './packet.ts';
import { Pipe } from './pipe.ts';
import { Route, sample, type Delay, type RawFaults } from './route.ts';
import { Trace } from './trace.ts';
import type { Wire } from './wire.ts';

/** A reordered datagram waits this many times its own delay, and at least 1 ms. */
const REORDER_FACTOR = 3;

/** One simulated host. All its endpoints share its address and its ports. */
export interface Machine {
  readonly host: string;
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
  /** Gone at once, without a word to the peers. */
  destroy(): void;
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
  readonly machines: Map<string, Machine> = new Map();
  readonly #options: FabricOptions;
  readonly #routes = new Map<string, Route>();
  readonly #rawRandom: Random;
  #wires = 0;

  constructor(options: FabricOptions) {
    this.#options = options;
    this.queue = new EventQueue(options.clock);
    this.#rawRandom = options.random.fork('raw');
  }

  get routes(): Iterable<Route> {
    return this.#routes.values();
  }

  log(line: string, bytes?: Uint8Array): void {
    this.trace.add(this.queue.now(), line, bytes);
  }

  machine(host: string): Machine {
    let machine = this.machines.get(host);
    if (machine === undefined) {
      machine = { host, ports: new Map(), nextPort: FIRST_FREE_PORT };
      this.machines.set(host, machine);
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
    const there = isLoopback(target.host) ? here : target.host;
    const wire: Wire = {
      id,
      source: this.#source(from, target),
      target,
      dialer: undefined,
      acceptor: undefined,
      forward: this.#pipe(`${id}>`, this.route(here, there), (packet) => {
        if (wire.acceptor === undefined) this.#find(from, target)?.stray(wire, packet);
        else wire.acceptor.receive(packet);
      }),
      backward: this.#pipe(`${id}<`, this.route(there, here), (packet) => {
        wire.dialer?.receive(packet);
      }),
    };
    return wire;
  }

  /** Sends one raw datagram: it may be lost, doubled or late; nobody is told. */
  raw(from: Attached, to: PhysicalAddress, bytes: Uint8Array): void {
    const here = from.machine.host;
    const route = this.route(here, isLoopback(to.host) ? here : to.host);
    const faults = route.raw ?? this.#options.raw;
    const name = `raw ${here}:${from.local.port} ${to.host}:${to.port}`;
    this.log(`${name} send`, bytes);
    if (route.cut || this.#happens(faults.loss)) {
      this.log(`${name} lost`);
      return;
    }
    const copies = this.#happens(faults.duplicate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      let delay = sample(route.delay ?? this.#options.delay, () => this.#rawRandom);
      if (this.#happens(faults.reorder)) delay += Math.max(1, REORDER_FACTOR * delay);
      const datagram = new Uint8Array(bytes);
      const arrive = (): void => {
        if (route.stalledUntil > this.queue.now()) {
          this.queue.at(route.stalledUntil, arrive);
          return;
        }
        const receiver = route.cut ? undefined : this.#find(from, to);
        this.log(`${name} ${receiver === undefined ? 'lost' : 'arrive'}`);
        receiver?.datagram(this.#source(from, to), datagram);
      };
      this.queue.when(this.queue.now() + delay, arrive);
    }
  }

  #pipe(name: string, route: Route, deliver: (packet: Packet) => void): Pipe {
    const { delay, random } = this.#options;
    return new Pipe({ name, queue: this.queue, trace: this.trace, random, route, delay, deliver });
  }

  /** Who listens at `to`, seen from `from`'s machine. Loopback never leaves the machine. */
  #find(from: Attached, to: PhysicalAddress): Attached | undefined {
    const inside = isLoopback(to.host);
    const machine = inside ? from.machine : this.machines.get(to.host);
    const endpoint = machine?.ports.get(to.port);
    if (endpoint === undefined || machine === from.machine) return endpoint;
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
