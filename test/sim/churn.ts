/**
 * Nodes that come and go for hours, without a word: what lives is found, who is dead is forgotten, and the price of it
 * does not grow (RELIABILITY §7, continuous churn).
 */
import { seededRandom } from '../../src/actor/random.ts';
import { shared } from '../../src/mesh/context.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import { memoryNetwork } from '../../src/transport/memory/network.ts';
import { die, pick, settle, startSome, type Place, type World } from './places.ts';

export interface ChurnOptions {
  readonly seed: string;
  readonly nodes: number;
  /** Virtual, a whole number. */
  readonly hours: number;
  /** Virtual minutes within which half of the nodes die. */
  readonly median: number;
}

export interface ChurnReport {
  readonly deaths: number;
  readonly calls: number;
  /** Share of the calls. */
  readonly answered: number;
  /** Share of the contacts, over all minutes. */
  readonly stale: number;
  /** Lines of the network's trace per node and minute, by hour. */
  readonly traffic: readonly number[];
  readonly events: number;
  readonly trace: string;
  /** Which promises were broken; empty when all is well. */
  readonly broken: readonly string[];
}

const MINUTE = 60_000;
const HOUR = 60;
/** They stay, and everybody begins with them. */
const LASTING = 3;
/** Per minute. */
const CALLS = 12;
const ANSWERED = 0.99;
const STALE = 0.1;
/** The most expensive hour against the second one; the first one begins with everybody joining. */
const GROWTH = 1.3;

interface Serving {
  readonly place: Place;
  readonly name: string;
  /** Minute in which it came. */
  readonly since: number;
}

export async function churn({ seed, nodes, hours, median }: ChurnOptions): Promise<ChurnReport> {
  const random = seededRandom(seed);
  const clock = virtualClock();
  const network = memoryNetwork({ clock, random: random.fork('network'), delay: { base: 1, jitter: 4 } });
  const world: World = { clock, network, random };
  const draw = random.fork('churn');
  const death = 1 - 0.5 ** (1 / median);
  let members: Serving[] = [];
  let count = 0;
  const come = async (since: number): Promise<void> => {
    const name = `churn.service_${count}`;
    const bootstrap = members.slice(0, LASTING).map(({ place }) => place.node.url);
    const [place] = await startSome(world, count++, 1, { bootstrap });
    if (place === undefined) return;
    await settle(clock, place.node.ready());
    await settle(
      clock,
      place.node.advertise(name, () => name),
    );
    members.push({ place, name, since });
  };
  for (let n = 0; n < nodes; n++) await come(0);

  let [deaths, calls, answered, known, stale, before] = [0, 0, 0, 0, 0, network.events];
  const traffic: number[] = [];
  const ask = async (minute: number): Promise<void> => {
    const { place } = pick(draw, members);
    const { name } = pick(
      draw,
      members.filter(({ since }) => since < minute),
    );
    calls++;
    const result = await place.node.tryCall(name);
    if (result.ok && result.value === name) answered++;
  };
  for (let minute = 1; minute <= hours * HOUR; minute++) {
    const leaving = new Set(members.filter((_, at) => at >= LASTING && draw.float() < death));
    for (const { place } of leaving) die(network, place);
    deaths += leaving.size;
    members = members.filter((member) => !leaving.has(member));
    for (let n = 0; n < leaving.size; n++) await come(minute);
    await clock.advance(MINUTE / 3);
    for (let n = 0; n < CALLS; n++) await settle(clock, ask(minute));
    await clock.advance((2 * MINUTE) / 3);
    const alive = new Set(members.map(({ place }) => place.node.id));
    for (const { place } of members) {
      for (const { nodeId } of shared(place.context, 'routingTable')?.contacts() ?? []) {
        known++;
        if (!alive.has(nodeId)) stale++;
      }
    }
    if (minute % HOUR === 0) {
      traffic.push(Math.round((network.events - before) / nodes / HOUR));
      before = network.events;
    }
  }
  const report = { deaths, calls, answered: answered / calls, stale: stale / known, traffic };
  const end = { events: network.events, trace: network.trace() };
  for (const { place } of members) die(network, place);
  return { ...report, ...end, broken: brokenOf(report) };
}

function brokenOf({
  answered,
  stale,
  traffic,
}: Pick<ChurnReport, 'answered' | 'stale' | 'traffic'>): readonly string[] {
  const most = GROWTH * (traffic[1] ?? Infinity);
  return [
    ...(answered < ANSWERED ? [`${answered} of the calls were answered, not ${ANSWERED}`] : []),
    ...(stale > STALE ? [`${stale} of the contacts were dead, ${STALE} at most`] : []),
    ...(traffic.some((each, hour) => hour > 1 && each > most)
      ? [`the traffic grew: ${traffic.join(' ')}`]
      : []),
  ];
}
