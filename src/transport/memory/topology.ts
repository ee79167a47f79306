/**
 * Who is where in a simulated network: machines on the internet and behind NATs, NATs behind NATs.
 *
 * A packet leaves through the NATs of its sender when it is sent and enters those of its receiver when it arrives, so
 * that a hole that opens meanwhile lets it in. A host is at one place in the whole network; an address inside
 * another network leads nowhere, as on the internet.
 */
import type { PhysicalAddress } from '../transport.ts';
import { refuse } from './judge.ts';
import type { Nat } from './nat.ts';
import type { MemoryNat } from './nat-types.ts';

export interface Place {
  readonly host: string;
  readonly nat: Nat | undefined;
}

/** A packet that is past the NATs of its sender. */
export interface Departed {
  /** Its source as seen where it is. */
  readonly source: PhysicalAddress;
  readonly to: PhysicalAddress;
  /** The network it is in: inside this NAT; undefined: the internet. */
  readonly inside: Nat | undefined;
}

/** A packet at the machine it is for. */
export interface Arrived<M> {
  readonly machine: M;
  readonly port: number;
}

export class Topology<M extends Place> {
  readonly machines: Map<string, M> = new Map();
  readonly nats: Map<string, Nat> = new Map();

  /** The NAT that `given` is; throws `RangeError` naming the option when it is none of these. */
  nat(option: string, given: MemoryNat): Nat {
    const nat = this.nats.get(given.host);
    return nat === given ? nat : refuse(option, 'a NAT of this network', given);
  }

  /** Whether nothing between `from` and `host` translates: what is sent there arrives as it is. */
  plain(from: M, host: string): boolean {
    if (this.nats.size === 0) return true;
    if (from.nat !== undefined || this.nats.has(host)) return false;
    return this.machines.get(host)?.nat === undefined;
  }

  /** Takes a packet out of its sender's network; undefined when it does not get out. */
  depart(from: M, port: number, to: PhysicalAddress, now: number): Departed | undefined {
    let source: PhysicalAddress = { host: from.host, port };
    let inside = from.nat;
    while (inside !== undefined && !this.#isIn(to.host, inside)) {
      if (inside.rules.routed) {
        if (inside.blocked) return undefined;
      } else {
        if (to.host === inside.host && !inside.rules.hairpin) return undefined;
        const translated = inside.outbound(source, to, now);
        if (translated === undefined) return undefined;
        source = translated;
      }
      inside = inside.behind;
    }
    return { source, to, inside };
  }

  /** Brings a packet to a machine; undefined when nobody is there, or a NAT does not let it in. */
  arrive({ source, to, inside }: Departed, now: number): Arrived<M> | undefined {
    return this.#follow(to, inside, (nat, port) => nat.inbound(source, port, now));
  }

  /** The host a packet is for, as far as one can tell before it arrives. */
  destination({ to, inside }: Departed): string {
    return this.#follow(to, inside, (nat, port) => nat.holder(port))?.machine.host ?? to.host;
  }

  /** The machine at `host` that a TCP connection from another one reaches: NATs let them out, and none in. */
  reachable(from: M, host: string): M | undefined {
    const machine = this.machines.get(host);
    for (let inside = from.nat; inside !== undefined; inside = inside.behind)
      if (isReached(machine?.nat, inside)) return machine;
    return isReached(machine?.nat, undefined) ? machine : undefined;
  }

  #follow(
    to: PhysicalAddress,
    network: Nat | undefined,
    enter: (nat: Nat, port: number) => PhysicalAddress | undefined,
  ): Arrived<M> | undefined {
    let [address, inside] = [to, network];
    for (let nat = this.#natAt(address.host, inside); nat !== undefined;) {
      const next = enter(nat, address.port);
      if (next === undefined) return undefined;
      [address, inside] = [next, nat];
      nat = this.#natAt(address.host, inside);
    }
    const machine = this.machines.get(address.host);
    if (machine === undefined || !isReached(machine.nat, inside)) return undefined;
    return { machine, port: address.port };
  }

  #natAt(host: string, inside: Nat | undefined): Nat | undefined {
    const nat = this.nats.get(host);
    return nat !== undefined && !nat.rules.routed && isReached(nat.behind, inside) ? nat : undefined;
  }

  /** Whether `host` is in the network inside `nat`, without a NAT in between. */
  #isIn(host: string, nat: Nat): boolean {
    return this.#natAt(host, nat) !== undefined || isReached(this.machines.get(host)?.nat, nat);
  }
}

/** Whether who is behind `nat` is reached from the network `inside` by its own address. */
function isReached(nat: Nat | undefined, inside: Nat | undefined): boolean {
  let outer = nat;
  while (outer !== inside && outer?.rules.routed === true && !outer.blocked) outer = outer.behind;
  return outer === inside;
}
