/**
 * A whole mesh under every fault of the simulated network, drawn from one seed: a node, two providers, two callers,
 * calls all the time, deaths and restarts; then the network calms down and everything must be well again.
 *
 * `simulate` says what it found wrong (RELIABILITY §12.5: invariants 2, 3, 14 always, 15, 16, 18, 19 at the end), and
 * the hash of everything that happened.
 */
import { Runtime } from '../../src/actor/runtime.ts';
import { seededRandom, type Random } from '../../src/actor/random.ts';
import { silentLogger } from '../../src/actor/logger.ts';
import { err, RpcError } from '../../src/mesh/errors/rpc-error.ts';
import type { Client } from '../../src/mesh/client/client.ts';
import { shared } from '../../src/mesh/context.ts';
import { connect, startNode, type Node, type RemoteClient } from '../../src/node.ts';
import { virtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';
import { memoryNetwork, type MemoryNetwork } from '../../src/transport/memory/network.ts';
import type { Link } from '../../src/transport/transport.ts';
import { contextOf, processesOf, runtimeOf } from '../mesh-world.ts';

export interface SimulationOptions {
  readonly seed: string;
  readonly calls: number;
  /** Virtual ms in which calls are made and faults happen. */
  readonly duration: number;
}

export interface Outcome {
  readonly trace: string;
  /** What must not happen and did; empty when all is well. */
  readonly violations: readonly string[];
  /** Calls by how they ended. */
  readonly ended: Readonly<Record<string, number>>;
  /** Faults by kind. */
  readonly faults: Readonly<Record<string, number>>;
  readonly history: readonly string[];
}

const REALM = 'simulated';
const NODE_HOST = '198.18.1.1';
const PROVIDERS = ['198.18.2.1', '198.18.3.1'] as const;
const CALLERS = ['198.18.4.1', '198.18.5.1'] as const;
const LIMITS = { idleTimeout: 6_000, keepAlive: 2_000, handshakeTimeout: 5_000 };
/** Longest reconnect pause, a handshake and an idle timeout, with a margin: all is well by then. */
const RECOVERY = 45_000;
/** A settled call may wait for its turn. */
const EPSILON = 5;

interface CallRecord {
  readonly deadline: number;
  settledAt: number | undefined;
}

export async function simulate(options: SimulationOptions): Promise<Outcome> {
  const simulation = new Simulation(options);
  return simulation.run();
}

class Simulation {
  readonly #options: SimulationOptions;
  readonly #clock: VirtualClock = virtualClock();
  readonly #random: Random;
  readonly #network: MemoryNetwork;
  readonly #violations: string[] = [];
  readonly #ended: Record<string, number> = {};
  readonly #faults: Record<string, number> = {};
  readonly #records = new Map<number, CallRecord>();
  /** Handler executions by call id. */
  readonly #ran = new Map<number, number>();
  readonly #runtimes: Runtime[] = [];
  /** Restarts under way. */
  readonly #restarts = new Set<Promise<void>>();
  #node: Node | undefined;
  readonly #providers: (RemoteClient | undefined)[] = [];
  readonly #callers: RemoteClient[] = [];
  #stopped = false;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#random = seededRandom(`simulation ${options.seed}`);
    this.#network = memoryNetwork({
      clock: this.#clock,
      random: this.#random.fork('network'),
      delay: { base: 1, jitter: 2 },
      poison: true,
    });
  }

  async run(): Promise<Outcome> {
    const unhandled = (reason: unknown): void => {
      this.#violations.push(`unhandled rejection: ${String(reason)}`);
    };
    process.on('unhandledRejection', unhandled);
    try {
      await this.#start();
      await this.#storm();
      await this.#liveness();
      await this.#shutdown();
    } finally {
      process.off('unhandledRejection', unhandled);
    }
    return {
      trace: this.#network.trace(),
      violations: this.#violations,
      ended: this.#ended,
      faults: this.#faults,
      history: this.#network.history(),
    };
  }

  async #start(): Promise<void> {
    this.#node = await this.#settle(this.#startNode());
    for (const index of PROVIDERS.keys()) this.#providers[index] = await this.#settle(this.#provide(index));
    for (const host of CALLERS) this.#callers.push(await this.#settle(this.#connect(host)));
  }

  /** Calls and faults at random times. */
  async #storm(): Promise<void> {
    const { calls, duration } = this.#options;
    const random = this.#random.fork('storm');
    const began = this.#clock.now();
    const times = (count: number): number[] =>
      Array.from({ length: count }, () => began + random.float() * duration);
    const steps = [
      ...times(calls).map((at, id) => ({ at, run: () => this.#call(id, random) })),
      ...times(Math.ceil(duration / 700)).map((at) => ({ at, run: () => this.#fault(random) })),
    ].toSorted((left, right) => left.at - right.at);
    for (const { at, run } of steps) {
      await this.#clock.advance(Math.max(0, at - this.#clock.now()));
      run();
    }
    await this.#clock.advance(Math.max(0, began + duration - this.#clock.now()));
  }

  #call(id: number, random: Random): void {
    const who = pick(random, [...this.#callers, this.#node, this.#providers[0], this.#providers[1]]);
    const timeout = Math.floor(100 + random.float() * 5_000);
    const kind = pick(random, ['plain', 'plain', 'slow', 'large', 'err', 'crash', 'cancel'] as const);
    if (who === undefined) return;
    const record: CallRecord = { deadline: this.#clock.now() + timeout, settledAt: undefined };
    this.#records.set(id, record);
    const control = new AbortController();
    if (kind === 'cancel') this.#clock.setTimer(random.float() * timeout, () => control.abort());
    const args = { id, kind, pad: kind === 'large' ? 'x'.repeat(30_000) : '' };
    const settled = (how: string): void => {
      if (record.settledAt !== undefined) this.#violations.push(`call ${id} settled twice`);
      record.settledAt = this.#clock.now();
      this.#ended[how] = (this.#ended[how] ?? 0) + 1;
      if (record.settledAt > record.deadline + EPSILON)
        this.#violations.push(`call ${id} settled ${record.settledAt - record.deadline} ms late: ${how}`);
    };
    who.tryCall('sim.work', args, { timeout, signal: control.signal }).then(
      (result) => {
        if (result.ok && result.value !== id)
          this.#violations.push(`call ${id} was answered ${String(result.value)}`);
        if (!result.ok && !(result.error instanceof RpcError))
          this.#violations.push(`call ${id}: no RpcError`);
        settled(result.ok ? 'ok' : result.error.failure.tag);
      },
      (error: unknown) => {
        this.#violations.push(`tryCall ${id} rejected: ${String(error)}`);
        settled('rejected');
      },
    );
  }

  readonly #work = async ({ id, kind }: { id: number; kind: string }): Promise<unknown> => {
    const times = (this.#ran.get(id) ?? 0) + 1;
    this.#ran.set(id, times);
    if (times > 1) this.#violations.push(`the handler of call ${id} ran ${times} times`);
    if (kind === 'err') return err('declared');
    if (kind === 'crash') throw new Error('crashed as told');
    if (kind === 'slow')
      await new Promise<void>((resolve) => {
        this.#clock.setTimer(200 + (id % 7) * 100, resolve);
      });
    return id;
  };

  /** One fault, and its end after a while. */
  #fault(random: Random): void {
    const { faults } = this.#network;
    const host = pick(random, [...PROVIDERS, ...CALLERS]);
    const ways = pick(random, ['both', 'forward'] as const);
    const [from, to] = pick(random, [true, false]) ? [NODE_HOST, host] : [host, NODE_HOST];
    const lasts = 100 + random.float() * 8_000;
    const link = pick(random, this.#links());
    const later = (end: () => void): void => {
      this.#clock.setTimer(lasts, () => {
        if (!this.#stopped) end();
      });
    };
    const kinds: Record<string, () => void> = {
      delay: () => {
        faults.delay(from, to, { base: random.float() * 50, jitter: random.float() * 50 }, ways);
        later(() => faults.delay(from, to, undefined, ways));
      },
      raw: () => {
        faults.raw(from, to, { loss: 0.3, duplicate: 0.2, reorder: 0.2 }, ways);
        later(() => faults.raw(from, to, undefined, ways));
      },
      reorder: () => {
        faults.reorder(from, to, { share: 0.5, window: 50 }, ways);
        later(() => faults.reorder(from, to, undefined, ways));
      },
      rate: () => {
        faults.rate(from, to, 5_000 + random.float() * 50_000, ways);
        later(() => faults.rate(from, to, undefined, ways));
      },
      stall: () => faults.stall(from, to, lasts / 2, ways),
      cut: () => {
        faults.cut(from, to, ways);
        later(() => faults.heal(from, to, ways));
      },
      partition: () => {
        const left = [NODE_HOST, PROVIDERS[0], CALLERS[0]];
        faults.partition(left, [PROVIDERS[1], CALLERS[1]], ways);
        later(() => faults.healAll());
      },
      reset: () => void faults.reset(from, to),
      forget: () => {
        if (link !== undefined) faults.forgetLink(link);
      },
      'slow reader': () => {
        if (link === undefined) return;
        faults.stopReading(link);
        later(() => faults.startReading(link));
      },
      'stalled link': () => {
        if (link !== undefined) faults.stallLink(link, lasts / 2, ways);
      },
      'cut link': () => {
        if (link === undefined) return;
        faults.cutLink(link, ways);
        later(() => faults.healLink(link, ways));
      },
      'provider dies': () => {
        const index = pick(random, [0, 1]);
        const provider = this.#providers[index];
        if (provider === undefined) return;
        this.#providers[index] = undefined;
        this.#kill(PROVIDERS[index] as string, provider);
        this.#restart(lasts, async () => {
          this.#providers[index] = await this.#provide(index);
        });
      },
      'node dies': () => {
        const node = this.#node;
        if (node === undefined || random.float() < 0.5) return;
        this.#node = undefined;
        this.#kill(NODE_HOST, node);
        this.#restart(lasts / 2, async () => {
          this.#node = await this.#startNode();
        });
      },
    };
    const kind = pick(random, Object.keys(kinds));
    this.#faults[kind] = (this.#faults[kind] ?? 0) + 1;
    kinds[kind]?.();
  }

  /** As the death of a process: the network first, so that nothing it still says is heard. */
  #kill(host: string, client: Client): void {
    this.#network.faults.kill(host);
    const [root] = processesOf(client);
    if (root !== undefined) runtimeOf(client).exit(root, 'kill');
  }

  #restart(after: number, start: () => Promise<void>): void {
    const waited = new Promise<void>((resolve) => {
      this.#clock.setTimer(after, resolve);
    });
    const done = waited.then(start).finally(() => this.#restarts.delete(done));
    this.#restarts.add(done);
  }

  /** The faults end; then everything works, and nothing is left of what was. */
  async #liveness(): Promise<void> {
    this.#stopped = true;
    this.#network.faults.calm();
    await this.#clock.advance(RECOVERY);
    if (this.#restarts.size > 0) this.#violations.push('something could not be restarted');
    const clients = this.#everybody();
    for (const client of clients) {
      const id = this.#options.calls + this.#ran.size + 1_000;
      const result = await this.#settle(
        client.tryCall('sim.work', { id, kind: 'plain' }, { timeout: 2_000 }),
      );
      if (!result.ok) this.#violations.push(`after all is calm a call fails: ${result.error.message}`);
    }
    for (const [id, { settledAt }] of this.#records)
      if (settledAt === undefined) this.#violations.push(`call ${id} never settled`);
    for (const client of clients) {
      const { calls } = contextOf(client);
      if (calls.size > 0) this.#violations.push(`${calls.size} calls are still open`);
      const invocations = processesOf(client).filter(({ label }) => label.startsWith('invocation'));
      if (invocations.length > 0) this.#violations.push(`${invocations.length} invocations are left`);
    }
    const links = [...(this.#node === undefined ? [] : linksOf(this.#node))].length;
    const expected = clients.length - 1;
    if (links !== expected) this.#violations.push(`the node has ${links} links and ${expected} clients`);
  }

  async #shutdown(): Promise<void> {
    for (const client of this.#everybody().toReversed())
      await this.#settle(client.disconnect({ timeout: 1_000 }));
    await this.#clock.advance(10_000);
    for (const runtime of this.#runtimes) {
      if (runtime.alive > 0) this.#violations.push(`${runtime.alive} processes are left`);
      if (runtime.timers.size > 0) this.#violations.push(`${runtime.timers.size} timers are left`);
    }
    if (this.#clock.pending > 0) this.#violations.push(`${this.#clock.pending} timers of the clock are left`);
  }

  #everybody(): Client[] {
    return [this.#node, ...this.#providers, ...this.#callers].filter((client) => client !== undefined);
  }

  #links(): Link[] {
    return this.#everybody().flatMap((client) => [...linksOf(client)]);
  }

  #runtime(name: string): Runtime {
    const random = this.#random.fork(`runtime ${name} ${this.#runtimes.length}`);
    const runtime = new Runtime({
      clock: this.#clock,
      random,
      logger: silentLogger,
      budget: { milliseconds: Infinity },
      runQueue: { tag: 'seeded', random: random.fork('order') },
    });
    this.#runtimes.push(runtime);
    return runtime;
  }

  #startNode(): Promise<Node> {
    const runtime = this.#runtime('node');
    const transport = this.#network.transport(NODE_HOST);
    return startNode({ realm: REALM, listen: '0.0.0.0:9443', runtime, transport, limits: LIMITS });
  }

  /** Connects, however often it takes. */
  async #connect(host: string): Promise<RemoteClient> {
    for (;;) {
      try {
        return await connect(`https://${NODE_HOST}:9443`, {
          realm: REALM,
          runtime: this.#runtime(host),
          transport: this.#network.transport(host),
          limits: LIMITS,
        });
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
        await new Promise<void>((resolve) => {
          this.#clock.setTimer(250, resolve);
        });
      }
    }
  }

  async #provide(index: number): Promise<RemoteClient> {
    const client = await this.#connect(PROVIDERS[index] as string);
    // what cannot be registered now is registered when the connection is back
    client.advertise('sim.work', this.#work).catch((error: unknown) => {
      if (!(error instanceof RpcError)) this.#violations.push(`advertise rejected: ${String(error)}`);
    });
    return client;
  }

  async #settle<T>(promise: Promise<T>): Promise<T> {
    let done = false;
    const end = (): void => {
      done = true;
    };
    promise.then(end, end);
    await this.#clock.until(() => done);
    return promise;
  }
}

const linksOf = (client: Client): Iterable<Link> => shared(contextOf(client), 'endpoint')?.links ?? [];

function pick<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random.float() * items.length)] as T;
}
