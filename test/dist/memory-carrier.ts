/** A carrier within one program: nodes find each other by name in a network of their own. */
import type { Clock } from '../../src/actor/clock.ts';
import type {
  Carrier,
  DistStream,
  DistStreamEvents,
  Listening,
  Setup,
  SetupResult,
} from '../../src/dist/carrier.ts';
import { isNodeName, splitNodeName, type SplitName } from '../../src/dist/node-name.ts';
import type { ChildSpec } from '../../src/otp/child-spec.ts';
import type { GenServer } from '../../src/otp/gen-server.ts';
import { worker } from '../../src/otp/supervisor.ts';

/** Who listens, by name. */
export class MemoryNetwork {
  readonly clock: Clock;
  readonly listening: Map<string, Listening> = new Map();
  readonly streams: Set<MemoryStream> = new Set();
  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Every connection between those two is cut. */
  cut(one: string, other: string): void {
    for (const stream of Array.from(this.streams))
      if (stream.between.has(one) && stream.between.has(other)) stream.cut();
  }
}

export class MemoryStream implements DistStream {
  readonly peer = 'memory';
  readonly between: ReadonlySet<string>;
  readonly #network: MemoryNetwork;
  other: MemoryStream | undefined;
  events: DistStreamEvents | undefined;
  /** Nothing leaves; it piles up. */
  held = false;
  #waiting: Uint8Array[] = [];
  #scheduled = false;
  #over = false;

  constructor(network: MemoryNetwork, between: ReadonlySet<string>) {
    this.#network = network;
    this.between = between;
    network.streams.add(this);
  }

  get queued(): number {
    return this.#waiting.reduce((sum, { length }) => sum + length, 0);
  }

  write(bytes: Uint8Array): void {
    if (this.#over) return;
    this.#waiting.push(bytes);
    this.flush();
  }

  flush(): void {
    if (this.#scheduled || this.held) return;
    this.#scheduled = true;
    this.#network.clock.soon(() => {
      this.#scheduled = false;
      if (this.held) return;
      for (const bytes of this.#waiting.splice(0)) this.other?.events?.onData(bytes);
    });
  }

  pause(): void {}
  resume(): void {}
  admit(): void {}

  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#network.streams.delete(this);
    this.#network.clock.soon(() => {
      for (const bytes of this.#waiting.splice(0)) this.other?.events?.onData(bytes);
      this.other?.lost();
    });
  }

  cut(): void {
    const { other } = this;
    this.lost();
    other?.lost();
  }

  lost(): void {
    if (this.#over) return;
    this.#over = true;
    this.#network.streams.delete(this);
    this.events?.onClosed('cut');
  }
}

export class MemoryCarrier implements Carrier {
  readonly name = 'memory';
  readonly #network: MemoryNetwork;
  #self = '';

  constructor(network: MemoryNetwork, self: string = '') {
    this.#network = network;
    this.#self = self;
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

  address(): undefined {
    return undefined;
  }

  childSpecs(listening: Listening): readonly ChildSpec[] {
    const network = this.#network;
    const listener: GenServer<undefined, null> = {
      label: 'memoryListener',
      init: (_none, self) => {
        this.#self = listening.name;
        network.listening.set(listening.name, listening);
        self.runtime.onExit(self.pid, () => network.listening.delete(listening.name));
        return null;
      },
    };
    return [worker('memoryListener', listener, undefined)];
  }

  setup({ node, events }: Setup): Promise<SetupResult> {
    const there = this.#network.listening.get(node);
    if (there === undefined)
      return Promise.resolve({ ok: false, reason: 'connect_failed', detail: 'nobody there' });
    const between = new Set([this.#self, node]);
    const [ours, theirs] = [
      new MemoryStream(this.#network, between),
      new MemoryStream(this.#network, between),
    ];
    ours.other = theirs;
    theirs.other = ours;
    ours.events = events;
    there.accept({
      peer: 'memory',
      accept: (taken) => {
        theirs.events = taken;
        return theirs;
      },
      refuse: () => theirs.close(),
    });
    return Promise.resolve({ ok: true, stream: ours });
  }
}
