/**
 * A whole mesh in one process, from a seed: start, storm, calm, end; and what of it broke an invariant.
 *
 * One seed gives one trace, on every machine: time, chance, keys and the order in which ready actors run come from
 * it. Source: RELIABILITY §12.
 */
import { createHash } from 'node:crypto';
import type { Configuration, SimulationOptions } from './configuration.ts';
import { guard } from './guard.ts';
import type { Violation } from './invariants/invariant.ts';
import { found, type Answered } from './invariants/resolution.ts';
import { always, lookupsNow, over, quiet } from './judge-mesh.ts';
import { Ledger } from './ledger.ts';
import { LIMITS, REFRESH } from './addresses.ts';
import { Mesh } from './mesh.ts';
import { loadOf } from './observe.ts';
import { configurationOf, stepsOf } from './plan.ts';
import { strike } from './strike.ts';
import { ask, READVERTISE, serve, serviceName, work } from './work.ts';

export interface SimulationReport {
  readonly seed: string;
  /** Give it to `simulate` for the same run. */
  readonly configuration: Configuration;
  /** SHA-256 (hex) of every packet, fault and outcome: equal for equal runs. */
  readonly trace: string;
  /** In the order they were found, at most 100; empty when all is well. */
  readonly violations: readonly Violation[];
  readonly counts: {
    /** Calls by how they ended. */
    readonly calls: Readonly<Record<string, number>>;
    readonly faults: Readonly<Record<string, number>>;
    /** Lives of members, the first one included. */
    readonly lives: number;
    /** Lines of the network's trace. */
    readonly events: number;
    /** Virtual milliseconds. */
    readonly time: number;
  };
  /** The last 200 events of the network and the last 200 outcomes, oldest first. */
  readonly events: readonly string[];
  readonly outcomes: readonly string[];
}

/** Violations that are kept: the first ones tell. */
const KEPT = 100;
/** Milliseconds between two looks at the invariants; with many members, longer. */
const LOOK = 1_000;
/** Members that are looked at per virtual second. */
const LOOKS = 50;
/** Milliseconds after the last fault: a longest reconnect pause, an idle timeout, a handshake, all with a margin. */
const RECOVERY = 50_000;
/** Milliseconds in which a node that has started finds its place. */
const START = 5_000;
/**
 * Milliseconds in which what is left of the last questions ends, and every lookup that was begun before: the longest,
 * of the publisher and of the node's own place, takes 10 s at most.
 */
const REST = 10_500;
/** Milliseconds in which what is left of the ended ones ends. */
const END = LIMITS.idleTimeout + 5_000;
/** Questions of the end: each service from each member, or as many of those. Most of them cost a lookup. */
const QUESTIONS = 200;
const QUESTIONS_AT_ONCE = 200;
/** Milliseconds. */
const ANSWER = 5_000;

/** Rejects with a `RangeError` for options that make no sense, and with the reason of an aborted `signal`. */
export async function simulate(options: SimulationOptions): Promise<SimulationReport> {
  return new Simulation(configurationOf(options), options.signal).run();
}

class Simulation {
  readonly #configuration: Configuration;
  readonly #signal: AbortSignal | undefined;
  readonly #ledger = new Ledger();
  readonly #mesh: Mesh;
  readonly #violations: Violation[] = [];
  /** What was found, so that it is told once. */
  readonly #told = new Set<string>();
  #storming = false;
  #questions = 1_000_000_000;

  constructor(configuration: Configuration, signal: AbortSignal | undefined) {
    this.#configuration = configuration;
    this.#signal = signal;
    this.#mesh = new Mesh(configuration, this.#ledger);
  }

  async run(): Promise<SimulationReport> {
    const { clock, network } = this.#mesh;
    const release = guard((detail) => {
      this.#tell({ invariant: 14, at: clock.now(), detail });
    });
    try {
      await this.#start();
      await this.#storm();
      await this.#calm();
      await this.#end();
    } finally {
      release();
    }
    const trace = createHash('sha256').update(network.trace()).update(this.#ledger.digest());
    return {
      seed: this.#configuration.seed,
      configuration: this.#configuration,
      trace: trace.digest('hex'),
      violations: this.#violations,
      counts: {
        calls: this.#ledger.ended,
        faults: this.#ledger.faults,
        lives: this.#mesh.past.length,
        events: network.events,
        time: clock.now(),
      },
      events: network.history(),
      outcomes: this.#ledger.lines(),
    };
  }

  async #start(): Promise<void> {
    const mesh = this.#mesh;
    const { services } = this.#configuration.workload;
    mesh.onStart = (member, life) => {
      serve(mesh, member, life, services);
    };
    await mesh.startAll();
    await mesh.clock.advance(START);
    for (const life of mesh.living()) life.baseline = loadOf(life, new Set());
    this.#look();
  }

