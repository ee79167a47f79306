/**
 * A simulated NAT: what it makes of a datagram's source on the way out, and whom it lets in.
 *
 * Words of RFC 4787, sections 4 and 5. Mapping: for which destinations an inside socket keeps one public port.
 * Filtering: who may send to that port, judged by what was sent out through it. Allocation: which port it is. Pure
 * but for the `Random` it draws ports from: time comes in. Units: ms. Throws: nothing.
 *
 * A public port belongs to one inside socket. With `pp` the mappings of one socket share the port it has inside as long
 * as nobody else has it, as Linux's masquerading does: a NAT that maps by destination looks as if it did not.
 */
import type { Random } from '../../actor/random.ts';
import { MAX_PORT } from '../address.ts';
import type { PhysicalAddress } from '../transport.ts';

/** By nothing (`ei`), by the other side's host (`hd`), or by its host and port (`pd`). */
export type Dependence = 'ei' | 'hd' | 'pd';
/** Port preserving, contiguous, random. */
export type Allocation = 'pp' | 'pc' | 'rd';

export interface NatBehavior {
  readonly mapping: Dependence;
  readonly filtering: Dependence;
  readonly allocation: Allocation;
}

export interface NatRules extends NatBehavior {
  /** No NAT but a router: what is behind it keeps its addresses, and is reached by them. */
  readonly routed: boolean;
  /** Inside sockets reach each other by their public addresses, and see them (RFC 4787 REQ-9). */
  readonly hairpin: boolean;
  /** A mapping unused for this long is gone; only what goes out counts as use. ms */
  readonly timeout: number;
  /** Mappings at most; beyond it the one unused for longest goes. */
  readonly mappings: number;
}

/** No NAT gives out the well-known ports (RFC 4787 REQ-3). */
const FIRST_PORT = 1_024;
const PORTS = MAX_PORT - FIRST_PORT + 1;

/** One public port. */
interface Opening {
  readonly port: number;
  readonly inside: PhysicalAddress;
  /** Mappings that lead here. */
  mappings: number;
  /** Who may send to it, and when something was last sent to them; oldest first. */
  readonly admitted: Map<string, number>;
}

interface Mapping {
  readonly opening: Opening;
  usedAt: number;
}

export class Nat {
  /** The public address. */
  readonly host: string;
  /** The NAT in whose network this one is; undefined: the internet. */
  readonly behind: Nat | undefined;
  readonly rules: NatRules;
  /** Lets nothing through, either way. */
  blocked = false;
  readonly #random: Random;
  /** By inside socket and as much of the destination as counts; unused for longest first. */
  readonly #mappings = new Map<string, Mapping>();
  readonly #openings = new Map<number, Opening>();
  #lastPort: number;
  /** Added to ports that are preserved: a NAT that started anew does not give out what it gave before. */
  #shift = 0;

  constructor(host: string, behind: Nat | undefined, rules: NatRules, random: Random) {
    this.host = host;
    this.behind = behind;
    this.rules = rules;
    this.#random = random;
    this.#lastPort = this.#anyPort();
  }

  /** How many mappings there are; some may be past their time. */
  get mappings(): number {
    return this.#mappings.size;
  }

  /** The public source of a datagram from `inside` to `to`; undefined when it does not get out. */
  outbound(inside: PhysicalAddress, to: PhysicalAddress, now: number): PhysicalAddress | undefined {
    if (this.blocked) return undefined;
    this.#expire(now);
    const key = `${spell(inside)} ${as(this.rules.mapping, to)}`;
    const opening = this.#mappings.get(key)?.opening ?? this.#open(inside);
    this.#mappings.delete(key);
    this.#mappings.set(key, { opening, usedAt: now });
    const admitted = as(this.rules.filtering, to);
    opening.admitted.delete(admitted);
    opening.admitted.set(admitted, now);
    if (opening.admitted.size > this.rules.mappings) removeFirst(opening.admitted);
    if (this.#mappings.size > this.rules.mappings) this.#dropFirst();
    return { host: this.host, port: opening.port };
  }

  /** The inside socket that gets a datagram from `from` to the public `port`; undefined when it does not get in. */
  inbound(from: PhysicalAddress, port: number, now: number): PhysicalAddress | undefined {
    if (this.blocked) return undefined;
    this.#expire(now);
    const opening = this.#openings.get(port);
    const sentAt = opening?.admitted.get(as(this.rules.filtering, from));
    return sentAt === undefined || this.#isOver(sentAt, now) ? undefined : opening?.inside;
  }

  /** Whose the public `port` is, whether or not anybody may send to it. */
  holder(port: number): PhysicalAddress | undefined {
    return this.#openings.get(port)?.inside;
  }

  /** Starts anew: every mapping is forgotten, and inside sockets get other public ports than before. */
  rebind(): void {
    this.#mappings.clear();
    this.#openings.clear();
    this.#shift = (this.#shift + 1 + Math.floor(this.#random.float() * (PORTS - 1))) % PORTS;
    this.#lastPort = this.#anyPort();
  }

  #open(inside: PhysicalAddress): Opening {
    const port = this.#allocate(inside);
    const opening = this.#openings.get(port) ?? { port, inside, mappings: 0, admitted: new Map() };
    opening.mappings++;
    this.#openings.set(port, opening);
    return opening;
  }

  #allocate(inside: PhysicalAddress): number {
    const { allocation } = this.rules;
    if (allocation === 'pc') return (this.#lastPort = this.#free(this.#lastPort + 1));
    if (allocation === 'pp') {
      const kept = inPool(inside.port + this.#shift);
      const holder = this.holder(kept);
      if (holder === undefined || spell(holder) === spell(inside)) return kept;
    }
    return this.#free(this.#anyPort());
  }

  /** The first port nobody has, from `wanted` on. */
  #free(wanted: number): number {
    let port = inPool(wanted);
    while (this.#openings.has(port)) port = inPool(port + 1);
    return port;
  }

  #anyPort(): number {
    return FIRST_PORT + Math.floor(this.#random.float() * PORTS);
  }

  #expire(now: number): void {
    for (const { usedAt } of this.#mappings.values()) {
      if (!this.#isOver(usedAt, now)) return;
      this.#dropFirst();
    }
  }

  #dropFirst(): void {
    for (const [key, { opening }] of this.#mappings) {
      this.#mappings.delete(key);
      opening.mappings--;
      if (opening.mappings === 0) this.#openings.delete(opening.port);
      return;
    }
  }

  #isOver(usedAt: number, now: number): boolean {
    return now - usedAt >= this.rules.timeout;
  }
}

/** As much of an address as counts. */
function as(dependence: Dependence, address: PhysicalAddress): string {
  if (dependence === 'ei') return '';
  return dependence === 'hd' ? address.host : spell(address);
}

const spell = ({ host, port }: PhysicalAddress): string => `${host} ${port}`;

const inPool = (port: number): number => FIRST_PORT + ((((port - FIRST_PORT) % PORTS) + PORTS) % PORTS);

function removeFirst(map: Map<string, unknown>): void {
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}
