/**
 * A carrier in memory: nodes of one process, on one clock, whose bytes a test delays, cuts into pieces, holds or loses.
 *
 * A wire is ordered and reliable until it is cut. What it hands over is lent: it is overwritten after the call.
 */
import type { Clock } from '../../src/actor/clock.ts';
import type { Random } from '../../src/actor/random.ts';
import type {
  Carrier,
  DistStream,
  DistStreamEvents,
  Incoming,
  Listening,
  NetAddress,
  Setup,
  SetupResult,
} from '../../src/dist/carrier.ts';
import { isNodeName, splitNodeName, type SplitName } from '../../src/dist/node-name.ts';
import type { ChildSpec } from '../../src/otp/child-spec.ts';
import type { GenServer } from '../../src/otp/gen-server.ts';
import { noReply } from '../../src/otp/result.ts';
import { worker } from '../../src/otp/supervisor.ts';

export interface WireRules {
  /** Milliseconds from one end to the other. Default 0: the next turn. */
  delay: number;
  /** Longest piece that is handed over, bytes; 'seeded': 1 to 40 by chance. Default Infinity. */
  piece: number | 'seeded';
}

/** All wires between the nodes of a test. */
export class MemoryNet {
  readonly clock: Clock;
  readonly random: Random;
  readonly rules: WireRules = { delay: 0, piece: Infinity };
  /** Who listens, by the name of the node. */
  readonly listening: Map<string, (incoming: Incoming) => void> = new Map();
  /** Those that were not cut or closed. */
  readonly wires: Set<Wire> = new Set();
  /** Attempts to connect, in their order: `to`. */
  readonly dialed: string[] = [];
  /** Nodes that do not answer whoever dials them. */
  readonly silent: Set<string> = new Set();

  constructor(clock: Clock, random: Random) {
    this.clock = clock;
    this.random = random;
  }

  /** A wire to whoever listens under that name; the near end is returned. */
  dial(node: string, events: DistStreamEvents, from: string): WireEnd | undefined {
    this.dialed.push(node);
    const accept = this.listening.get(node);
    if (accept === undefined) return undefined;
    const wire = new Wire(this, from, node);
    wire.near.events = events;
    accept({
      peer: from,
      accept: (farEvents) => {
        wire.far.events = farEvents;
        return wire.far;
      },
      refuse: () => wire.far.close(),
    });
    return wire.near;
  }

  /** The other ends learn of it; what is under way is lost. */
  cut(): void {
    for (const wire of Array.from(this.wires)) wire.cut();
  }

  /** A black hole, for wires that are there: nothing is lost, nothing arrives. */
  hold(held: boolean): void {
    for (const wire of this.wires) for (const end of [wire.near, wire.far]) end.hold(held);
  }
}

export class Wire {
  readonly from: string;
  readonly to: string;
  readonly near: WireEnd;
  readonly far: WireEnd;
  readonly net: MemoryNet;

  constructor(net: MemoryNet, from: string, to: string) {
    this.net = net;
    this.from = from;
    this.to = to;
    this.near = new WireEnd(this, to);
    this.far = new WireEnd(this, from);
    net.wires.add(this);
  }

  otherThan(end: WireEnd): WireEnd {
    return end === this.near ? this.far : this.near;
  }

  cut(): void {
    this.net.wires.delete(this);
    this.near.lost('cut');
    this.far.lost('cut');
  }
}

const silent: DistStreamEvents = { onData: () => {}, onDrain: () => {}, onClosed: () => {} };

export class WireEnd implements DistStream {
  readonly peer: string;
  readonly #wire: Wire;
  events: DistStreamEvents = silent;
  /** Bytes that were written here, in all. */
  written = 0;
  admitted = false;
  /** How often the other end was held back. */
  pauses = 0;
  /** What this end has sent and the other has not got. */
  readonly #under: Uint8Array[] = [];
  #queued = 0;
  #held = false;
  #paused = false;
  #over = false;
  #ending = false;
  #moving = false;

  constructor(wire: Wire, peer: string) {
    this.#wire = wire;
    this.peer = peer;
  }

