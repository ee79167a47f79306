/**
 * One network, built, used, and killed bit by bit: the same for every contender.
 *
 * Nodes are started one after the other, each when the one before has its place. Who announces, who looks up and who
 * dies is drawn from the seed; those who announce do not die, so that every lookup has somebody to find.
 */
import { createHash } from 'node:crypto';
import { seededRandom, type Random } from '../../src/actor/random.ts';
import { quantile } from '../harness/statistics.ts';
import type { Figures, Order, StepName } from './messages.ts';
import type { Network, NetworkMaker } from './network.ts';

/** Nodes of a network that is thrown away before memory is measured: libraries are loaded by it. */
const TRIAL = 2;
/** Milliseconds for what nodes do by themselves when they have started. */
const SETTLE = 1_000;
/** Milliseconds after the deaths. */
const AFTER_DEATHS = 1_000;
/** Milliseconds for one lookup. */
const LIMIT = 10_000;
/** Keys that are announced and looked up before those that count. */
const WARM_KEYS = 16;
/** A lookup is warm when it makes no more new connections than this, on the average of so many (BASELINES §3). */
const NEW_CONNECTIONS = 2;
const WARM_LOOKUPS = 20;
/** The part of all nodes that announces, and how many at least. */
const PROVIDERS = 0.2;
const FEWEST_PROVIDERS = 3;
const MICROS = 1_000_000;

export type Tell = (step: StepName, figures: Figures) => void;

/** @param rest waits so many ms. */
export async function run(
  make: NetworkMaker,
  order: Order,
  tell: Tell,
  rest: (ms: number) => Promise<void> = sleep,
): Promise<void> {
  const random = seededRandom(`dht ${order.seed}`);
  const trial = await make(TRIAL);
  for (let at = 0; at < TRIAL; at++) await trial.add();
  for (let at = 0; at < TRIAL; at++) trial.kill(at);

  const network = await make(order.size);
  tell('build', await build(network, order, rest));
  const world = new World(network, order, random);
  await world.connect();
  await world.warmUp('announce');
  tell('announce', await world.announce());
  await world.warmUp('lookUp');
  tell('lookUp', await world.lookUp(order.lookups, order.lookups));
  for (const [step, share] of [
    ['quarter', 0.25],
    ['half', 0.5],
  ] as const) {
    world.killUntil(share);
    await rest(AFTER_DEATHS);
    tell(step, await world.lookUp(order.churnTries, order.churnLookups));
  }
}

async function build(
  network: Network,
  { size }: Order,
  rest: (ms: number) => Promise<void>,
): Promise<Figures> {
  await rest(SETTLE);
  const before = resident();
  const from = process.cpuUsage();
  const start = performance.now();
  for (let at = 0; at < size; at++) await network.add();
  await network.complete?.();
  const seconds = (performance.now() - start) / 1_000;
  const cpu = micros(from) / MICROS;
  await rest(SETTLE);
  const connections = network.connections();
  return {
    seconds,
    cpu,
    mb: (resident() - before) / size / 1e6,
    ...(connections === undefined ? {} : { connections }),
  };
}

class World {
  readonly #network: Network;
  readonly #order: Order;
  readonly #random: Random;
  readonly #keys: readonly Uint8Array[];
  /** Who announced each key. */
  readonly #providers: readonly number[];
  /** Nodes that live. */
  #alive: number[];

  constructor(network: Network, order: Order, random: Random) {
    const { size, keys, seed } = order;
    this.#network = network;
    this.#order = order;
    this.#random = random;
    this.#keys = Array.from({ length: keys }, (_, at) => keyOf(`${seed} ${at}`));
    const many = Math.max(FEWEST_PROVIDERS, Math.floor(size * PROVIDERS));
    this.#providers = this.#keys.map(() => 1 + this.#below(Math.min(many, size - 1)));
    this.#alive = Array.from({ length: size }, (_, at) => at);
  }

