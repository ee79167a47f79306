/**
 * How well a large mesh finds its way: nodes that know each other as if they had joined long ago, then the death of
 * some, then lookups of ids and of records (RELIABILITY §7).
 *
 * The nodes are whole ones, on the simulated network; whoever dies does so without a word. A link loses nothing, as
 * with QUIC: a packet that is lost comes a probe timeout later, one lost again two more. Units: virtual milliseconds.
 */
import { seededRandom, type Random } from '../../src/actor/random.ts';
import type { Contact } from '../../src/mesh/dht/contact.ts';
import { lookUp } from '../../src/mesh/dht/dht.ts';
import { compareDistance } from '../../src/mesh/dht/node-id.ts';
import { procedureKey } from '../../src/mesh/dht/record.ts';
import { acquaint } from '../../src/testing/simulation/acquaint.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import { memoryNetwork } from '../../src/transport/memory/network.ts';
import { collude } from './colluding.ts';
import { die, pick, settle, startSome, type Place } from './places.ts';

export interface RoutingOptions {
  readonly seed: string;
  readonly nodes: number;
  /** Half of them of ids, half of records. */
  readonly lookups: number;
  /** Share of the packets, 0 to 1. */
  readonly loss?: number;
  /** Share of the nodes, 0 to 1. */
  readonly deaths?: number;
  /** Share of the nodes that collude against the others: what these find counts. */
  readonly colluders?: number;
  /** Refresh periods between the deaths and the lookups. */
  readonly refreshes?: number;
  /** What is promised; shares of the lookups. */
  readonly least: { readonly exact: number; readonly readable: number };
  /** Beyond log2 N. */
  readonly hops?: number;
}

export interface RoutingReport {
  /** Share of the lookups of ids that found the closest node alive. */
  readonly exact: number;
  /** Share of the lookups of records that found their provider. */
  readonly readable: number;
  /** Longest chain of referrals. */
  readonly hops: number;
  /** Of one lookup: questions on the average, time of half of them and of 95 in 100. */
  readonly asked: number;
  readonly p50: number;
  readonly p95: number;
  readonly events: number;
  readonly trace: string;
  /** Which promises were broken; empty when all is well. */
  readonly broken: readonly string[];
}

const REFRESH = 90_000;
const RECORDS = 100;
/** Lookups that run at once. */
const BATCH = 100;
const TIMEOUT = 10_000;
/** Few connections: with a hundred each they would be most of the memory, and their keep-alives most of the events. */
const SETTINGS = { dht: { refresh: REFRESH }, pool: { size: 25, idleTimeout: 5_000 } };
/** Milliseconds between two batches of lookups: connections that nobody uses leave meanwhile. */
const PAUSE = 10_000;
/**
 * One way, and a probe timeout: a round trip, four times its deviation and 25 ms for the acknowledgment (RFC 9002
 * §6.2).
 */
const DELAY = { base: 10, jitter: 5 };
const PROBE = 100;

export async function route(options: RoutingOptions): Promise<RoutingReport> {
  const { seed, nodes, lookups, loss = 0, deaths = 0, colluders = 0, refreshes = 0 } = options;
  const random = seededRandom(seed);
  const clock = virtualClock();
  const network = memoryNetwork({ clock, random: random.fork('network'), delay: delayWith(loss) });
  const all = await startSome({ clock, network, random }, 0, nodes, SETTINGS);
  acquaint(all, random.fork('tables'), clock.now());
  const dead = Math.floor(nodes * deaths);
  const hostile = Math.floor(nodes * colluders);
  collude(all.slice(dead, dead + hostile));
  const living = all.slice(dead + hostile);
  const serving = living.slice(0, RECORDS);
  for (const [number, { node }] of serving.entries())
    await settle(
      clock,
      node.advertise(nameOf(number), () => number),
    );
  await clock.advance(TIMEOUT);
  for (const each of all.slice(0, dead)) die(network, each);
  await clock.advance(refreshes * REFRESH * 1.1);

  const found = { exact: 0, readable: 0 };
  const took: number[] = [];
  let hops = 0;
  let asked = 0;
  const draw = random.fork('lookups');
  const one = async (at: number): Promise<void> => {
    const { context, contact: self } = pick(draw, living);
    const number = draw.u32() % serving.length;
    const procedure = nameOf(number);
    const key = at % 2 === 0 ? draw.bytes(32) : procedureKey(procedure);
    const done = await lookUp(
      context,
      at % 2 === 0 ? { kind: 'nodes', target: key } : { kind: 'providers', procedure, key },
      TIMEOUT,
    );
    if (done === undefined) return;
    const { outcome, stats } = done;
    if (outcome.tag === 'nodes' && outcome.closest[0]?.nodeId === closest(living, key, self)) found.exact++;
    if (outcome.tag === 'providers') {
      const provider = serving[number]?.node.id;
      if (outcome.providers.some(({ nodeId }) => nodeId === provider)) found.readable++;
    }
    took.push(stats.took);
    hops = Math.max(hops, stats.hops);
    asked += stats.asked;
  };
  for (let first = 0; first < lookups; first += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, lookups - first) }, (_, n) => one(first + n));
    await settle(clock, Promise.all(batch));
    await clock.advance(PAUSE);
  }
  took.sort((a, b) => a - b);
  const report = {
    exact: found.exact / Math.ceil(lookups / 2),
    readable: found.readable / Math.floor(lookups / 2),
    hops,
    asked: Math.round(asked / lookups),
    p50: Math.round(took[Math.floor(took.length / 2)] ?? Infinity),
    p95: Math.round(took[Math.floor(0.95 * took.length)] ?? Infinity),
    events: network.events,
    trace: network.trace(),
  };
  for (const each of all) die(network, each);
  return { ...report, broken: brokenOf(report, options) };
}

function brokenOf(
  { exact, readable, hops }: Pick<RoutingReport, 'exact' | 'readable' | 'hops'>,
  { least, nodes, hops: beyond = 2 }: RoutingOptions,
): readonly string[] {
  const most = Math.log2(nodes) + beyond;
  return [
    ...(exact < least.exact
      ? [`the closest node was found by ${exact} of the lookups, not ${least.exact}`]
      : []),
    ...(readable < least.readable ? [`${readable} of the records were found, not ${least.readable}`] : []),
    ...(hops > most ? [`a lookup took ${hops} hops, ${most} at most`] : []),
  ];
}

const delayWith =
  (loss: number) =>
  (random: Random): number => {
    let delay = DELAY.base - Math.log(1 - random.float()) * DELAY.jitter;
    for (let probe = PROBE; random.float() < loss; probe *= 2) delay += probe;
    return delay;
  };

const closest = (living: readonly Place[], target: Uint8Array, self: Contact): string | undefined => {
  let best: Contact | undefined;
  for (const { contact } of living) {
    if (contact === self) continue;
    if (best === undefined || compareDistance(contact.id, best.id, target) < 0) best = contact;
  }
  return best?.nodeId;
};

const nameOf = (number: number): string => `routing.service_${number}`;
