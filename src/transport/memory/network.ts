/**
 * A simulated network in one process: machines, links with delays and faults, raw datagrams, all by seed.
 *
 * Under `virtualClock` and `seededRandom` two runs of one seed are equal, event by event (`trace`). Under the
 * system's clock it is a working transport for platforms without QUIC and for demonstrations. It opens no
 * socket; what it holds ends with its last endpoint.
 */
import { isIP } from 'node:net';

import type { Clock } from '../../actor/clock.ts';
import type { Random } from '../../actor/random.ts';
import { TransportError, type PhysicalAddress, type Transport } from '../transport.ts';
import { MemoryEndpoint } from './endpoint.ts';
import { Fabric, FIRST_FREE_PORT, type Machine } from './fabric.ts';
import { faultsOf, type Faults } from './faults.ts';
import { isLoopback } from '../address.ts';
import { limitsFor } from '../limits.ts';
import {
  clock as checkClock,
  delay as checkDelay,
  fields,
  host as checkHost,
  random as checkRandom,
  refuse,
  rawFaults,
  yesOrNo,
} from './judge.ts';
import { Nat } from './nat.ts';
import { checkNat, rulesOf, type MemoryNat, type NatOptions } from './nat-types.ts';
import type { Delay, RawFaults } from './route.ts';

const LAST_PORT = 65_535;

export interface MemoryNetworkOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** One-way delay between any two endpoints. Default 0: everything arrives right after the current work. */
  readonly delay?: Delay;
  /** What happens to raw datagrams. Default: nothing. */
  readonly raw?: RawFaults;
  /** Overwrite lent bytes after each call, so that a receiver that keeps them is found out. Costs a copy. */
  readonly poison?: boolean;
}

export interface MemoryNetwork {
  /**
   * A machine of this network. Each call without `host` is a new one with its own public-looking address
   * (198.18.0.0/15, a /24 of its own while there are at most 512); the same `host` is the same machine.
   * Endpoints bind to the machine's address unless they ask for loopback, which never leaves the machine. Throws
   * `RangeError` when `host` is not the numeric address of one host.
   */
  transport(host?: string, place?: { readonly nat?: MemoryNat }): Transport;
  /**
   * A NAT: machines are put behind it by `transport`. What they send has its address, and in comes what it lets
   * in. Throws `RangeError` when an option makes no sense, or when somebody has its host.
   */
  nat(options: NatOptions): MemoryNat;
  readonly faults: Faults;
  /** SHA-256 (hex) of everything that has happened; equal for equal runs. */
  trace(): string;
  /** The last 200 events, oldest first, for people. */
  history(): readonly string[];
  /** Events so far. */
  readonly events: number;
  /** Endpoints that are open. */
  readonly sockets: number;
}

const checkOptions = fields<MemoryNetworkOptions>(
  { clock: checkClock, random: checkRandom, delay: checkDelay, raw: rawFaults, poison: yesOrNo },
  ['clock', 'random'],
);

/** Throws `RangeError` naming the option that makes no sense. */
export function memoryNetwork(options: MemoryNetworkOptions): MemoryNetwork {
  checkOptions('', options);
  const { clock, random, delay = 0, raw = {}, poison = false } = options;
  const fabric = new Fabric({ clock, random, delay, raw });
  let machines = 0;
  const freshHost = (): string => {
    for (;;) {
      const host = publicHost(machines++);
      if (!fabric.machines.has(host) && !fabric.topology.nats.has(host)) return host;
    }
  };
  return {
    nat: (options_) => {
      checkNat('', options_);
      return addNat(fabric, options_);
    },
    transport: (host = freshHost(), { nat } = {}) => {
      checkHost('host', host);
      const machine = machineAt(fabric, host, nat);
      return {
        kind: 'memory',
        open: async (wanted) => {
          const local = place(machine, wanted.bind);
          const limits = limitsFor(local, wanted.limits);
          const endpoint = new MemoryEndpoint(wanted, { fabric, machine, local, limits, poison });
          fabric.attach(endpoint);
          return endpoint;
        },
      };
    },
    faults: faultsOf(fabric),
    trace: () => fabric.trace.digest(),
    history: () => fabric.trace.history(),
    get events() {
      return fabric.trace.lines;
    },
    get sockets() {
      let count = 0;
      for (const { ports } of fabric.machines.values()) count += ports.size;
      return count;
    },
  };
}

function addNat(fabric: Fabric, options: NatOptions): Nat {
  const { host, behind, type } = options;
  const { topology, random } = fabric;
  if (topology.machines.has(host) || topology.nats.has(host)) refuse('host', 'an address nobody has', host);
  const outer = behind === undefined ? undefined : topology.nat('behind', behind);
  const nat = new Nat(host, outer, rulesOf(options), random.fork(`nat ${host}`));
  nat.blocked = type === 'blocked';
  topology.nats.set(host, nat);
  return nat;
}

/** The same host is the same machine, and stays where it is. */
function machineAt(fabric: Fabric, host: string, behind: MemoryNat | undefined): Machine {
  const { topology } = fabric;
  if (topology.nats.has(host)) refuse('host', 'an address nobody has', host);
  const nat = behind === undefined ? undefined : topology.nat('nat', behind);
  const known = topology.machines.get(host);
  if (known !== undefined && nat !== undefined && known.nat !== nat)
    refuse('nat', 'where the machine is', nat.host);
  return fabric.machine(host, nat);
}

/** Benchmarking addresses (RFC 2544): public to every rule about prefixes, and nobody's. */
function publicHost(index: number): string {
  return `198.${18 + ((index >> 8) & 1)}.${index & 255}.${1 + (index >> 9)}`;
}

function place(machine: Machine, wanted: PhysicalAddress | undefined): PhysicalAddress {
  const host = localHost(machine, wanted);
  const asked = wanted?.port ?? 0;
  if (!(Number.isInteger(asked) && asked >= 0 && asked <= LAST_PORT)) {
    const detail = `${asked} is not a port`;
    throw new TransportError({ tag: 'invalid_option', option: 'bind.port', detail }, `bind.port: ${detail}`);
  }
  if (machine.ports.has(asked)) throw bindFailed({ host, port: asked }, 'EADDRINUSE');
  return { host, port: asked === 0 ? freePort(machine, host) : asked };
}

function localHost(machine: Machine, wanted: PhysicalAddress | undefined): string {
  const host = wanted?.host ?? machine.host;
  if (host === '0.0.0.0' || host === '::') return machine.host;
  if (host === machine.host || (isLoopback(host) && isIP(host) !== 0)) return host;
  throw bindFailed({ host, port: wanted?.port ?? 0 }, 'EADDRNOTAVAIL');
}

function freePort(machine: Machine, host: string): number {
  for (let tries = FIRST_FREE_PORT; tries <= LAST_PORT; tries++) {
    const port = machine.nextPort;
    machine.nextPort = port === LAST_PORT ? FIRST_FREE_PORT : port + 1;
    if (!machine.ports.has(port)) return port;
  }
  throw bindFailed({ host, port: 0 }, 'EADDRINUSE');
}

function bindFailed(address: PhysicalAddress, code: string): TransportError {
  const message = `cannot bind ${address.host}:${address.port}: ${code}`;
  return new TransportError({ tag: 'bind_failed', address, code }, message);
}