  /** Looks up at random until those who are asked are connected already, or `connect` ms are over. */
  async connect(): Promise<void> {
    const { size, seed, connect } = this.#order;
    const until = performance.now() + connect;
    for (let at = 0; performance.now() < until;) {
      const before = this.#network.made?.();
      if (before === undefined) return;
      for (const last = at + WARM_LOOKUPS; at < last; at++)
        await this.#network.lookUp(this.#below(size), keyOf(`connect ${seed} ${at}`), LIMIT);
      if ((this.#network.made?.() ?? 0) - before <= NEW_CONNECTIONS * WARM_LOOKUPS) return;
    }
  }

  /** Does it for a while, with other keys, so that the engine has compiled what counts. */
  async warmUp(what: 'announce' | 'lookUp'): Promise<void> {
    const { size, seed, warm } = this.#order;
    const until = performance.now() + warm;
    for (let at = 0; at === 0 || performance.now() < until; at++) {
      const key = keyOf(`warm ${seed} ${at % WARM_KEYS}`);
      const node = this.#below(size);
      if (what === 'announce') await this.#network.announce(node, key);
      else await this.#network.lookUp(node, key, LIMIT);
    }
  }

  async announce(): Promise<Figures> {
    const messages = this.#network.messages();
    const times: number[] = [];
    for (const [at, key] of this.#keys.entries()) {
      const start = performance.now();
      await this.#network.announce(this.#providers[at] ?? 0, key);
      times.push(performance.now() - start);
    }
    return {
      ...percentiles('', times),
      messages: (this.#network.messages() - messages) / times.length,
    };
  }

  /** @param count lookups, of which the first `timed` count for the times and messages. */
  async lookUp(count: number, timed: number): Promise<Figures> {
    const before = this.#network.messages();
    const made = this.#network.made?.() ?? 0;
    const from = process.cpuUsage();
    let cpu = 0;
    let messages = 0;
    let successes = 0;
    const firsts: number[] = [];
    const fulls: number[] = [];
    for (let at = 0; at < count; at++) {
      const index = at % this.#keys.length;
      const key = this.#keys[index] ?? new Uint8Array();
      const { first, full } = await this.#network.lookUp(
        this.#asker(this.#providers[index] ?? 0),
        key,
        LIMIT,
      );
      if (first !== undefined) successes++;
      if (at >= timed) continue;
      if (first !== undefined) firsts.push(first);
      fulls.push(full);
      messages = this.#network.messages() - before;
      cpu = micros(from);
    }
    return {
      ...percentiles('first ', firsts),
      ...percentiles('', fulls),
      messages: messages / timed,
      cpu: cpu / timed / 1_000,
      success: (100 * successes) / count,
      ...(this.#network.made === undefined ? {} : { made: (this.#network.made() - made) / count }),
    };
  }

  /** Lets nodes die until this share of all is dead. */
  killUntil(share: number): void {
    const { size } = this.#order;
    const left = size - Math.floor(size * share);
    const mortal = this.#alive.filter((at) => !this.#providers.includes(at));
    while (this.#alive.length > left && mortal.length > 0) {
      const [dead = 0] = mortal.splice(this.#below(mortal.length), 1);
      this.#network.kill(dead);
      this.#alive = this.#alive.filter((at) => at !== dead);
    }
  }

  /** Somebody alive other than the provider. */
  #asker(provider: number): number {
    const others = this.#alive.filter((at) => at !== provider);
    return others[this.#below(others.length)] ?? 0;
  }

  #below(limit: number): number {
    return Math.floor(this.#random.float() * limit);
  }
}

const keyOf = (name: string): Uint8Array => createHash('sha256').update(`bench ${name}`).digest();

/** `p50` and `p95` with `prefix` before their names; none of nothing. */
function percentiles(prefix: string, times: readonly number[]): Figures {
  if (times.length === 0) return {};
  const ascending = times.toSorted((a, b) => a - b);
  return { [`${prefix}p50`]: quantile(ascending, 0.5), [`${prefix}p95`]: quantile(ascending, 0.95) };
}

/** µs of CPU time since. */
function micros(from: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(from);
  return user + system;
}

function resident(): number {
  globalThis.gc?.();
  return process.memoryUsage().rss;
}

const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