  get queued(): number {
    return this.#queued;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** It was closed here, or was lost. */
  get over(): boolean {
    return this.#over || this.#ending;
  }

  write(bytes: Uint8Array): void {
    if (this.over || bytes.length === 0) return;
    this.written += bytes.length;
    this.#under.push(bytes);
    this.#queued += bytes.length;
    this.#move();
  }

  pause(): void {
    this.pauses++;
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#wire.otherThan(this).#move();
  }

  admit(): void {
    this.admitted = true;
  }

  close(): void {
    this.#ending = true;
    this.#move();
  }

  hold(held: boolean): void {
    this.#held = held;
    if (!held) this.#move();
  }

  lost(reason: string): void {
    if (this.#over) return;
    const told = !this.#ending;
    this.#over = true;
    if (told) this.events.onClosed(reason);
  }

  #move(): void {
    if (this.#moving || this.#held) return;
    this.#moving = true;
    const { clock, rules } = this.#wire.net;
    const arrive = (): void => {
      this.#moving = false;
      this.#hand();
    };
    if (rules.delay === 0) clock.later(arrive);
    else clock.setTimer(rules.delay, arrive);
  }

  /** All that was sent until now arrives. */
  #hand(): void {
    const other = this.#wire.otherThan(this);
    while (!this.#held && !this.#over && !other.#paused && this.#under.length > 0) {
      const first = this.#under[0] as Uint8Array;
      const length = Math.min(first.length, this.#piece());
      if (length === first.length) this.#under.shift();
      else this.#under[0] = first.subarray(length);
      this.#queued -= length;
      const lent = Uint8Array.prototype.slice.call(first, 0, length);
      if (!other.over) other.events.onData(lent);
      lent.fill(0xee);
    }
    this.events.onDrain();
    if (!this.#ending || this.#held || this.#over || (this.#under.length > 0 && !other.over)) return;
    this.#over = true;
    this.#wire.net.wires.delete(this.#wire);
    other.lost('closed');
  }

  #piece(): number {
    const { rules, random } = this.#wire.net;
    return rules.piece === 'seeded' ? 1 + (random.u32() % 40) : rules.piece;
  }
}

export class MemoryCarrier implements Carrier {
  readonly name = 'memory';
  readonly #net: MemoryNet;
  #address: NetAddress | undefined;
  /** The node it belongs to. */
  #own = '';

  constructor(net: MemoryNet) {
    this.#net = net;
  }

  isNodeName(name: string): boolean {
    return isNodeName(name);
  }

  splitName(name: string): SplitName {
    return splitNodeName(name);
  }

  select(name: string): boolean {
    return isNodeName(name);
  }

  address(): NetAddress | undefined {
    return this.#address;
  }

  childSpecs(listening: Listening): readonly ChildSpec[] {
    return [worker('memoryListener', this.#listener(listening), undefined)];
  }

  async setup({ node, signal, timeout, events }: Setup): Promise<SetupResult> {
    const net = this.#net;
    if (net.silent.has(node)) {
      net.dialed.push(node);
      await new Promise<void>((resolve) => {
        const timer = net.clock.setTimer(timeout, resolve);
        signal.addEventListener('abort', () => {
          net.clock.clear(timer);
          resolve();
        });
      });
      return { ok: false, reason: 'timeout', detail: node };
    }
    const stream = net.dial(node, events, this.#own);
    return stream === undefined
      ? { ok: false, reason: 'connect_failed', detail: node }
      : { ok: true, stream };
  }

  #listener(listening: Listening): GenServer<undefined, null> {
    return {
      label: 'memory listener',
      init: (_none, self) => {
        const { listening: table } = this.#net;
        const accept = (incoming: Incoming): void => listening.accept(incoming);
        const own = (this.#own = listening.name);
        table.set(own, accept);
        this.#address = { host: 'memory', port: 1, protocol: 'memory', family: 'inet' };
        self.runtime.onExit(self.pid, () => {
          this.#address = undefined;
          if (table.get(own) === accept) table.delete(own);
          // as the real ones: what listens takes the connections of its carrier with it
          for (const wire of Array.from(this.#net.wires))
            if (wire.from === own || wire.to === own) wire.cut();
        });
        return null;
      },
      handleInfo: (_message, state) => noReply(state),
    };
  }
}