  async #storm(): Promise<void> {
    const mesh = this.#mesh;
    const { duration, faults, nodes, clients } = this.#configuration;
    const began = mesh.clock.now();
    this.#storming = true;
    const pause = LOOK * Math.max(1, Math.ceil((nodes + clients) / LOOKS));
    const looks = Array.from({ length: Math.floor(duration / pause) }, (_, n) => ({
      at: (n + 1) * pause,
      run: () => {
        this.#look();
      },
    }));
    const steps = stepsOf(this.#configuration).map((step) => ({
      at: step.at,
      run: () => {
        work(mesh, step, this.#tell);
      },
    }));
    const strikes = faults.map((fault) => ({
      at: fault.at,
      run: () => {
        strike(mesh, fault, () => this.#storming);
      },
    }));
    for (const { at, run } of [...steps, ...strikes, ...looks].toSorted((a, b) => a.at - b.at)) {
      this.#signal?.throwIfAborted();
      if (at > duration) break;
      await mesh.clock.advance(Math.max(0, began + at - mesh.clock.now()));
      run();
    }
    await mesh.clock.advance(Math.max(0, began + duration - mesh.clock.now()));
  }

  /** The faults end; then everything works, and nothing is left of what was. */
  async #calm(): Promise<void> {
    const { clock, network, members } = this.#mesh;
    this.#storming = false;
    network.faults.calm();
    await clock.advance(RECOVERY);
    this.#signal?.throwIfAborted();
    for (const { role, index, life } of members)
      if (life === undefined)
        this.#tell({ invariant: 15, at: clock.now(), detail: `${role}-${index} could not be started again` });
    let missing = found(await this.#askAll());
    if (missing.length > 0) {
      // what was promised is one refresh and one advertisement more
      await clock.advance(REFRESH + READVERTISE);
      missing = found(await this.#askAll());
    }
    const split = this.#configuration.faults.some(({ kind }) => kind === 'partition');
    for (const detail of missing) this.#tell({ invariant: split ? 20 : 15, at: clock.now(), detail });
    const late = lookupsNow(this.#mesh);
    await clock.advance(REST);
    this.#look();
    for (const violation of quiet(this.#mesh, late)) this.#tell(violation);
  }

  /** Every service from every member; of many, as many as there is time for, each member and each service alike. */
  async #askAll(): Promise<readonly Answered[]> {
    const mesh = this.#mesh;
    const lives = [...mesh.living()];
    const services = [...new Set(lives.flatMap(({ serving }) => [...serving]))];
    const stride = Math.max(1, Math.ceil((lives.length * services.length) / QUESTIONS));
    // the next member is asked the next services: with a fixed step some would be asked for by nobody
    const asked = lives.flatMap((from, member) =>
      services.filter((_, n) => (n + member) % stride === 0).map((service) => ({ from, service })),
    );
    const answers: Answered[] = [];
    for (let first = 0; first < asked.length; first += QUESTIONS_AT_ONCE) {
      this.#signal?.throwIfAborted();
      const batch = asked.slice(first, first + QUESTIONS_AT_ONCE).map(async ({ from, service }) => {
        const args = { id: this.#questions++, kind: 'plain', pad: '' } as const;
        const result = await ask(from, service, args, { timeout: ANSWER });
        const how = result.ok ? 'ok' : `${result.error.failure.tag}: ${result.error.message}`;
        return { from: from.name, service: serviceName(service), how };
      });
      answers.push(...(await mesh.settle(Promise.all(batch))));
    }
    return answers;
  }

  async #end(): Promise<void> {
    const mesh = this.#mesh;
    await mesh.stopAll();
    await mesh.clock.advance(END);
    for (const violation of over(mesh, mesh.network.sockets)) this.#tell(violation);
  }

  #look(): void {
    for (const violation of always(this.#mesh)) this.#tell(violation);
  }

  readonly #tell = (violation: Violation): void => {
    const key = `${violation.invariant} ${violation.detail}`;
    if (this.#violations.length >= KEPT || this.#told.has(key)) return;
    this.#told.add(key);
    this.#violations.push(violation);
    this.#ledger.log(violation.at, `violation ${key}`);
  };
}
