/**
 * What does a relay cost, and what does a change of path, a dead station?
 *
 * Stations, nodes, clients and proxies in processes of their own, over QUIC on loopback; fresh ones for each scenario of
 * each round.
 */
import type { Bench, BenchOptions } from '../harness/bench.ts';
import { circumstances } from '../harness/circumstances.ts';
import { incidentsOf, row, type Report, type Row } from '../harness/report.ts';
import { rounded } from '../harness/statistics.ts';
import { pathCases } from './cases.ts';
import { cuts, rebound, upgrade } from './changes.ts';
import { firstCall } from './first-call.ts';
import { DIRECT, UDP } from './names.ts';
import { planned, type Plan } from './plan.ts';
import type { Figures, Scenario } from './scenario.ts';
import { failover, restart } from './stations.ts';
import { throughput } from './throughput.ts';
import { World } from './world.ts';

/** Milliseconds for one scenario of one round. */
const LIMIT = 180_000;

const NOTES: Readonly<Record<string, string>> = {
  relayed: 'through a station that relays without limits, but for the row that says otherwise',
  [DIRECT]: 'the same two nodes, connected directly; its calls go without delay',
  [UDP]: 'a datagram of 100 B twice to the station and back through the same delays: one relay RTT',
  gap: 'the longest time without any answer while 16 calls are under way all the time',
};

export const paths: Bench = {
  name: 'paths',
  question: 'What does a relay cost, and what does a change of path, a dead station?',
  peers: [],
  measure,
};

/** By scenario and round. */
type Found = Map<string, { readonly figures: Figures[]; readonly troubles: string[][] }>;

async function measure(options: BenchOptions): Promise<Report> {
  const plan = planned(options);
  const around = circumstances(options);
  const found: Found = new Map();
  const rounds = await interleaved(plan, found);
  return {
    bench: 'paths',
    what: 'stations, nodes and clients in processes of their own, QUIC on loopback',
    ...around(rounds),
    placement:
      'a process for each station, node and client, and one for the proxies; none has a CPU of its own',
    rows: rowsOf(plan, found),
    skipped: [],
    incidents: [...found].flatMap(([name, { troubles }]) => incidentsOf(name, troubles)),
    notes: NOTES,
  };
}

/** In the order in which they are played; the first part of the names of their figures. */
export const scenariosOf = ({ rtts }: Plan): readonly (readonly [string, Scenario])[] => [
  ['throughput', throughput],
  ...rtts.map((rtt) => [`first call ${rtt}`, firstCall(rtt)] as const),
  ['upgrade', upgrade],
  ['cuts', cuts],
  ['rebound', rebound],
  ['restart', restart],
  ['failover', failover],
];

/** All in turn, round after round, while one like the longest so far fits into the budget. Gives how many. */
async function interleaved(plan: Plan, found: Found): Promise<number> {
  const began = performance.now();
  let longest = 0;
  for (let round = 0; round < plan.rounds; round++) {
    const start = performance.now();
    if (start - began + longest > plan.budget) {
      progress(`no time for more than ${round} rounds`);
      return round;
    }
    for (const [name, scenario] of scenariosOf(plan)) {
      const { figures, troubles } = found.get(name) ?? { figures: [], troubles: [] };
      found.set(name, { figures, troubles });
      const these: Figures = {};
      const failure = await inWorld(scenario, plan, these, began + plan.deadline);
      figures.push(these);
      troubles.push(failure === undefined ? [] : [failure]);
      progress(`round ${round + 1}/${plan.rounds} ${name}: ${failure ?? ''} ${told(these)}`);
    }
    longest = Math.max(longest, performance.now() - start);
  }
  return plan.rounds;
}

/** Gives what went wrong. @param until monotonic ms at which it must be over. */
async function inWorld(
  scenario: Scenario,
  plan: Plan,
  figures: Figures,
  until: number,
): Promise<string | undefined> {
  const world = new World(Math.min(until, performance.now() + LIMIT));
  try {
    await scenario(world, plan, figures);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await world.close();
  }
}

function rowsOf(plan: Plan, found: Found): readonly Row[] {
  const of = (figure: string): (number | undefined)[] => {
    const [scenario = '', name = ''] = figure.split('/');
    return (found.get(scenario)?.figures ?? []).map((figures) => figures[name]);
  };
  return pathCases(plan.rtts).map((one) => {
    const theirs = Object.entries(one.than).map(([name, figure]) => [name, of(figure)] as const);
    return row(one, of(one.figure), new Map(theirs));
  });
}

const told = (figures: Figures): string =>
  Object.entries(figures)
    .map(([name, value]) => `${name} ${rounded(value)}`)
    .join(', ');

const progress = (line: string): void => {
  console.error(line);
};
