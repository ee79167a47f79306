/**
 * A whole mesh in one process, from a seed: start, storm, calm, split, end; and what of it broke an invariant.
 *
 * One seed gives one trace, on every machine: time, chance, keys and the order in which ready actors run come from
 * it. Source: RELIABILITY §12.
 */
import { createHash } from 'node:crypto';
import type { Configuration, SimulationOptions } from './configuration.ts';
import { guard } from './guard.ts';
import type { Violation } from './invariants/invariant.ts';
import { found, type Answered } from './invariants/resolution.ts';
import { always, apart, over, passingNow, quiet } from './judge-mesh.ts';
import { Ledger } from './ledger.ts';
import { LIMITS, REFRESH } from './addresses.ts';
import type { Member } from './member.ts';
import { Mesh } from './mesh.ts';
import { loadOf } from './observe.ts';
import { configurationOf, halfOf, stepsOf } from './plan.ts';
import { Questions } from './questions.ts';
import { strike } from './strike.ts';
import { READVERTISE, serve, work } from './work.ts';

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
/** Milliseconds between two looks while the mesh is in halves: there is nothing but time that could break something. */
const SPLIT_LOOK = 10_000;
/**
 * Milliseconds after which a half is a mesh by itself: connections have fallen silent, records have ended, and tables
 * of more than `FEW` nodes, half of them dead, have been refreshed.
 */
const APART = 100_000;
const APART_MANY = 190_000;
const FEW = 20;
/** Milliseconds in which a node that has started finds its place. */
const START = 5_000;
/**
 * Milliseconds in which what is left of the last questions ends, and every lookup that was begun before: the longest,
 * of the publisher and of the node's own place, takes 10 s at most.
 */
const REST = 10_500;
/** Milliseconds, with NATs: three tries of a hole, and the sessions that nobody uses. */
const NAT_REST = 41_000;
/** Milliseconds in which what is left of the ended ones ends. */
const END = LIMITS.idleTimeout + 5_000;

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
  readonly #questions: Questions;

  constructor(configuration: Configuration, signal: AbortSignal | undefined) {
    this.#configuration = configuration;
    this.#signal = signal;
    this.#mesh = new Mesh(configuration, this.#ledger);
    this.#questions = new Questions(this.#mesh, this.#tell, signal);
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
      await this.#split();
      await this.#rest();
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
    this.#signal?.throwIfAborted();
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

  /** The faults end; then everything works. */
  async #calm(): Promise<void> {
    const { clock, network, members } = this.#mesh;
    this.#storming = false;
    network.faults.calm();
    await clock.advance(RECOVERY);
    this.#signal?.throwIfAborted();
    this.#tellGone();
    let missing = found(await this.#questions.ask(members));
    if (missing.length > 0) {
      // what was promised is one refresh and one advertisement more
      await clock.advance(REFRESH + READVERTISE);
      missing = found(await this.#questions.ask(members));
    }
    const parted = this.#configuration.faults.some(({ kind }) => kind === 'partition');
    for (const detail of missing) this.#tell({ invariant: parted ? 20 : 15, at: clock.now(), detail });
  }

  /** Each half lives on by itself, and both are one again when nothing hinders them. */
  async #split(): Promise<void> {
    const { split, nodes } = this.#configuration;
    if (split === 0 || nodes === 1) return;
    const mesh = this.#mesh;
    const { clock, network, members, ledger } = mesh;
    const half = halfOf(this.#configuration);
    const sides = [true, false].map((is) => members.filter(({ index }) => half.has(index) === is));
    const [left, right] = sides.map((side) => side.map(({ host }) => host)) as [string[], string[]];
    ledger.struck('split');
    ledger.log(clock.now(), `split ${left.join(' ')}`);
    network.faults.partition(left, right);
    for (let over = 0; over < split; over += SPLIT_LOOK) {
      await clock.advance(Math.min(SPLIT_LOOK, split - over));
      this.#signal?.throwIfAborted();
      this.#look();
    }
    if (split >= (nodes > FEW ? APART_MANY : APART)) for (const side of sides) await this.#judgeHalf(side);
    network.faults.healAll();
    await clock.advance(REFRESH + READVERTISE);
    this.#look();
    this.#tellGone();
    this.#tellMissing(await this.#questions.ask(members));
  }

  /** All should be there. */
  #tellGone(): void {
    const { clock, members } = this.#mesh;
    for (const { role, index, life } of members)
      if (life === undefined)
        this.#tell({ invariant: 15, at: clock.now(), detail: `${role}-${index} could not be started again` });
  }

  async #judgeHalf(half: readonly Member[]): Promise<void> {
    const lives = half.flatMap(({ life }) => life ?? []);
    for (const violation of apart(lives, this.#mesh.clock.now())) this.#tell(violation);
    this.#tellMissing(await this.#questions.ask(half));
  }

  #tellMissing(answers: readonly Answered[]): void {
    for (const detail of found(answers)) this.#tell({ invariant: 20, at: this.#mesh.clock.now(), detail });
  }

  /** Nothing is left of what was asked. */
  async #rest(): Promise<void> {
    const { clock } = this.#mesh;
    // whoever is gone by now has no sessions when it ends
    this.#look();
    const late = passingNow(this.#mesh);
    await clock.advance(this.#configuration.nat ? NAT_REST : REST);
    this.#look();
    for (const violation of quiet(this.#mesh, late)) this.#tell(violation);
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
